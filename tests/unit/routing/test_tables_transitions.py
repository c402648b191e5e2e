"""The agreed life of a case, row by row, and every message in every state that no row names."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from routing import decision as decisions
from routing.case import Case, PlanChain, Transfer
from routing.decision import Decision
from routing.message import Message
from tests.support import fitting, judging, tables

TABLE = tomllib.loads((tables.FOLDER / "transitions.toml").read_text(encoding="utf-8"))
LIFE = judging.rules().lifecycle
OPEN = LIFE.states - LIFE.final_states


def states_of(names: str) -> list[str | None]:
    if names == "open":
        return [*sorted(OPEN)]
    return [None if name == "none" else name for name in names.split()]


ROWS = [
    (row["step"], state, name, row)
    for row in TABLE["rows"]
    for name in row["message"].split()
    for state in states_of(row["from"])
]


def send(name: str) -> tuple[Message, str, str]:
    """The message, and the unit and kind of its recipient."""
    spec = TABLE["message"][name]
    content = {**spec.get("content", {}), **dict.fromkeys(spec.get("without", ()))}
    sender, recipient = fitting.pairs(spec["from"], spec["to"])[0]
    asked = fitting.message(spec["type"], sender, recipient, spec["to"], content)
    purpose = "finsam_joint_planning" if "machine" in spec else asked.purpose
    asked = fitting.asking(
        asked, purpose=purpose, claims=[(kind, "CONSENT") for kind in fitting.UNITS if kind != "hub"]
    )
    assert asked.message_type.faults(asked.data) == ()
    return asked, recipient, spec["to"]


def before(asked: Message, recipient: str, name: str, state: str | None, given: dict[str, Any]) -> Case:
    finsam = TABLE["message"][name].get("machine") == "finsam"
    case = fitting.case(asked, recipient, None if finsam else state, state if finsam else None)
    plan_id, memory = str(asked.content.get("plan_id", judging.PLAN_ID)), case.memory
    latest = given.get("latest", asked.content.get("version", 1))
    activities = memory.in_force[plan_id]
    memory = replace(
        memory,
        in_force={plan_id: activities} if given.get("activities", True) else {},
        proposed={plan_id: activities} if given.get("waits", False) else {},
        contact_attempts=given.get("attempts", 0),
        reviews_without_plan=given.get("reviews", 0),
        interrupted_on=given.get("interrupted"),
        initiator=given.get("initiator"),
    )
    if "transfer" in given:
        pending = Transfer(asked.content["from_unit"], asked.content["to_unit"])
        memory = replace(memory, transfer=pending if given["transfer"] else None)
    force = (latest or 1) if given.get("in_force", True) else None
    return replace(case, plans={plan_id: PlanChain(latest, force)}, memory=memory)


def decide(asked: Message, recipient: str, kind: str, case: Case) -> Decision:
    directory = judging.directory()
    holder = directory.find_authority(asked.sender)
    assert holder is not None
    names = {directory.find_authority(unit) or unit for unit in fitting.EVERYBODY}
    agreed = judging.consent(*(judging.edge(holder, name) for name in sorted(names)), purpose=asked.purpose)
    known = fitting.situation(asked, recipient, kind, case, [agreed])
    return decisions.decide(asked, known, directory, judging.rules())


def seen(case: Case, decision: Decision, plan_id: str) -> dict[str, Any]:
    """What `then` may speak of, as it is afterwards."""
    chain, memory = case.plans.get(plan_id, PlanChain()), case.memory
    return {
        "latest": chain.latest,
        "in_force": chain.in_force is not None,
        "waits": plan_id in memory.proposed,
        "attempts": memory.contact_attempts,
        "reviews": memory.reviews_without_plan,
        "started": sorted(memory.started),
        "lessons": len(memory.lessons),
        "orders": sorted(memory.orders),
        "interrupted": memory.interrupted_on or "",
        "transfer": memory.transfer is not None,
        "initiator": memory.initiator,
        "team": case.team,
        "responsible": case.responsible_stadsdel,
        "closed": case.closed_at is not None,
        "ends_consents": decision.ends_consents,
    }


@pytest.mark.parametrize(("step", "state", "name", "row"), ROWS)
def test_a_message_does_to_a_case_what_was_agreed(step: str, state: str | None, name: str, row: dict[str, Any]) -> None:
    asked, recipient, kind = send(name)
    case = before(asked, recipient, name, state, row.get("given", {}))
    decision = decide(asked, recipient, kind, case)
    if "refused" in row:
        assert judging.outcome(decision) == row["refused"]
        assert decision.case is None
        return
    assert judging.outcome(decision) == "accepted"
    assert decision.case is not None
    finsam = LIFE.transitions[step].machine == "finsam"
    assert (decision.case.finsam_state if finsam else decision.case.state) == row.get("to", state)
    found = seen(decision.case, decision, str(asked.content.get("plan_id", judging.PLAN_ID)))
    expected = row.get("then", {})
    assert {key: found[key] for key in expected} == expected


def unlisted() -> list[tuple[str, str]]:
    found = []
    for name, spec in TABLE["message"].items():
        machine = LIFE.finsam_states if spec.get("machine") == "finsam" else LIFE.states
        listed = {state for _, state, label, _ in ROWS if label == name}
        found += [(name, state) for state in sorted(machine - listed)]
    return found


@pytest.mark.parametrize(("name", "state"), unlisted())
def test_what_no_row_names_is_refused_and_changes_nothing(name: str, state: str) -> None:
    asked, recipient, kind = send(name)
    case = before(asked, recipient, name, state, {})
    kept = replace(case)
    decision = decide(asked, recipient, kind, case)
    assert judging.outcome(decision) == "STATE_CONFLICT"
    assert decision.case is None
    assert not decision.ends_consents
    assert case == kept


def test_every_step_has_a_row_and_every_row_a_step() -> None:
    rows = {row["step"] for row in TABLE["rows"] if "refused" not in row}
    assert rows | {"t1"} == set(LIFE.transitions)


@pytest.mark.parametrize("step", sorted(LIFE.transitions.keys() - {"t1"}))
def test_a_step_begins_in_no_state_but_those_agreed(step: str) -> None:
    agreed = {state for name, state, _, row in ROWS if name == step and "refused" not in row} - {None}
    assert LIFE.transitions[step].source == agreed


@pytest.mark.parametrize("name", sorted(judging.rules().types))
def test_a_type_moves_cases_or_is_listed_as_still(name: str) -> None:
    moving = {spec["type"] for spec in TABLE["message"].values()} | {TABLE["opens"]}
    still = {each for row in TABLE["still"] for each in row["types"].split()}
    assert (name in moving) != (name in still)
    moves = [step for route in judging.rules().types[name].routes for step in route.moves]
    assert bool(moves) == (name in moving)


@pytest.mark.parametrize("row", TABLE["still"], ids=lambda row: row["types"])
def test_what_moves_nothing_is_taken_in_the_agreed_states(row: dict[str, str]) -> None:
    for name in row["types"].split():
        for route in judging.rules().types[name].routes:
            if route.purpose != "finsam_joint_planning":
                assert route.within == set(row.get("within", "").split()), name
            elif "within_finsam" in row:
                assert route.within_finsam == set(row["within_finsam"].split()), name


def test_a_second_referral_of_the_same_stadsdel_is_refused() -> None:
    again = judging.judge("referral.submitted", consents=[judging.consent()], open_cases=[judging.case("active")])
    assert judging.outcome(again) == "DUPLICATE_CASE"


def test_a_referral_after_a_closed_case_opens_another_that_knows_of_it() -> None:
    closed = judging.case("closed", case_id="44444444-4444-4444-8444-444444444444", closed_at=fitting.CLOSED)
    decision = judging.judge("referral.submitted", consents=[judging.consent()], open_cases=[closed])
    assert decision.case is not None
    assert (decision.case.state, decision.case.memory.previous_case_id) == ("referred", closed.case_id)
    assert decision.case.opened_at.date() == date(2026, 3, 2)
