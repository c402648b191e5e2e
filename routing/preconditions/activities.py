"""Checks of activities (insatser) and of attendance in them: what is reported belongs to an approved plan.

People lost their support because attendance was never recorded: what comes in must be right, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from routing.case import Activity
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode

# What begins on the first day, beside the search for work, and needs no plan ("Inrättande av Jobbtorg", 2007).
EARLY_SERVICES = frozenset({"mapping", "syv", "advice", "coaching", "matching"})
# Attendance from before an interruption may be told for so long after it.
AFTER_INTERRUPTION = timedelta(days=14)
REPORTS = frozenset({"attendance.reported", "attendance.corrected"})


def activity_is_approved(asked: Asked) -> Refusal | None:
    wrong = [pointer for pointer, activity_id in _named(asked) if not _is_approved(asked, activity_id)]
    return asked.refuse("activity", RefusalCode.NOT_APPROVED, *wrong) if wrong else None


def _named(asked: Asked) -> Iterator[tuple[str, str]]:
    """Every activity that the message speaks of, with its place."""
    content = asked.content
    if "activity_id" in content:
        yield "/data/content/activity_id", content["activity_id"]
    for index, row in enumerate(content.get("rows", ())):
        yield f"/data/content/rows/{index}/activity_id", row["activity_id"]
    for index, activity_id in enumerate(content.get("activities_affected", ())):
        yield f"/data/content/activities_affected/{index}", activity_id


def _is_approved(asked: Asked, activity_id: str) -> bool:
    early = asked.case is not None and asked.case.state == "enrolled"
    if early and asked.content.get("service_code") in EARLY_SERVICES:
        return True
    plan_id = asked.content.get("plan_id")
    plans = _plans(asked)
    chosen = plans.values() if plan_id is None else [plans.get(plan_id, ())]
    approved = any(activity.activity_id == activity_id for plan in chosen for activity in plan)
    return approved or (early and activity_id in asked.memory.started)


def _plans(asked: Asked) -> Mapping[str, tuple[Activity, ...]]:
    """The activities of plans in force; for a correction also of those that were."""
    known, chains = asked.memory.in_force, asked.case.plans if asked.case else {}
    if asked.message.type == "attendance.corrected":
        return known
    return {name: rows for name, rows in known.items() if name in chains and chains[name].in_force is not None}


def attendance_within_activity(asked: Asked) -> Refusal | None:
    wrong = list(_misplaced_rows(asked))
    return asked.refuse("attendance", RefusalCode.SCHEMA_INVALID, *wrong) if wrong else None


def _misplaced_rows(asked: Asked) -> Iterator[str]:
    week = asked.content.get("period", {}).get("week")
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(asked.content["rows"]):
        day, activity = date.fromisoformat(row["date"]), asked.memory.find_activity(row["activity_id"])
        key = (row["activity_id"], row["date"])
        if (
            key in seen
            or day > asked.situation.today
            or (week is not None and _week_of(day) != week)
            or (activity is not None and not activity.start <= day <= activity.planned_end)
            or _lies_in_interruption(asked, day)
        ):
            yield f"/data/content/rows/{index}/date"
        seen.add(key)


def _lies_in_interruption(asked: Asked, day: date) -> bool:
    since = asked.memory.interrupted_on
    if since is None or asked.case is None or asked.case.state != "interrupted":
        return False
    return day >= since or asked.situation.today > since + AFTER_INTERRUPTION


def _week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def corrects_own_report(asked: Asked) -> Refusal | None:
    """A correction follows the report, or an earlier correction; nothing is ever overwritten (GDPR article 16)."""
    corrected = asked.situation.earlier.get(asked.content["corrects_message"])
    case_id = asked.case.case_id if asked.case else None
    if (
        corrected is not None
        and corrected.type in REPORTS
        and corrected.sender == asked.message.sender
        and corrected.case_id == case_id
    ):
        return None
    return asked.refuse("corrects", RefusalCode.STATE_CONFLICT, "/data/content/corrects_message")
