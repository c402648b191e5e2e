"""Golden rows: one field, one recipient, seen or not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from routing import decision as decisions
from routing.case import Case
from routing.decision import Decision
from tests.support import events, fitting, judging, tables

ROWS = tables.rows("golden")


def decide(row: dict[str, Any]) -> tuple[Decision, str]:
    kind = row["to"]
    sender, recipient = fitting.pairs(row["from"], kind)[0]
    asked = fitting.message(row["type"], sender, recipient, kind, fitting.variants(row["type"])[0])
    purpose = row.get("purpose", asked.purpose)
    asked = fitting.asking(asked, purpose=purpose, claims=[(kind, row.get("basis", "CONSENT"))])
    assert asked.message_type.faults(asked.data) == ()
    route = judging.rules().types[asked.type].find_route(row["from"], asked.data)
    case = None
    if asked.subject is not None and route is not None:
        case = given(fitting.case(asked, recipient, *fitting.states(asked, route)), row)
    holder = authority_of(sender)
    agreed = judging.consent(
        *(judging.edge(holder, name, row["consent"].split()) for name in sorted(map(authority_of, fitting.EVERYBODY))),
        purpose=row.get("consent_for", purpose),
    )
    known = fitting.situation(asked, recipient, kind, case, [agreed] if row["consent"] else [])
    return decisions.decide(asked, known, judging.directory(), judging.rules()), recipient


def authority_of(unit: str) -> str:
    return judging.directory().find_authority(unit) or unit


def given(case: Case, row: dict[str, Any]) -> Case:
    if "request_until" in row:
        case = replace(case, reporting_request=judging.request(row["request_until"]))
    commissioned = row.get("commissioned", True)
    in_force = {
        plan: tuple(replace(activity, commissioned_by_af=commissioned) for activity in activities)
        for plan, activities in case.memory.in_force.items()
    }
    return replace(case, memory=replace(case.memory, in_force=in_force))


def lookup(copy: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/"):
        if isinstance(copy, list):
            copy = copy[int(part)] if int(part) < len(copy) else None
        else:
            copy = copy.get(part) if isinstance(copy, dict) else None
    return copy


def is_shown(copy: Any, place: str) -> bool:
    """A place with its value; or words, which may stand anywhere."""
    if place.startswith("/"):
        pointer, has_value, value = place.partition(" = ")
        found = lookup(copy, pointer)
        return found is not None and (not has_value or str(found) == value)
    return place.casefold() in json.dumps(copy["content"], ensure_ascii=False).casefold()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_recipient_sees_what_was_agreed(row: dict[str, Any]) -> None:
    decision, recipient = decide(row)
    if "refused" in row:
        assert judging.outcome(decision) == row["refused"]
        assert not any(ruling.discloses for ruling in decision.rulings)
        return
    assert judging.outcome(decision) == "accepted"
    copy = judging.ruling(decision, recipient).copy
    assert [place for place in row.get("shows", ()) if not is_shown(copy, place)] == []
    assert [place for place in row.get("hides", ()) if is_shown(copy, place)] == []


@pytest.mark.parametrize("row", [row for row in ROWS if "hides" in row], ids=lambda row: row["id"])
def test_what_is_hidden_was_in_the_message(row: dict[str, Any]) -> None:
    # A row that hides what was never there would prove nothing.
    body = events.data(row["type"], at=fitting.LATER)
    present = [place for place in row["hides"] if is_shown(body, place)]
    assert present or row["type"] == "provider.order-placed"
