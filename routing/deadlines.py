"""What is due in a case: started and met by messages, told when the time has come. Pure; the hub's sweep calls `fire`.

A due day lasts until its midnight in Stockholm. The first day is not counted; a last day that is none for work moves to
the next one (lag 1930:173 2 §), but a day that people have set themselves stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from routing import calendar
from routing import rulebook as rulebooks
from routing.case import Case, Deadline
from routing.consent import STOCKHOLM
from routing.deadline_rules import DeadlineRule, DeadlineRules, Due, Sign
from routing.message import Message
from routing.situation import Situation, day_in_stockholm
from routing.vocabulary import HUB
from schemas.frozen import dataclass, replace

IsWorkingDay = Callable[[date], bool]

# Days beyond these are slips of the sender: nothing is due in another century.
_WEEK = timedelta(days=7)
_EARLIEST, _LATEST = date(2000, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Telling:
    """When somebody is told, and on which level: 1 who handles the case, 2 the manager."""

    at: datetime
    level: int


@dataclass(frozen=True, slots=True)
class Told:
    """What one unit is told now."""

    deadline: Deadline
    unit: str
    level: int


@dataclass(frozen=True, slots=True)
class Fired:
    """The case after a sweep, and what is told."""

    case: Case
    told: tuple[Told, ...] = ()


NOTHING_AGREED: Mapping[str, Due] = {}


def follow(
    case: Case | None,
    message: Message,
    situation: Situation,
    rulebook: rulebooks.Rulebook,
    agreed: Mapping[str, Due] = NOTHING_AGREED,
) -> Case | None:
    """The case with the deadlines that the accepted message starts and without those that it meets. `agreed`: what an
    agreement between those whom the message joins says instead of the rules, by the deadline's id."""
    if case is None or message.sender == HUB:
        return case
    running = case.memory.deadlines
    for rule in rulebook.deadlines.concerning(message.type):
        running = _met(running, rule, message, case)
        if rule.requested is None or _is_requested(rule.requested, case):
            here = replace(rule, due=agreed[rule.id]) if rule.id in agreed and not rule.fixed else rule
            running = _begun(running, here, message, situation, rulebook.deadlines, case)
    running = tuple(each for each in running if _may_run(each, case, rulebook))
    if running == case.memory.deadlines:
        return case
    return replace(case, memory=replace(case.memory, deadlines=running))


def _is_requested(item: str, case: Case) -> bool:
    return case.reporting_request is not None and item in case.reporting_request.items


def _met(running: tuple[Deadline, ...], rule: DeadlineRule, message: Message, case: Case) -> tuple[Deadline, ...]:
    for sign in rule.ends:
        if _shows(sign, message):
            about = _about(sign, message)
            left = [_left(each, rule, sign, message, case) if _meets(rule, about, each) else each for each in running]
            running = tuple(each for each in left if each is not None)
    return running


def _meets(rule: DeadlineRule, about: tuple[str | None, ...], deadline: Deadline) -> bool:
    return deadline.code == rule.id and (None in about or deadline.about in about)


def _left(deadline: Deadline, rule: DeadlineRule, sign: Sign, message: Message, case: Case) -> Deadline | None:
    """What a sign leaves of the deadline that it meets: nothing, unless it tells of one week of many."""
    week = _at(message.data, sign.week) if sign.week is not None else None
    if not isinstance(week, str):
        return None
    monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").date()  # noqa: DTZ007 - a day has no zone
    return _in_week(deadline, rule.due, monday + _WEEK, case)


def _in_week(deadline: Deadline, due: Due, monday: date, case: Case) -> Deadline | None:
    """The weekly deadline for the week that begins with this Monday, never an earlier one than before; None when the
    activity that it concerns is over by then."""
    activity = case.memory.find_activity(deadline.about or "")
    if activity is not None and activity.planned_end < monday:
        return None
    due_at = _after_week(due, monday)
    return deadline if due_at <= deadline.due_at else replace(deadline, due_at=due_at, next_at=due_at, told=0)


