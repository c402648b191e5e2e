"""What a message is told beside its receipt: nothing is refused for it, but somebody should look.

The judgment is the sender's. A warning names a place in the message and never what stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from routing import calendar
from routing import rulebook as rulebooks
from routing.case import Lesson
from routing.message import Message
from routing.preconditions import representation
from routing.situation import Situation


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: `code` is a wire value with a Swedish text of its own, `pointer` a place in the event (RFC 6901)."""

    code: str
    pointer: str


def list_warnings(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> tuple[Warned, ...]:
    """Every warning that the type's row asks for and that holds."""
    rule = rulebook.types[message.type]
    found = ((name, WARNINGS[name](message, situation, rulebook)) for name in rule.warns)
    return tuple(Warned(name.upper(), f"/data{pointer}") for name, pointer in found if pointer is not None)


def _extent_below_half(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    # Half is the line for being at the labour market's disposal (PM 2008); the stadsdel judges (2007).
    content = message.content
    below = content["work_extent"] == "lt_50" and content["enrolment_reason"] == "unemployed"
    return "/content/work_extent" if below else None


def _age_outside_youth(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    if message.born_on is None or message.content["enrolment_reason"] not in ("youth_16_24", "youth_no_occupation"):
        return None
    years = calendar.years(message.born_on, situation.today)
    return None if years <= rulebook.settings.youth_oldest else "/content/enrolment_reason"


def _age_unlikely(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    # A valid number; yet somebody so old is more often a slip of the pen in the year.
    if message.born_on is None:
        return None
    years = calendar.years(message.born_on, situation.today)
    return "/person/personal_number" if years > rulebook.settings.oldest_likely else None


def _sfi_clash(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    """Pupils were called out of class without anybody agreeing on it (PM 2008)."""
    lessons = situation.case.memory.lessons if situation.case else ()
    content = message.content
    if not lessons or content.get("clash_ok_by_sfi"):
        return None
    if not content["sfi_clash_checked"]:
        return "/content/sfi_clash_checked"
    return next(_clashes(message, lessons), None)


def _clashes(message: Message, lessons: tuple[Lesson, ...]) -> Iterator[str]:
    for index, activity in enumerate(message.content["activities"]):
        for number, hours in enumerate(activity.get("schedule", ())):
            if any(
                lesson.weekday == hours["weekday"] and lesson.begins < hours["to"] and hours["from"] < lesson.ends
                for lesson in lessons
            ):
                yield f"/content/activities/{index}/schedule/{number}"


def _long_time_in_activities(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    # Eighteen months was the longest before the state's job guarantee took over (2007); now a reminder only.
    started = situation.case.memory.started.values() if situation.case else ()
    ends = max(date.fromisoformat(activity["planned_end"]) for activity in message.content["activities"])
    first = min(started, default=ends)
    longest = calendar.months_after(first, rulebook.settings.activities_longest_months)
    return "/content/activities" if ends > longest else None


def _af_plan_may_be_old(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    # Arbetsförmedlingen revises its plan at least every six months (förordning 2000:628 6 §).
    made_on = message.content.get("revised_on", message.content["made_on"])
    oldest = situation.today - timedelta(days=183)
    return "/content/revised_on" if date.fromisoformat(made_on) < oldest else None


def _consent_suspended(message: Message, situation: Situation, rulebook: rulebooks.Rulebook) -> str | None:
    # Mandate or capacity is in doubt: recorded, and covering nothing before people have settled it.
    if not representation.is_doubtful(message.content):
        return None
    return "/content/given_by" if message.content["decision_capable"] == "yes" else "/content/decision_capable"


WARNINGS: Mapping[str, Callable[[Message, Situation, rulebooks.Rulebook], str | None]] = {
    "extent_below_half": _extent_below_half,
    "age_outside_youth": _age_outside_youth,
    "age_unlikely": _age_unlikely,
    "sfi_clash": _sfi_clash,
    "long_time_in_activities": _long_time_in_activities,
    "af_plan_may_be_old": _af_plan_may_be_old,
    "consent_suspended": _consent_suspended,
}
