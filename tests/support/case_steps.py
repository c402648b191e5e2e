"""The steps of a case as data: which message, from whom, and in which states it is likely to fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.support.case_model import JOINT_PLAN, PLAN, Life, day_of
from tests.support.events import Claim

TEAM, FK, AF = "team-sydost", "fk-stockholm", "af-stockholm"
UNDER_WAY = "enrolled planning plan-awaiting-approval plan-disputed active under-review interrupted"
OPEN = f"referred appointment-offered no-show {UNDER_WAY}"
WITH_PLAN = "active plan-awaiting-approval plan-disputed under-review"
JOINT = "accepted meeting-called planned following-up"
UNTIL_CLOSED = f"initiated complete-requested {JOINT}"

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """`sender` is "sd" or "jt" for who is responsible, "taker" and "giver" for a transfer, else a unit."""

    type: str
    sender: str
    states: str
    content: Callable[[Life, datetime], Content]
    finsam: bool = False


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _days(at: datetime, days: int) -> str:
    return (day_of(at) + timedelta(days=days)).isoformat()


def said(**content: Any) -> Callable[[Life, datetime], Content]:
    return lambda _life, _at: content


def _missed(life: Life, at: datetime) -> Content:
    missed = _text(at - timedelta(hours=1))
    attempts = [{"at": missed, "contact_result": "not_reached"}]
    return {"appointment_at": missed, "attempt_no": life.attempts + 1, "contact_attempts": attempts, "new_time": None}


def _proposed(life: Life, at: datetime) -> Content:
    version = life.latest(PLAN) + 1
    row = {
        "service_code": "praktik_to_job",
        "title": "Praktik i storkök",
        "description": "Praktik med handledare.",
        "performing_unit": life.jobbtorg or "jt-sydost",
        "start": _days(at, -7),
        "planned_end": _days(at, 150),
        "weekly_hours": 6,
        "goal_measure": "Intyg från handledaren.",
        "follow_up_on": _days(at, 30),
        "responsible_party_kind": "jt",
    }
    activities = [{**row, "activity_id": f"{name}{version}"} for name in ("a", "b")]
    period = {"from": _days(at, -7), "to": _days(at, 150)}
    return {"plan_id": PLAN, "version": version, "activities": activities, "period": period}


def on_plan(**content: Any) -> Callable[[Life, datetime], Content]:
    return lambda life, _at: {"plan_id": PLAN, "version": max(1, life.latest(PLAN)), **content}


def _activity(life: Life) -> str:
    return (life.activities(PLAN) or ["a1"])[0]


def _begun(life: Life, at: datetime) -> Content:
    return {
        "plan_id": PLAN,
        "activity_id": _activity(life),
        "service_code": "praktik_to_job",
        "performing_unit": life.jobbtorg or "jt-sydost",
        "start": _days(at, -7),
        "planned_end": _days(at, 150),
    }


def _ended(life: Life, at: datetime) -> Content:
    return {**_begun(life, at), "ended_on": _days(at, 0)}


def _reported(life: Life, at: datetime) -> Content:
    year, week, _ = day_of(at).isocalendar()
    row = {"activity_id": _activity(life), "date": _days(at, 0), "status": "not_recorded"}
    return {"period": {"week": f"{year}-W{week:02}"}, "rows": [row], "recorded_at": _text(at - timedelta(minutes=5))}


def _corrected(life: Life, at: datetime) -> Content:
    message_id, _, content = life.reports[-1] if life.reports else ("6f0f5a3e-6c0e-4b0e-9a55-0d1f6a1f0010", "", {})
    row = dict(content.get("rows", _reported(life, at)["rows"])[0])
    changed = {"old_status": "not_recorded", "new_status": "present", "new_hours": 4}
    return {
        "corrects_message": message_id,
        "rows": [{"activity_id": row["activity_id"], "date": row["date"], **changed}],
    }


def _interrupted(life: Life, at: datetime) -> Content:
    return {
        "from": _days(at, 0),
        "expected_until": _days(at, 20),
        "activities_affected": [_activity(life)],
        "places_held_until": _days(at, 20),
    }


def restarted(*, goes_on: bool) -> Callable[[Life, datetime], Content]:
    return lambda life, at: {
        "restart_on": _days(at, 0),
        "plan_continues": goes_on,
        "new_plan_needed": not goes_on,
        "previous_activities": [_activity(life)],
    }


def sent(kind: str) -> Callable[[Life, datetime], Content]:
    def content(life: Life, at: datetime) -> Content:
        given = (life.stadsdel or "sd-farsta") if kind == "sd" else (life.jobbtorg or "jt-sydost")
        others = {"sd": ("sd-skarpnack", "sd-farsta"), "jt": ("jt-vasterort", "jt-sydost")}[kind]
        taken = next(unit for unit in others if unit != given)
        return {"step": "sent", "from_unit": given, "to_unit": taken, "effective_on": _days(at, 14)}

    return content


def _taken(life: Life, at: datetime) -> Content:
    given, taken = life.pending or ("sd-farsta", "sd-skarpnack")
    moved = {"open_items": None, "documents_moved": None}
    return {"step": "accepted", "from_unit": given, "to_unit": taken, "effective_on": _days(at, 14), **moved}


def closed(reason: str) -> Callable[[Life, datetime], Content]:
    def content(_life: Life, at: datetime) -> Content:
        employment = {} if reason.startswith("work") else {"employment": None}
        return {"closing_reason": reason, "closed_on": _days(at, 0), **employment}

    return content


def _followed(_life: Life, at: datetime) -> Content:
    return {"followed_on": _days(at, 0), "months_after": 3}


def _joint_plan(life: Life, at: datetime) -> Content:
    return {"plan_id": JOINT_PLAN, "version": life.latest(JOINT_PLAN) + 1, "held_on": _days(at, 0)}


def asked(life: Life, _at: datetime) -> Content:
    nameless = {"mode": "anonymous", "age_band": "30_49", "parts": None} if life.person is None else {}
    return {"wished_seats": ["jt", "af"], "consent_id": None, **nameless}


def _team_closed(reason: str) -> Callable[[Life, datetime], Content]:
    return lambda _life, at: {"finsam_close_reason": reason, "closed_on": _days(at, 0)}


RETURNED = {"decision": "returned", "return_reason": "incomplete", "appointment": None}
STEPS = {
    "answer": Step("referral.answered", "jt", "referred no-show", said(decision="accepted")),
    "return the referral": Step("referral.answered", "jt", "referred", said(**RETURNED)),
    "miss": Step("appointment.missed", "jt", "appointment-offered no-show", _missed),
    "enrol": Step("enrolment.confirmed", "jt", "appointment-offered no-show", said()),
    "propose": Step("plan.proposed", "jt", "enrolled planning active under-review", _proposed),
    "approve": Step("plan.decided", "sd", "plan-awaiting-approval", on_plan(decision="approved", conditions=None)),
    "send back": Step(
        "plan.decided",
        "sd",
        "plan-awaiting-approval",
        on_plan(decision="returned", returned_reason="too_long", conditions=None),
    ),
    "dispute": Step("plan.disputed", "jt", "plan-awaiting-approval active", on_plan()),
    "dispute back": Step("plan.disputed", "sd", "plan-awaiting-approval active", on_plan()),
    "settle as proposed": Step("plan.dispute-settled", "sd", "plan-disputed", on_plan(outcome="as_proposed")),
    "settle as changed": Step("plan.dispute-settled", "sd", "plan-disputed", on_plan(outcome="as_changed")),
    "settle anew": Step("plan.dispute-settled", "sd", "plan-disputed", on_plan(outcome="new_mapping")),
    "review on": Step("plan.reviewed", "jt", "active under-review", said(plan_id=PLAN, result="continue")),
    "review change": Step("plan.reviewed", "jt", "active under-review", said(plan_id=PLAN, result="change")),
    "start": Step("activity.started", "jt", WITH_PLAN, _begun),
    "end": Step("activity.ended", "jt", WITH_PLAN, _ended),
    "report": Step("attendance.reported", "jt", f"{WITH_PLAN} interrupted", _reported),
    "correct": Step("attendance.corrected", "jt", f"{WITH_PLAN} interrupted", _corrected),
    "interrupt": Step("participation.interrupted", "jt", "active under-review", _interrupted),
    "restart": Step("participation.restarted", "jt", "interrupted", restarted(goes_on=True)),
    "restart anew": Step("participation.restarted", "jt", "interrupted", restarted(goes_on=False)),
    "send the case": Step("case.transferred", "sd", OPEN, sent("sd")),
    "send the coaching": Step("case.transferred", "jt", OPEN, sent("jt")),
    "take the case": Step("case.transferred", "taker", OPEN, _taken),
    "close": Step("case.closed", "jt", UNDER_WAY, closed("work_permanent")),
    "close moved": Step("case.closed", "jt", OPEN, closed("moved_out")),
    "close unseen": Step("case.closed", "jt", f"no-show {UNDER_WAY}", closed("unknown_no_contact")),
    "close dead": Step("case.closed", "jt", OPEN, closed("deceased")),
    "follow up": Step("outcome.followed-up", "jt", "closed", _followed),
    "complete": Step("finsam.case-initiated", FK, "complete-requested", asked, finsam=True),
    "screen": Step("finsam.case-screened", TEAM, "initiated", said(decision="accepted"), finsam=True),
    "ask for more": Step(
        "finsam.case-screened",
        TEAM,
        "initiated",
        said(decision="complete_request", missing=["person_wish"], seats_called=None, proposed_times=None),
        finsam=True,
    ),
    "call": Step("finsam.meeting-called", TEAM, JOINT, said(), finsam=True),
    "plan jointly": Step("finsam.joint-plan-recorded", TEAM, JOINT, _joint_plan, finsam=True),
    "follow up jointly": Step(
        "finsam.followup-recorded", TEAM, "planned following-up", said(plan_id=JOINT_PLAN), finsam=True
    ),
    "close the team's": Step("finsam.case-closed", TEAM, UNTIL_CLOSED, _team_closed("planned_end"), finsam=True),
    "close the team's, dead": Step("finsam.case-closed", TEAM, UNTIL_CLOSED, _team_closed("deceased"), finsam=True),
}


def sender_of(step: Step, life: Life) -> str:
    match step.sender:
        case "sd":
            return life.stadsdel or "sd-farsta"
        case "jt":
            return life.jobbtorg or "jt-sydost"
        case "taker":
            return life.pending[1] if life.pending else "sd-skarpnack"
        case unit:
            return unit


def claims(step: Step, sender: str, ground: str) -> list[Claim]:
    """The bases that a fair sender of this step claims: by the law, by the person's word, or both."""
    if step.type.startswith("finsam."):
        return [(kind, "CONSENT", None) for kind in ("sd", "jt", "af", "fk", "team")]
    moved = step.type == "case.transferred"
    kind = sender[:2] if moved else {"sd": "jt", "jt": "sd"}[sender[:2]]
    law = "SOL_15_8" if moved else {"sd": "OSL_10_2", "jt": "SOL_15_9"}[sender[:2]]
    chosen = {"both": (law, "CONSENT"), "law": (law,), "consent": ("CONSENT",)}[ground]
    return [(kind, code, None) for code in chosen]


def address(step: Step, sender: str, life: Life, content: dict[str, Any]) -> list[dict[str, str]]:
    if step.type.startswith("finsam."):
        seats = [{"team": TEAM, "seat": seat} for seat in ("jt", "af", "fk") if f"{seat}-stockholm" != sender]
        return [*([{"team": TEAM}] if sender != TEAM else []), {"unit": "sd-farsta"}, *seats]
    if step.type == "case.transferred":
        return [{"unit": content["to_unit"] if content["step"] == "sent" else content["from_unit"]}]
    return [{"role": "responsible_jobbtorg" if sender.startswith("sd") else "responsible_stadsdel"}]
