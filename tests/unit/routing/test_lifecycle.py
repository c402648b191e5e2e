"""The life of a case: what each message does in each state. What the table does not list changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from routing import lifecycle, preconditions
from routing.case import Case, PlanChain
from tests.support import events, judging, persons
from tests.support.judging import judge, outcome

# message (with what decides between two steps) -> state -> state afterwards. A dot: STATE_CONFLICT.
TABLE = """
                         referred             returned appointment-offered enrolled                planning                plan-awaiting-approval active                  closed
referral.answered/yes    appointment-offered  .        .                   .                       .                       .                      .                       .
referral.answered/no     returned             .        .                   .                       .                       .                      .                       .
enrolment.confirmed      .                    .        enrolled            .                       .                       .                      .                       .
plan.proposed            .                    .        .                   plan-awaiting-approval  plan-awaiting-approval  .                      plan-awaiting-approval  .
plan.decided/approved    .                    .        .                   .                       .                       active                 .                       .
plan.decided/changed     .                    .        .                   .                       .                       active                 .                       .
plan.decided/returned    .                    .        .                   .                       .                       planning               .                       .
case.closed              .                    .        .                   closed                  closed                  closed                 closed                  .
"""  # noqa: E501 - a table is read across

VARIANTS: dict[str, dict[str, Any]] = {
    "referral.answered/yes": {"decision": "accepted"},
    "referral.answered/no": {"decision": "returned", "return_reason": "incomplete", "appointment": None},
    "plan.proposed": {"version": 2},
    "plan.decided/approved": {"decision": "approved"},
    "plan.decided/changed": {"decision": "approved_with_change"},
    "plan.decided/returned": {"decision": "returned", "returned_reason": "too_long"},
}


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in TABLE.strip("\n").splitlines()]
    return [(row[0], state, target) for row in rows for state, target in zip(head, row[1:], strict=True)]


def send(variant: str, case: Case | None, sender: str | None = None) -> Any:
    content = VARIANTS.get(variant, {})
    return judge(variant.partition("/")[0], sender, case=case, consents=[judging.consent()], content=content)


@pytest.mark.parametrize(("variant", "state", "target"), cells())
def test_every_message_in_every_state(variant: str, state: str, target: str) -> None:
    before = judging.case(state, plans=judging.plans(1))
    decision = send(variant, before)
    if target == ".":
        assert outcome(decision) == "STATE_CONFLICT"
        assert decision.case is None
    else:
        assert outcome(decision) == "accepted"
        assert decision.case is not None
        assert decision.case.state == target
        assert (decision.case.closed_at is not None) == (target in ("returned", "closed"))


def test_the_table_here_speaks_of_every_state_and_every_type_that_moves_a_case() -> None:
    steps = [step for step in judging.rules().lifecycle.transitions.values() if step.machine == "case" and step.source]
    known = {variant.partition("/")[0] for variant, _, _ in cells()}
    packaged = {
        name for name in known | {step.type for step in steps} if judging.rules().files.get(name) == "types.toml"
    }
    assert packaged == known
    assert {state for _, state, _ in cells()} == judging.rules().lifecycle.states


@pytest.mark.parametrize("variant", sorted({cell[0] for cell in cells()}))
def test_nothing_of_a_jobbtorg_case_fits_a_case_that_is_only_a_teams(variant: str) -> None:
    # Nobody is responsible there, so already the addresses lead to nobody.
    case = judging.finsam_case(person_key=judging.key_of(persons.ASTA))
    assert outcome(send(variant, case)) == "RECIPIENT_NOT_ALLOWED"


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

EVERYBODY = frozenset({"sd-farsta", "jt-sydost", "sd-skarpnack", "jt-jarva", "af-stockholm"})


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
    ("finsam_state", "expected"), [(None, "STATE_CONFLICT"), ("initiated", "accepted"), ("planned", "accepted")]
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
    assert used <= set(lifecycle.EFFECTS)


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


def test_six_months_from_the_last_of_august_end_in_february() -> None:
    assert preconditions.months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert preconditions.months_after(date(2027, 8, 31), 6) == date(2028, 2, 29)
