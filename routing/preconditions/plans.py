"""Checks of plans and their versions."""

from __future__ import annotations

from datetime import date

from routing import calendar
from routing.case import PlanChain
from routing.message import Message
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def plan_version_follows(asked: Asked) -> Refusal | None:
    if asked.content["version"] == chain(asked).latest + 1:
        return None
    return asked.refuse("plan_version", RefusalCode.STALE_VERSION, "/data/content/version")


def plan_version_is_latest(asked: Asked) -> Refusal | None:
    if asked.content["version"] == chain(asked).latest:
        return None
    return asked.refuse("plan_version", RefusalCode.STALE_VERSION, "/data/content/version")


def chain(asked: Asked) -> PlanChain:
    plans = asked.case.plans if asked.case else {}
    return plans.get(str(asked.content["plan_id"]), PlanChain())


def plan_within_longest_period(asked: Asked) -> Refusal | None:
    begins, ends = plan_period(asked.message)
    longer = ends > calendar.months_after(begins, asked.rulebook.settings.plan_longest_months)
    excused = any(deviation.get("kind") == "gt_6_months" for deviation in asked.content.get("deviations", ()))
    if ends < begins or (longer and not excused):
        return asked.refuse("plan_period", RefusalCode.SCHEMA_INVALID, "/data/content/period/to")
    return None


def plan_period(message: Message) -> tuple[date, date]:
    """The period that the plan states, else the one that its activities span."""
    content = message.content
    spans = [(each["start"], each["planned_end"]) for each in content["activities"]]
    if "period" in content:
        spans = [(content["period"]["from"], content["period"]["to"])]
    begins, ends = min(start for start, _ in spans), max(end for _, end in spans)
    return date.fromisoformat(begins), date.fromisoformat(ends)


def within_remit(asked: Asked) -> Refusal | None:
    # Investigations of work ability as a ground for sickness benefit belong to FK and AF, not to jobbtorg.
    for index, activity in enumerate(asked.content["activities"]):
        if activity["service_code"] == "work_ability_investigation":
            pointer = f"/data/content/activities/{index}/service_code"
            return asked.refuse("within_remit", RefusalCode.OUT_OF_REMIT, pointer)
    return None


def plan_hours_or_deviation(asked: Asked) -> Refusal | None:
    """Ten hours a week are to be offered (PM 2008); fewer are possible, and then said."""
    content = asked.content
    excused = any(deviation.get("kind") == "lt_10_hours" for deviation in content.get("deviations", ()))
    if excused or content["weekly_hours_total"] >= asked.rulebook.settings.plan_least_weekly_hours:
        return None
    return asked.refuse("plan_hours", RefusalCode.SCHEMA_INVALID, "/data/content/weekly_hours_total")


def plan_is_in_force(asked: Asked) -> Refusal | None:
    if chain(asked).in_force is not None:
        return None
    return asked.refuse("plan_in_force", RefusalCode.NOT_APPROVED, "/data/content/plan_id")


def review_needs_new_plan(asked: Asked) -> Refusal | None:
    """A plan under review goes on once as it is; after that it takes a new one (2007: six months, then omprövning)."""
    under_review = asked.case is not None and asked.case.state == "under-review"
    if not under_review or asked.content["result"] != "continue" or asked.memory.reviews_without_plan < 1:
        return None
    return asked.refuse("new_plan", RefusalCode.STATE_CONFLICT, "/data/content/result")