def _after_week(due: Due, monday: date) -> datetime:
    assert due.weekday is not None  # it is weekly
    day = monday + _WEEK + timedelta(days=due.weekday - 1)
    return datetime.combine(day, time(due.hour), STOCKHOLM).astimezone(UTC)


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _begun(
    running: tuple[Deadline, ...],
    rule: DeadlineRule,
    message: Message,
    situation: Situation,
    rules: DeadlineRules,
    case: Case,
) -> tuple[Deadline, ...]:
    for sign in rule.starts:
        if not _shows(sign, message) or not _is_young_enough(rule, message, situation, case):
            continue
        due_at = _due_at(rule, sign, message, situation, rules)
        if due_at is None:
            continue
        for about in _about(sign, message):
            others = tuple(each for each in running if (each.code, each.about) != (rule.id, about))
            if len(others) < len(running) and not rule.restarts:
                continue
            tellings = list_tellings(rule, due_at, situation.is_working_day)
            # A reminder whose time is past when the deadline begins reminds of nothing.
            passed = sum(telling.at <= situation.at for telling in tellings[: len(rule.remind_days_before)])
            running = (*others, Deadline(rule.id, due_at, tellings[passed].at, about, passed))
    return running


def _shows(sign: Sign, message: Message) -> bool:
    return sign.type == message.type and rulebooks.matches(message.data, sign.when)


def _is_young_enough(rule: DeadlineRule, message: Message, situation: Situation, case: Case) -> bool:
    if rule.younger_than is None:
        return True
    born_on = message.born_on or case.memory.born_on
    return born_on is not None and calendar.years(born_on, situation.today) < rule.younger_than


def _about(sign: Sign, message: Message) -> tuple[str | None, ...]:
    """The ids of what it concerns; None stands for the whole case."""
    if sign.about is None:
        return (None,)
    before, each, after = sign.about.partition("/*")
    found = _at(message.data, before)
    values = [_at(entry, after) if after else entry for entry in found or ()] if each else [found]
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str))) or (None,)


def _at(data: Mapping[str, Any], pointer: str) -> Any:
    value: Any = data
    for part in pointer.lstrip("/").split("/"):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _day(data: Mapping[str, Any], pointer: str) -> date | None:
    value = _at(data, pointer)
    day = date.fromisoformat(value) if isinstance(value, str) else None
    return day if day is not None and _EARLIEST <= day <= _LATEST else None


def _due_at(
    rule: DeadlineRule, sign: Sign, message: Message, situation: Situation, rules: DeadlineRules
) -> datetime | None:
    if rule.due.days == 0:
        return situation.at
    if sign.counted_from:
        days = [day for pointer in sign.counted_from if (day := _day(message.data, pointer)) is not None]
        start = days[0] if days else None
    else:
        start = situation.today
    if rule.due.is_weekly:
        return None if start is None else _after_week(rule.due, _monday_of(max(start, situation.today)))
    found = () if start is None else _counted(rule.due, start, situation.is_working_day, rules.counts_working_days)
    set_day = _day(message.data, rule.due.on) if rule.due.on is not None else None
    if set_day is not None:
        found = (*found, set_day)
    return end_of(min(found)) if found else None


# Days are few, and the messages of one day ask for the same ones.
@lru_cache(maxsize=1024)
def _counted(due: Due, start: date, is_working_day: IsWorkingDay, counts_working_days: bool) -> tuple[date, ...]:
    found = []
    if due.working_days is not None and counts_working_days:
        found.append(calendar.working_days_after(start, due.working_days, is_working_day))
    elif due.working_days is not None:
        found.append(start + timedelta(days=due.working_days))
    if due.days is not None:
        found.append(start + timedelta(days=due.days))
    if due.months is not None:
        found.append(calendar.months_after(start, due.months))
    return tuple([calendar.working_day_at_or_after(day, is_working_day) for day in found])


