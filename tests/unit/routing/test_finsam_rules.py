"""The team of handläggare: the life of its case, who is told what, and what a case without a name may carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing import retention
from routing.case import Case, PlanChain
from routing.decision import Decision
from routing.refusals import RefusalCode
from tests.support import judging, persons
from tests.support.judging import edge, judge, outcome, ruling

PLAN = "5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0010"
PARTIES = ("amn", "sdn-farsta", "af", "fk", "rg")
FINSAM = judging.consent(
    *(edge(one, other) for one in PARTIES for other in PARTIES if one != other),
    person=persons.JONNA,
    purpose="finsam_joint_planning",
    recorded_by="fk-stockholm",
)
SEATS = [{"team": "team-sydost", "seat": kind} for kind in ("sd", "jt", "af", "fk")]
TEAM = [{"team": "team-sydost"}]

# message (with what decides between two steps) -> state -> state afterwards. A dot: STATE_CONFLICT.
TABLE = """
                      initiated          complete-requested accepted       meeting-called planned      following-up closed declined cancelled
case-initiated        .                  initiated          .              .              .            .            .      .        .
case-screened/yes     accepted           .                  .              .              .            .            .      .        .
case-screened/more    complete-requested .                  .              .              .            .            .      .        .
case-screened/no      declined           declined           declined       .              .            .            .      .        .
meeting-called        .                  .                  meeting-called meeting-called planned      following-up .      .        .
joint-plan-recorded   .                  .                  planned        planned        planned      planned      .      .        .
followup-recorded     .                  .                  .              .              following-up following-up .      .        .
case-closed           cancelled          cancelled          cancelled      cancelled      closed       closed       .      .        .
case-closed/deceased  cancelled          cancelled          cancelled      cancelled      closed       closed       .      .        .
"""  # noqa: E501 - a table is read across

VARIANTS: dict[str, dict[str, Any]] = {
    "case-screened/more": {"decision": "complete_request", "missing": ["consent"], "seats_called": None},
    "case-screened/no": {"decision": "declined", "declined_reason": "one_party_enough", "seats_called": None},
    "joint-plan-recorded": {"version": 2},
    "case-closed/deceased": {"finsam_close_reason": "deceased", "hand_over_to": "none", "occupation_after": None},
}


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in TABLE.strip("\n").splitlines()]
    return [(row[0], state, target) for row in rows for state, target in zip(head, row[1:], strict=True)]


def team_case(state: str = "planned", **changes: Any) -> Case:
    """A case of Jonna in the team of Sydost, brought by Försäkringskassan, with one joint plan."""
    changes.setdefault("plans", {PLAN: PlanChain(1, 1)})
    return judging.finsam_case(state, **{"responsible_stadsdel": "sd-farsta", **changes})


def send(variant: str, case: Case | None, sender: str | None = None, **parts: Any) -> Decision:
    name = f"finsam.{variant.partition('/')[0]}"
    opening = name == "finsam.case-initiated"
    parts["content"] = VARIANTS.get(variant, {}) | parts.get("content", {})
    defaults: dict[str, Any] = {"person": persons.JONNA, "consents": [FINSAM], "to": TEAM if opening else SEATS}
    return judge(name, sender or ("fk-stockholm" if opening else "team-sydost"), case=case, **defaults | parts)


def reached(decision: Decision) -> set[str]:
    return {each.unit for each in decision.rulings if each.discloses}


# -- the life of the team's case -------------------------------------------------------------------------------------


def test_a_question_to_the_team_takes_up_a_case_that_a_jobbtorg_has_closed_and_its_time_begins_anew() -> None:
    """Gallring counts from the last closing, and never erases what the team works with."""
    kept = judging.rules().retention
    earlier = judging.NOON - timedelta(days=80)
    parties = frozenset({"sd-farsta", "jt-sydost"})
    case = judging.case("closed", person_key=judging.key_of(persons.JONNA), parties=parties, closed_at=earlier)
    was_due = retention.case_term(case, has_bodies=False, rules=kept)
    assert was_due is not None
    taken = send("case-initiated", case, "jt-sydost").case
    assert taken is not None
    assert (taken.state, taken.finsam_state, taken.closed_at) == ("closed", "initiated", None)
    assert retention.case_term(taken, has_bodies=False, rules=kept) is None
    ended = send("case-closed", replace(taken, finsam_state="planned", plans={PLAN: PlanChain(1, 1)})).case
    assert ended is not None
    assert (ended.state, ended.finsam_state, ended.closed_at) == ("closed", "closed", judging.NOON)
    due = retention.case_term(ended, has_bodies=False, rules=kept)
    assert due is not None
    assert due.at > was_due.at


@pytest.mark.parametrize(("variant", "state", "target"), cells())
def test_every_message_in_every_state(variant: str, state: str, target: str) -> None:
    decision = send(variant, team_case(state))
    if target == ".":
        assert outcome(decision) == "STATE_CONFLICT"
        assert decision.case is None
    else:
        assert outcome(decision) == "accepted"
        assert decision.case is not None
        assert decision.case.finsam_state == target
        assert decision.ends_consents == variant.endswith("deceased")
        assert (decision.case.closed_at is not None) == (target in ("closed", "declined", "cancelled"))


def test_the_table_here_speaks_of_every_state_and_every_type_that_moves_a_team_case() -> None:
    life = judging.rules().lifecycle
    steps = [step for step in life.transitions.values() if step.machine == "finsam"]
    assert {f"finsam.{variant.partition('/')[0]}" for variant, _, _ in cells()} == {step.type for step in steps}
    assert {state for _, state, _ in cells()} == life.finsam_states


def test_nothing_of_the_team_moves_the_case_at_the_jobbtorg() -> None:
    case = judging.case(
        "active",
        finsam_state="planned",
        team="team-sydost",
        person_key=judging.key_of(persons.JONNA),
        parties=frozenset({"sd-farsta", "jt-sydost", "team-sydost"}),
        plans={PLAN: PlanChain(1, 1)},
    )
    closed = send("case-closed", case).case
    assert closed is not None
    assert (closed.state, closed.finsam_state) == ("active", "closed")
    assert closed.closed_at is None


@pytest.mark.parametrize("variant", ["case-screened/yes", "meeting-called", "case-closed"])
@pytest.mark.parametrize("sender", ["fk-stockholm", "sd-farsta", "jt-sydost"])
def test_only_the_coordinator_screens_calls_and_closes(variant: str, sender: str) -> None:
    assert outcome(send(variant, team_case("initiated"), sender)) == "SENDER_NOT_ALLOWED"


@pytest.mark.parametrize("variant", ["meeting-called", "followup-recorded", "case-closed"])
def test_the_coordinator_of_another_team_does_not_act_in_this_case(variant: str) -> None:
    parties = frozenset({"team-sydost", "team-jarva", "fk-stockholm", "sd-farsta"})
    case = team_case("planned", parties=parties)
    to = [{"team": "team-jarva", "seat": "fk"}]
    assert outcome(send(variant, case, "team-jarva", to=to)) == "SENDER_NOT_ALLOWED"


def test_what_is_completed_goes_back_to_the_same_team() -> None:
    case = team_case("complete-requested", plans={})
    elsewhere = send("case-initiated", case, to=[{"team": "team-jarva"}])
    assert outcome(elsewhere) == "RECIPIENT_NOT_ALLOWED"
    again = send("case-initiated", case, "sd-farsta")
    assert again.case is not None
    assert (again.case.finsam_state, again.case.team) == ("initiated", "team-sydost")


# -- who is told -----------------------------------------------------------------------------------------------------


def test_whoever_is_expected_at_the_meeting_is_called() -> None:
    decision = send("meeting-called", team_case("accepted"), to=[{"team": "team-sydost", "seat": "fk"}])
    assert reached(decision) == {"fk-stockholm", "sd-farsta", "jt-sydost", "af-stockholm"}


def test_a_seat_that_the_consent_leaves_out_is_not_called_and_the_others_are() -> None:
    some = judging.consent(
        edge("amn", "fk"),
        edge("amn", "sdn-farsta"),
        person=persons.JONNA,
        purpose="finsam_joint_planning",
        recorded_by="fk-stockholm",
    )
    decision = send("meeting-called", team_case("accepted"), consents=[some])
    assert decision.accepted
    assert reached(decision) == {"fk-stockholm", "sd-farsta", "jt-sydost"}
    assert ruling(decision, "af-stockholm").code is RefusalCode.CONSENT_NOT_COVERING


@pytest.mark.parametrize("variant", ["case-screened/yes", "meeting-called", "followup-recorded", "case-closed"])
def test_a_consent_for_the_jobbtorg_is_none_for_the_team(variant: str) -> None:
    edges = [edge(one, other) for one in PARTIES for other in PARTIES if one != other]
    other = judging.consent(*edges, person=persons.JONNA, purpose="jobbtorg_planning")
    state = "initiated" if variant.startswith("case-screened") else "planned"
    decision = send(variant, team_case(state), consents=[other])
    assert reached(decision) == {"jt-sydost"}  # the coordinator's own authority


def test_what_the_person_lives_on_is_told_to_the_stadsdel_alone() -> None:
    decision = send("case-closed", team_case("planned"))
    lives_on = {"support_before", "support_after"}
    for unit in ("jt-sydost", "af-stockholm", "fk-stockholm"):
        copy = ruling(decision, unit).copy
        assert copy is not None
        assert not lives_on & set(copy["content"])
        assert copy["content"]["occupation_after"] == "neither"
    told = ruling(decision, "sd-farsta").copy
    assert told is not None and lives_on <= set(told["content"])


def test_a_case_can_be_closed_when_the_whole_consent_is_withdrawn() -> None:
    reason = {"finsam_close_reason": "consent_withdrawn"}
    decision = send("case-closed", team_case("planned"), consents=[], content=reason)
    assert decision.accepted
    assert reached(decision) == {"jt-sydost"}


def test_somebody_goes_on_with_the_person() -> None:
    with pytest.raises(AssertionError):  # no such message: the schema refuses it
        send("case-closed", team_case(), content={"hand_over_to": "none"})


# -- follow-up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "expected"), [("planned", "accepted"), ("meeting-called", "STATE_CONFLICT")])
def test_a_seat_tells_how_its_part_has_gone_and_moves_nothing(state: str, expected: str) -> None:
    to = [*TEAM, {"team": "team-sydost", "seat": "sd"}, {"team": "team-sydost", "seat": "jt"}]
    decision = send("followup-recorded", team_case(state), "fk-stockholm", to=to)
    assert outcome(decision) == expected
    if decision.accepted:
        assert reached(decision) == {"team-sydost", "sd-farsta", "jt-sydost"}
        assert decision.case is not None and decision.case.finsam_state == "planned"


def test_a_seat_does_not_write_to_another_teams_coordinator() -> None:
    decision = send("followup-recorded", team_case(), "fk-stockholm", to=[{"team": "team-jarva"}])
    assert outcome(decision) == "RECIPIENT_NOT_ALLOWED"


def test_a_plan_that_nobody_has_made_is_not_followed_up() -> None:
    assert outcome(send("followup-recorded", team_case(plans={}))) == "STALE_VERSION"


@pytest.mark.parametrize(("lead", "expected"), [("af", "accepted"), ("rg", "SCHEMA_INVALID")])
def test_a_new_lead_takes_part_in_the_case(lead: str, expected: str) -> None:
    assert outcome(send("followup-recorded", team_case(), content={"lead_changed_to": lead})) == expected


# -- without a name --------------------------------------------------------------------------------------------------


def test_a_question_without_a_name_is_screened_and_closed_without_consent() -> None:
    case = team_case("initiated", person_key=None, plans={})
    nameless: dict[str, Any] = {"person": None, "consents": [], "basis": []}
    answered = send("case-screened/yes", case, **nameless)
    assert answered.accepted
    assert {ruling(answered, unit).basis.code for unit in ("fk-stockholm", "sd-farsta")} == {"ANONYMOUS"}  # type: ignore[union-attr]
    ended = send("case-closed", answered.case, **nameless)
    assert ended.accepted
    assert set(ruling(ended, "sd-farsta").carried) == {"ST"}


@pytest.mark.parametrize("key", [judging.key_of(persons.JONNA), None])
def test_a_named_case_is_never_without_a_name(key: str | None) -> None:
    # Neither by leaving the person out of the message nor by naming one in a case that had none.
    person = None if key else persons.JONNA
    case = team_case("initiated", person_key=key, plans={})
    decision = send("case-screened/yes", case, person=person, consents=[], basis=[])
    assert reached(decision) == {"jt-sydost"}
    used = ruling(decision, "jt-sydost").basis
    assert used is not None and used.code == "OWN_UNIT"


@pytest.mark.parametrize("variant", ["meeting-called", "followup-recorded", "joint-plan-recorded"])
def test_no_other_authority_meets_or_plans_about_a_person_without_a_name(variant: str) -> None:
    case = team_case("planned", person_key=None)
    decision = send(variant, case, person=None, consents=[], basis=[])
    assert reached(decision) <= {"jt-sydost"}
