"""The life of a case: what each message does in each state. What the table does not list changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from routing import decision as decisions
from routing import effects
from routing.case import Activity, Case, Memory, PlanChain, Transfer
from routing.situation import Earlier
from tests.support import events, judging, persons
from tests.support.judging import judge, outcome

# message (with what decides between two steps): state>state afterwards, or state= where it stays. Else STATE_CONFLICT.
TABLE = """
referral.answered/yes         referred>appointment-offered no-show>appointment-offered
referral.answered/no          referred>returned
appointment.missed            appointment-offered>no-show no-show=
enrolment.confirmed           appointment-offered>enrolled no-show>enrolled
plan.proposed                 enrolled>plan-awaiting-approval planning>plan-awaiting-approval active>plan-awaiting-approval under-review>plan-awaiting-approval
plan.decided/approved         plan-awaiting-approval>active
plan.decided/changed          plan-awaiting-approval>active
plan.decided/returned         plan-awaiting-approval>planning
plan.decided/returned+force   plan-awaiting-approval>active
plan.disputed                 planning>plan-disputed plan-awaiting-approval>plan-disputed active>plan-disputed
plan.dispute-settled/proposed+waits        plan-disputed>plan-awaiting-approval
plan.dispute-settled/proposed+waits+force  plan-disputed>plan-awaiting-approval
plan.dispute-settled/proposed+force        plan-disputed>active
plan.dispute-settled/proposed              plan-disputed>planning
plan.dispute-settled/finsam+waits          plan-disputed>plan-awaiting-approval
plan.dispute-settled/finsam+force          plan-disputed>active
plan.dispute-settled/finsam                plan-disputed>planning
plan.dispute-settled/changed+waits         plan-disputed>planning
plan.dispute-settled/changed+waits+force   plan-disputed>active
plan.dispute-settled/mapping+waits+force   plan-disputed>planning
plan.reviewed/continue+force  active= under-review=
plan.reviewed/change+force    active>under-review under-review=
plan.reviewed/end+force       active>under-review under-review=
plan.reviewed/finsam+force    active>under-review under-review=
plan.reviewed/af+force        active>under-review under-review=
activity.started+force        enrolled= plan-awaiting-approval= plan-disputed= active= under-review=
activity.ended+force          enrolled= plan-awaiting-approval= plan-disputed= active= under-review=
attendance.reported+force     enrolled= plan-awaiting-approval= plan-disputed= active= under-review= interrupted=
attendance.corrected+force    enrolled= planning= plan-awaiting-approval= plan-disputed= active= under-review= interrupted= closed=
support-need.flagged          enrolled= planning= plan-awaiting-approval= plan-disputed= active= under-review=
participation.interrupted+force      active>interrupted under-review>interrupted
participation.restarted/same+force   interrupted>active
participation.restarted/new+force    interrupted>planning
case.transferred/sent         OPEN=
case.transferred/accepted     OPEN=
case.closed                   ENROLLED>closed
case.closed/moved             ENROLLED>closed referred>closed appointment-offered>closed no-show>closed
case.closed/unreached         ENROLLED>closed no-show>closed
case.closed/deceased          OPEN>closed
outcome.followed-up           closed=
"""  # noqa: E501 - a row is read across

ENROLLED = "enrolled planning plan-awaiting-approval plan-disputed active under-review interrupted"
OPEN = f"referred appointment-offered no-show {ENROLLED}"

VARIANTS: dict[str, dict[str, Any]] = {
    "referral.answered/yes": {"decision": "accepted"},
    "referral.answered/no": {"decision": "returned", "return_reason": "incomplete", "appointment": None},
    "appointment.missed": {"appointment_at": "2026-03-01T10:00:00+01:00"},
    "plan.proposed": {"version": 2},
    "plan.decided/approved": {"decision": "approved"},
    "plan.decided/changed": {"decision": "approved_with_change"},
    "plan.decided/returned": {"decision": "returned", "returned_reason": "too_long"},
    "plan.disputed": {"plan_id": judging.PLAN_ID},
    "plan.dispute-settled/proposed": {"plan_id": judging.PLAN_ID, "outcome": "as_proposed"},
    "plan.dispute-settled/changed": {"plan_id": judging.PLAN_ID, "outcome": "as_changed"},
    "plan.dispute-settled/finsam": {"plan_id": judging.PLAN_ID, "outcome": "finsam"},
    "plan.dispute-settled/mapping": {"plan_id": judging.PLAN_ID, "outcome": "new_mapping"},
    "plan.reviewed/continue": {"result": "continue"},
    "plan.reviewed/change": {"result": "change"},
    "plan.reviewed/end": {"result": "end"},
    "plan.reviewed/finsam": {"result": "finsam_proposed"},
    "plan.reviewed/af": {"result": "af_programme"},
    "attendance.reported": {
        "period": {"week": "2026-W09"},
        "rows": [{"activity_id": "a1", "date": "2026-02-26", "status": "present"}],
    },
    "attendance.corrected": {
        "corrects_message": "6f0f5a3e-6c0e-4b0e-9a55-0d1f6a1f0010",
        "rows": [{"activity_id": "a1", "date": "2026-02-26", "old_status": "present", "new_status": "not_recorded"}],
    },
    "participation.interrupted": {"from": "2026-03-02", "activities_affected": ["a1"]},
    "participation.restarted/same": {"plan_continues": True},
    "participation.restarted/new": {"plan_continues": False},
    "case.transferred/sent": {"from_unit": "jt-sydost", "to_unit": "jt-jarva", "open_items": None},
    "case.transferred/accepted": {
        "step": "accepted",
        "from_unit": "jt-sydost",
        "to_unit": "jt-jarva",
        **dict.fromkeys(("reason", "responsible_until_accept", "open_items", "documents_moved")),
    },
    "case.closed/moved": {"closing_reason": "transferred", "employment": None},
    "case.closed/unreached": {"closing_reason": "unknown_no_contact", "employment": None},
    "case.closed/deceased": {"closing_reason": "deceased", "employment": None},
}

OWN_UNIT = {"to": [{"unit": "jt-jarva"}], "basis": [], "person": None}
PARTS: dict[str, dict[str, Any]] = {
    "case.transferred/sent": OWN_UNIT,
    "case.transferred/accepted": {**OWN_UNIT, "to": [{"unit": "jt-sydost"}]},
}
SENDERS = {
    "plan.dispute-settled": "sd-farsta",
    "case.transferred/accepted": "jt-jarva",
}
EVERYBODY = frozenset({"sd-farsta", "jt-sydost", "sd-skarpnack", "jt-jarva", "af-stockholm"})
COACHING = Activity("a1", "coaching", "jt-sydost", date(2026, 2, 16), date(2026, 8, 14))
TRAINEE = Activity("a2", "praktik_to_job", "jt-jarva", date(2026, 2, 16), date(2026, 8, 14))


def cells() -> list[tuple[str, str, str]]:
    """Message, state, and the state afterwards or a dot, for every message and every state."""
    found = []
    for line in TABLE.strip().splitlines():
        variant, *words = line.split()
        targets: dict[str, str] = {}
        for word in words:
            state, _, target = word.replace("=", ">").partition(">")
            targets |= {each: target or each for each in {"OPEN": OPEN, "ENROLLED": ENROLLED}.get(state, state).split()}
        states = sorted(judging.rules().lifecycle.states)
        found += [(variant, state, targets.get(state, ".")) for state in states]
    return found


def case_before(variant: str, state: str, **memory: Any) -> Case:
    """A case in a state; `+force` and `+waits` say what is known of its plan."""
    plan = {judging.PLAN_ID: (COACHING, TRAINEE)}
    remembered: dict[str, Any] = {
        "proposed": plan if "+waits" in variant else {},
        "in_force": plan if "+force" in variant else {},
        "started": {"a1": COACHING.start},
        "contact_attempts": 2 if "unreached" in variant else 0,
        "interrupted_on": date(2026, 3, 1) if state == "interrupted" else None,
        "transfer": Transfer("jt-sydost", "jt-jarva") if variant.endswith("/accepted") else None,
    }
    return judging.case(
        state,
        parties=EVERYBODY,
        plans=judging.plans(1, 1 if "+force" in variant else None),
        closed_at=judging.NOON - timedelta(days=100) if state in ("returned", "closed") else None,
        memory=Memory(**remembered | memory),
    )


def send(variant: str, case: Case | None, sender: str | None = None, **content: Any) -> Any:
    name = variant.partition("+")[0]
    type_name = name.partition("/")[0]
    asked = judging.message(
        type_name,
        sender or SENDERS.get(name) or SENDERS.get(type_name) or judging.DEFAULT_SENDERS.get(type_name, "jt-sydost"),
        subject=case.case_id if case else None,
        content=VARIANTS.get(name, {}) | content,
        **PARTS.get(name, {}),
    )
    purposes = ("jobbtorg_planning", "follow_up")
    consents = [judging.consent(purpose=purpose, consent_id=events.new_id()) for purpose in purposes]
    corrected = VARIANTS["attendance.corrected"]["corrects_message"]
    report = Earlier(corrected, "attendance.reported", asked.sender, judging.CASE_ID, {"sd-farsta": "sd"})
    known = replace(judging.situation(case=case, consents=consents), earlier={corrected: report})
    return decisions.decide(asked, known, judging.directory(), judging.rules())


@pytest.mark.parametrize(("variant", "state", "target"), cells())
def test_every_message_in_every_state(variant: str, state: str, target: str) -> None:
    decision = send(variant, case_before(variant, state))
    if target == ".":
        assert outcome(decision) == "STATE_CONFLICT"
        assert decision.case is None
    else:
        assert outcome(decision) == "accepted"
        assert decision.case is not None
        assert decision.case.state == target
        assert (decision.case.closed_at is not None) == (target in ("returned", "closed"))


def test_the_table_here_has_every_step_of_the_rules_and_no_other() -> None:
    files = {"types.toml", "types-activities.toml"}
    steps = {
        (step.type, state, step.target or state)
        for step in judging.rules().lifecycle.transitions.values()
        for state in step.source
        if step.machine == "case" and judging.rules().files[step.type] in files
    }
    told = {(variant.partition("+")[0].partition("/")[0], state, target) for variant, state, target in cells()}
    assert {cell for cell in told if cell[2] != "."} == steps


@pytest.mark.parametrize("variant", sorted({cell[0] for cell in cells() if "accepted" not in cell[0]}))
def test_nothing_of_a_jobbtorg_case_fits_a_case_that_is_only_a_teams(variant: str) -> None:
    case = judging.finsam_case(person_key=judging.key_of(persons.ASTA))
    # Nobody is responsible there, so already the addresses lead to nobody.
    expected = {"attendance.corrected+force", "case.transferred/sent"}
    assert outcome(send(variant, case)) == ("STATE_CONFLICT" if variant in expected else "RECIPIENT_NOT_ALLOWED")


def test_a_referral_opens_a_case_and_gives_responsibility() -> None:
    case = send("referral.submitted", None).case
    assert case is not None
    assert (case.state, case.responsible_stadsdel, case.responsible_jobbtorg) == ("referred", "sd-farsta", "jt-sydost")
    assert case.parties == {"sd-farsta", "jt-sydost"}
    assert case.reporting_request is not None
    assert case.reporting_request.items == {"attendance", "activity", "closing"}


def test_a_version_in_force_stays_until_the_next_one_is_approved() -> None:
    case = judging.case("active", plans=judging.plans(1, 1))
    proposed = send("plan.proposed", case).case
    assert proposed is not None
    assert proposed.plans[judging.PLAN_ID] == PlanChain(latest=2, in_force=1)
    returned = judge(
        "plan.decided",
        case=proposed,
        consents=[judging.consent()],
        content=VARIANTS["plan.decided/returned"] | {"version": 2},
    ).case
    assert returned is not None
    assert returned.state == "active"  # the work goes on under the first version
    assert returned.plans[judging.PLAN_ID] == PlanChain(latest=2, in_force=1)


def test_an_approved_version_enters_into_force() -> None:
    case = judging.case("plan-awaiting-approval", plans=judging.plans(2, 1))
    decided = judge("plan.decided", case=case, consents=[judging.consent()], content={"version": 2}).case
    assert decided is not None
    assert decided.plans[judging.PLAN_ID] == PlanChain(latest=2, in_force=2)


@pytest.mark.parametrize(("version", "expected"), [(1, "STALE_VERSION"), (2, "accepted"), (3, "STALE_VERSION")])
def test_only_the_newest_version_is_decided_on(version: int, expected: str) -> None:
    case = judging.case("plan-awaiting-approval", plans=judging.plans(2))
    decision = judge("plan.decided", case=case, consents=[judging.consent()], content={"version": version})
    assert outcome(decision) == expected


@pytest.mark.parametrize(("version", "expected"), [(1, "STALE_VERSION"), (2, "accepted"), (3, "STALE_VERSION")])
def test_a_proposal_is_the_next_version(version: int, expected: str) -> None:
    case = judging.case("active", plans=judging.plans(1, 1))
    decision = judge("plan.proposed", case=case, consents=[judging.consent()], content={"version": version})
    assert outcome(decision) == expected


# -- who may move it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "state", "sender"),
    [
        ("plan.decided/approved", "plan-awaiting-approval", "sd-skarpnack"),
        ("referral.answered/yes", "referred", "jt-jarva"),
        ("enrolment.confirmed", "appointment-offered", "jt-jarva"),
        ("plan.proposed", "active", "jt-jarva"),
        ("case.closed", "active", "jt-jarva"),
    ],
)
def test_being_a_party_is_not_enough_to_move_a_case(variant: str, state: str, sender: str) -> None:
    case = judging.case(state, plans=judging.plans(1), parties=EVERYBODY)
    assert outcome(send(variant, case, sender)) == "SENDER_NOT_ALLOWED"
    assert outcome(send(variant, case)) == "accepted"


def test_a_party_in_the_wrong_state_is_refused_as_sender_and_learns_no_state() -> None:
    case = judging.case("closed", plans=judging.plans(1), parties=EVERYBODY)
    assert outcome(send("plan.decided/approved", case, "sd-skarpnack")) == "SENDER_NOT_ALLOWED"


@pytest.mark.parametrize("type_name", ["enrolment.confirmed", "case.closed"])
def test_only_the_responsible_jobbtorg_tells_af_of_a_case(type_name: str) -> None:
    state = "enrolled" if type_name == "enrolment.confirmed" else "closed"
    case = judging.case(state, parties=EVERYBODY)
    consent = judging.consent(judging.edge("amn", "af"), purpose="af_coordination", recorded_by="jt-sydost")
    parts: dict[str, Any] = {
        "handling": {"purpose": "af_coordination"},
        "to": [{"unit": "af-stockholm"}],
        "basis": [("af", "CONSENT", None)],
    }
    assert outcome(judge(type_name, "jt-jarva", case=case, consents=[consent], **parts)) == "SENDER_NOT_ALLOWED"
    assert outcome(judge(type_name, "jt-sydost", case=case, consents=[consent], **parts)) == "accepted"


# -- FINSAM ----------------------------------------------------------------------------------------------------------

FINSAM = judging.consent(
    *judging.both_ways("fk", "amn"),
    *judging.both_ways("fk", "af"),
    *judging.both_ways("amn", "af"),
    *judging.both_ways("fk", "sdn-farsta"),
    *judging.both_ways("amn", "sdn-farsta"),
    person=persons.JONNA,
    purpose="finsam_joint_planning",
    recorded_by="fk-stockholm",
)


def plan_together(case: Case, sender: str = "team-sydost", **content: Any) -> Any:
    return judge(
        "finsam.joint-plan-recorded", sender, case=case, person=persons.JONNA, consents=[FINSAM], content=content
    )


@pytest.mark.parametrize(
    ("finsam_state", "expected"), [(None, "STATE_CONFLICT"), ("accepted", "accepted"), ("planned", "accepted")]
)
def test_a_joint_plan_follows_a_question_to_the_team(finsam_state: str | None, expected: str) -> None:
    plans = {} if finsam_state != "planned" else {"5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0010": PlanChain(1, 1)}
    decision = plan_together(judging.finsam_case(finsam_state, plans=plans), version=2 if plans else 1)
    assert outcome(decision) == expected


def test_a_question_to_a_team_is_asked_once_in_a_case() -> None:
    case = judging.finsam_case("initiated")
    decision = judge("finsam.case-initiated", case=case, person=persons.JONNA, consents=[FINSAM])
    assert outcome(decision) == "STATE_CONFLICT"


def test_a_question_joins_the_case_that_it_names() -> None:
    case = judging.case("active", person_key=judging.key_of(persons.JONNA), parties=EVERYBODY | {"fk-stockholm"})
    decision = judge("finsam.case-initiated", case=case, person=persons.JONNA, consents=[FINSAM])
    assert outcome(decision) == "accepted"
    joined = decision.case
    assert (joined.state, joined.finsam_state, joined.team) == ("active", "initiated", "team-sydost")
    assert joined.responsible_stadsdel == "sd-farsta"


def test_another_team_does_not_plan_in_this_teams_case() -> None:
    case = judging.finsam_case(parties=frozenset({"team-sydost", "team-jarva", "fk-stockholm"}))
    assert outcome(plan_together(case, "team-jarva")) == "SENDER_NOT_ALLOWED"


def test_a_joint_plan_needs_the_participant_and_a_lead_that_agreed() -> None:
    case = judging.finsam_case()
    assert outcome(plan_together(case, participant_present=False)) == "PARTICIPANT_ABSENT"
    assert outcome(plan_together(case, lead_party="rg")) == "SCHEMA_INVALID"
    assert outcome(plan_together(case, version=2)) == "STALE_VERSION"


def test_a_message_about_a_consent_moves_no_case() -> None:
    case = judging.case("closed", closed_at=judging.NOON)
    edges = events.both_ways("sdn-farsta", "amn")
    decision = judge("consent.recorded", case=case, content={"edges": edges})
    assert decision.case == case


def test_nothing_moves_without_its_effects_being_pure() -> None:
    before = judging.case("enrolled")
    kept = replace(before)
    send("plan.proposed", before)
    assert before == kept


def test_every_effect_in_the_rules_has_a_function() -> None:
    used = {effect for step in judging.rules().lifecycle.transitions.values() for effect in step.effects}
    assert used <= set(effects.EFFECTS)


def test_a_plan_without_a_period_is_measured_by_its_activities() -> None:
    case = judging.case("enrolled")
    fitting = judge("plan.proposed", case=case, consents=[judging.consent()], content={"period": None})
    assert outcome(fitting) == "accepted"
    activities = events.data("plan.proposed", at=judging.NOON)["content"]["activities"]
    activities[1]["planned_end"] = "2026-12-31"
    content = {"period": None, "activities": activities, "deviations": None}
    assert outcome(judge("plan.proposed", case=case, consents=[judging.consent()], content=content)) == "SCHEMA_INVALID"


@pytest.mark.parametrize(
    ("ends", "deviations", "expected"),
    [
        ("2026-08-16", None, "accepted"),
        ("2026-08-17", None, "SCHEMA_INVALID"),
        ("2026-08-17", [{"kind": "other", "ground": "Längre kurs."}], "SCHEMA_INVALID"),
        ("2026-08-17", [{"kind": "gt_6_months", "ground": "Längre kurs."}], "accepted"),
        ("2026-02-15", [{"kind": "gt_6_months", "ground": "Längre kurs."}], "SCHEMA_INVALID"),
    ],
)
def test_a_plan_is_six_months_or_says_why_it_is_longer(ends: str, deviations: Any, expected: str) -> None:
    content = {"period": {"from": "2026-02-16", "to": ends}, "deviations": deviations}
    decision = judge("plan.proposed", case=judging.case("enrolled"), consents=[judging.consent()], content=content)
    assert outcome(decision) == expected