@lru_cache(maxsize=1024)
def end_of(day: date) -> datetime:
    """The midnight after a day in Stockholm."""
    return datetime.combine(day + timedelta(days=1), time(), STOCKHOLM).astimezone(UTC)


def last_day(deadline: Deadline) -> date:
    """The due day as people say it."""
    return day_in_stockholm(deadline.due_at - timedelta(microseconds=1))


def list_tellings(rule: DeadlineRule, due_at: datetime, is_working_day: IsWorkingDay) -> tuple[Telling, ...]:
    """Everything that is told about one deadline, in order of time: reminders, that it is due, that it still is."""
    return _tellings(rule.remind_days_before, rule.escalate_after_working_days, due_at, is_working_day)


@lru_cache(maxsize=1024)
def _tellings(
    before: tuple[int, ...], after: int | None, due_at: datetime, is_working_day: IsWorkingDay
) -> tuple[Telling, ...]:
    day = day_in_stockholm(due_at - timedelta(microseconds=1))
    found = [Telling(end_of(day - timedelta(days=days)), 1) for days in sorted(before, reverse=True)]
    found.append(Telling(due_at, 2 if after == 0 else 1))
    if after:
        found.append(Telling(end_of(calendar.working_days_after(day, after, is_working_day)), 2))
    return tuple(found)


def _may_run(deadline: Deadline, case: Case, rulebook: rulebooks.Rulebook) -> bool:
    rule = rulebook.deadlines.rows.get(deadline.code)
    if rule is None:
        return False
    if rule.told == "team":
        return case.finsam_state is not None and case.finsam_state not in rulebook.lifecycle.finsam_final_states
    return case.is_open or rule.survives_closing


def fire(case: Case, at: datetime, rulebook: rulebooks.Rulebook, is_working_day: IsWorkingDay) -> Fired:
    """Tells what has come due. Of several tellings that are past, as after a stop, only the newest is made."""
    left: list[Deadline] = []
    told: list[Told] = []
    moved = case
    for deadline in case.memory.deadlines:
        rule = rulebook.deadlines.rows.get(deadline.code)
        if rule is None:
            continue  # a rule that has been taken away tells nobody anything
        tellings = list_tellings(rule, deadline.due_at, is_working_day)
        passed = sum(telling.at <= at for telling in tellings)
        if passed <= deadline.told:
            left.append(replace(deadline, next_at=tellings[deadline.told].at) if passed < len(tellings) else deadline)
            continue
        unit = unit_told(rule, case)
        if unit is not None:
            told.append(Told(deadline, unit, tellings[passed - 1].level))
        if passed < len(tellings):
            left.append(replace(deadline, next_at=tellings[passed].at, told=passed))
        elif rule.due.is_weekly and (again := _in_week(deadline, rule.due, _monday_of(day_in_stockholm(at)), case)):
            left.append(again)
        if deadline.due_at <= at and rule.moves is not None and case.state in rule.moves.source:
            moved = replace(moved, state=rule.moves.target)
    return Fired(replace(moved, memory=replace(case.memory, deadlines=tuple(left))), tuple(told))


def unit_told(rule: DeadlineRule, case: Case) -> str | None:
    """Who is responsible for it now."""
    match rule.told:
        case "stadsdel":
            return case.responsible_stadsdel
        case "jobbtorg":
            return case.responsible_jobbtorg
        case "team":
            return case.team
        case "transferring":
            return case.memory.transfer.from_unit if case.memory.transfer else None


def list_open(case: Case, unit_id: str, rulebook: rulebooks.Rulebook) -> list[tuple[DeadlineRule, Deadline]]:
    """What a unit may know: its own, and those of a jobbtorg case if it is responsible for that; soonest first."""
    responsible = unit_id in (case.responsible_stadsdel, case.responsible_jobbtorg)
    found = []
    for deadline in sorted(case.memory.deadlines, key=lambda each: each.due_at):
        rule = rulebook.deadlines.rows.get(deadline.code)
        if rule is not None and (unit_told(rule, case) == unit_id or (responsible and rule.told != "team")):
            found.append((rule, deadline))
    return found
