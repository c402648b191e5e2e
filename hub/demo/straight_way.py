"""The straight way: a stadsdel refers, a jobbtorg enrols and plans, the stadsdel approves, and it ends with work."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from hub.demo.persons import ASTA
from hub.demo.stage import AF, JOBBTORG, Stage, by_consent, consent, day, handling, on_request

FARSTA, SYDOST, AF_OFFICE = "sd-farsta", "jt-sydost", "af-stockholm"
SECRETARY, COACH = "socialsekreterare", "jobbcoach"
TO_STADSDEL, TO_JOBBTORG = [{"role": "responsible_stadsdel"}], [{"role": "responsible_jobbtorg"}]


async def play(stage: Stage) -> str | None:
    """Plays it and gives the case id."""
    agreed = consent(
        ASTA,
        FARSTA,
        SECRETARY,
        JOBBTORG,
        [
            ("sdn-farsta", "amn", ["ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "PL"]),
            ("amn", "sdn-farsta", ["ID", "CO", "ST", "LM", "PL", "OU"]),
        ],
    )
    consent_id = agreed["content"]["consent_id"]
    await stage.send(FARSTA, "consent.recorded", agreed, remark="Farsta och jobbtorget, för jobbplanering")
    referred = await stage.send(
        FARSTA, "referral.submitted", referral(consent_id), remark="pågående stöd ingår inte i samtycket"
    )
    if referred is None or referred.case is None:
        return None
    case = referred.case
    await stage.send(SYDOST, "referral.answered", answer(consent_id), case=case, remark="tid för besök")
    await _enrol(stage, case, consent_id)
    plan_id = await _plan(stage, case, consent_id)
    await _take_part(stage, case, plan_id)
    await stage.send(SYDOST, "case.closed", closing(consent_id), case=case, remark="arbete, 80 procent")
    return case


async def _enrol(stage: Stage, case: str, consent_id: str) -> None:
    await stage.send(SYDOST, "enrolment.confirmed", enrolment(JOBBTORG, "sd", consent_id), case=case)
    await stage.send(
        SYDOST,
        "enrolment.confirmed",
        enrolment(AF, "af", consent_id),
        case=case,
        remark="till AF, men samtycket gäller ett annat ändamål",
    )
    second = consent(ASTA, SYDOST, COACH, AF, [("amn", "af", ["ID", "ST", "LM", "CO"])])
    await stage.send(SYDOST, "consent.recorded", second, case=case, remark="jobbtorget till AF, för samordning med AF")
    second_id = second["content"]["consent_id"]
    await stage.send(
        SYDOST,
        "enrolment.confirmed",
        enrolment(AF, "af", second_id),
        case=case,
        remark="till AF igen: bara det som AF behöver",
    )


async def _plan(stage: Stage, case: str, consent_id: str) -> str:
    plan_id = str(uuid.uuid4())
    await stage.send(SYDOST, "plan.proposed", plan(plan_id, consent_id), case=case, remark="version 1")
    deciding = decision(plan_id, consent_id)
    await stage.send(SYDOST, "plan.decided", deciding, case=case, remark="jobbtorget får inte godkänna sin egen plan")
    await stage.send(FARSTA, "plan.decided", deciding, case=case, remark="godkänd")
    return plan_id


async def _take_part(stage: Stage, case: str, plan_id: str) -> None:
    await stage.send(SYDOST, "activity.started", started(plan_id), case=case, remark="på stadsdelens begäran")
    await stage.send(SYDOST, "attendance.reported", attendance(), case=case, remark="bara det som är antecknat")
    await stage.send(SYDOST, "activity.ended", ended(plan_id), case=case, remark="målet nått i förtid")


def referral(consent_id: str) -> dict[str, Any]:
    categories = ["ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "SO"]
    claim = by_consent("jt", consent_id, SECRETARY)
    return {
        "handling": handling(
            JOBBTORG, categories, function="forsorjningsstod", role=SECRETARY, to=TO_JOBBTORG, basis=[claim]
        ),
        "person": ASTA,
        "content": {
            "contact": {"phone": "+46701740605", "language": "so", "interpreter": True},
            "enrolment_reason": "unemployed",
            "work_extent": "100",
            "receives_support": True,
            "af_registered": "no",
            "education_level": "9",
            "support_ongoing": [{"area_generic": "parallel_support", "responsible_unit": FARSTA}],
            "functional_needs": ["behöver skriftliga instruktioner"],
            "reporting_request": {"items": ["attendance", "activity", "closing"], "until": day(365)},
        },
    }


def answer(consent_id: str) -> dict[str, Any]:
    claim = by_consent("sd", consent_id, COACH)
    visit = {"date_time": f"{day(4)}T10:00:00+01:00", "place_unit": SYDOST, "mode": "visit", "interpreter_booked": True}
    return {
        "handling": handling(JOBBTORG, ["ST"], function="mottagning", role=COACH, to=TO_STADSDEL, basis=[claim]),
        "content": {"decision": "accepted", "appointment": visit, "coach_function": "jobbcoach"},
    }


def enrolment(purpose: str, kind: str, consent_id: str) -> dict[str, Any]:
    claim = by_consent(kind, consent_id, COACH)
    to = TO_STADSDEL if kind == "sd" else [{"unit": AF_OFFICE}]
    return {
        "handling": handling(
            purpose, ["ID", "CO", "ST", "LM", "PL"], function="inskrivning", role=COACH, to=to, basis=[claim]
        ),
        "person": ASTA,
        "content": {
            "contact": {"phone": "+46701740605", "language": "so", "interpreter": True},
            "enrolled_on": day(0),
            "coach_function": "jobbcoach",
            "af_registration": "initiated",
            "early_activities": ["syv", "coaching"],
            "person_informed": {"duties": True, "consequences_by_stadsdel": True, "secrecy": True, "date": day(0)},
            "planned_weekly_hours": 12,
        },
    }


def plan(plan_id: str, consent_id: str) -> dict[str, Any]:
    claim = by_consent("sd", consent_id, COACH)
    coaching = {
        "activity_id": "a1",
        "service_code": "coaching",
        "title": "Jobbcoachning",
        "description": "Enskild coachning varje vecka.",
        "performing_unit": SYDOST,
        "start": day(0),
        "planned_end": day(150),
        "weekly_hours": 12,
        "goal_measure": "Fem sökta arbeten i veckan.",
        "follow_up_on": day(60),
        "responsible_party_kind": "jt",
    }
    return {
        "handling": handling(JOBBTORG, ["ID", "PL"], function="planering", role=COACH, to=TO_STADSDEL, basis=[claim]),
        "person": ASTA,
        "content": {
            "plan_id": plan_id,
            "version": 1,
            "goal": "Arbete i storkök inom ett halvår.",
            "person_goal": "Jag vill ha ett eget jobb.",
            "person_signed": {"date": day(0), "method": "paper"},
            "activities": [coaching],
            "weekly_hours_total": 12,
            "period": {"from": day(0), "to": day(150)},
            "af_plan_considered": True,
            "sfi_clash_checked": True,
        },
    }


def decision(plan_id: str, consent_id: str) -> dict[str, Any]:
    claim = by_consent("jt", consent_id, SECRETARY)
    return {
        "handling": handling(
            JOBBTORG, ["PL"], function="forsorjningsstod", role=SECRETARY, to=TO_JOBBTORG, basis=[claim]
        ),
        "content": {
            "plan_id": plan_id,
            "version": 1,
            "decision": "approved",
            "decided_by_role": SECRETARY,
            "decided_on": day(0),
            "next_review_on": day(90),
        },
    }


def started(plan_id: str) -> dict[str, Any]:
    return {"handling": _reporting("PL"), "person": ASTA, "content": _coaching(plan_id)}


def attendance() -> dict[str, Any]:
    today = day(0)
    year, week, _ = date.fromisoformat(today).isocalendar()
    rows = [{"activity_id": "a1", "date": today, "status": "present", "hours": 4}]
    content = {"period": {"week": f"{year}-W{week:02}"}, "rows": rows, "complete": False}
    handed_over = _reporting("AT")
    return {
        "handling": handed_over,
        "person": ASTA,
        "content": {**content, "recorded_at": handed_over["occurred_at"]},
    }


def ended(plan_id: str) -> dict[str, Any]:
    outcome = {"ended_on": day(0), "ended_how": "early_goal", "goal_met": "yes", "next_step": "follow_up"}
    return {"handling": _reporting("PL"), "person": ASTA, "content": {**_coaching(plan_id), **outcome}}


def _reporting(category: str) -> dict[str, Any]:
    claim = on_request("sd", COACH)
    return handling(JOBBTORG, ["ID", category], function="coach", role=COACH, to=TO_STADSDEL, basis=[claim])


def _coaching(plan_id: str) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "activity_id": "a1",
        "service_code": "coaching",
        "performing_unit": SYDOST,
        "start": day(0),
        "planned_end": day(150),
    }


def closing(consent_id: str) -> dict[str, Any]:
    claim = by_consent("sd", consent_id, COACH)
    return {
        "handling": handling(JOBBTORG, ["ST", "OU"], function="avslut", role=COACH, to=TO_STADSDEL, basis=[claim]),
        "content": {
            "closing_reason": "work_permanent",
            "closed_on": day(0),
            "evidence": "stated_by_person",
            "employment": {"form": "permanent", "extent_percent": 80, "subsidy": "none"},
            "self_supporting": "yes",
        },
    }
