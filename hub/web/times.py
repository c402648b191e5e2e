"""Times as people say them, in Stockholm's time, with the exact one on hover."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from markupsafe import Markup, escape

from hub.web.texts import Words
from routing.consent import STOCKHOLM

_MONTHS = {
    "sv": "januari,februari,mars,april,maj,juni,juli,augusti,september,oktober,november,december",
    "en": "January,February,March,April,May,June,July,August,September,October,November,December",
}
_DAYS = {
    "sv": "måndag,tisdag,onsdag,torsdag,fredag,lördag,söndag",
    "en": "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday",
}


def tag(at: datetime, now: datetime, words: Words) -> Markup:
    """`<time>` with how long ago, or until."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), exact(at, words), said(at, now, words)
    )


def day_tag(day: date, today: date, words: Words) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        day.isoformat(), escape(day_in_full(day, words)), say_day(day, today, words)
    )


def said(at: datetime, now: datetime, words: Words) -> str:
    """Nearness first: minutes, then the hour of today, then the day."""
    local, here = at.astimezone(STOCKHOLM), now.astimezone(STOCKHOLM)
    gone = now - at
    if timedelta(0) <= gone < timedelta(minutes=1):
        return words("frame.times.now")
    if timedelta(0) <= gone < timedelta(hours=1):
        return words.count("frame.times.minutes_ago", int(gone.total_seconds() // 60))
    days = (local.date() - here.date()).days
    near = {0: "today_at", -1: "yesterday_at", 1: "tomorrow_at"}.get(days)
    if near:
        return words(f"frame.times.{near}", clock=clock(at, words))
    return say_day(local.date(), here.date(), words)


def clock(at: datetime, words: Words) -> str:
    """The hour of the day, as it is written in the language."""
    return f"{at.astimezone(STOCKHOLM):{'%H.%M' if words.language == 'sv' else '%H:%M'}}"


def say_day(day: date, today: date, words: Words) -> str:
    days = (day - today).days
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)
    if near:
        return words(f"frame.times.{near}")
    if 1 < days < 15:
        return words("frame.times.in_days", number=days)
    if -15 < days < -1:
        return words("frame.times.days_ago", number=-days)
    return day_in_words(day, words)


def day_in_words(day: date, words: Words) -> str:
    return f"{day.day} {_name(_MONTHS, words, day.month - 1)} {day.year}"


def day_in_full(day: date, words: Words) -> str:
    return f"{_name(_DAYS, words, day.weekday())} {day_in_words(day, words)}"


def exact(at: datetime, words: Words) -> str:
    local = at.astimezone(STOCKHOLM)
    return words("frame.times.exact", day=day_in_full(local.date(), words), clock=f"{local:%H:%M:%S}")


def _name(names: Mapping[str, str], words: Words, index: int) -> str:
    return names[words.language].split(",")[index]
