"""What comes in wrong: every row has its verdict, and no answer repeats what was sent."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from routing import decision as decisions
from routing.case import Case, Transfer
from routing.message import Message
from schemas import personal_number, strict_json
from tests.support import fitting, judging, tables

KINDS = {"referral.submitted": ("sd", "jt"), "plan.decided": ("sd", "jt"), "mapping.shared": ("sd", "jt")}
TRANSFER = ("sd", "sd")


def ids(row: dict[str, Any]) -> str:
    return f"{row['case']} {row['say']}"


@pytest.mark.parametrize("row", tables.rows("bad_inputs", "number"), ids=ids)
def test_a_number_is_read_or_refused_without_being_repeated(row: dict[str, Any]) -> None:
    if row["verdict"] == "accepted":
        personal_number.parse(row["text"], allow_test=True, today=judging.TODAY)
        return
    with pytest.raises(personal_number.PersonIdInvalid) as refused:
        personal_number.parse(row["text"], allow_test=True, today=judging.TODAY)
    assert row["text"] not in f"{refused.value!r} {refused.value}"


@pytest.mark.parametrize("row", tables.rows("bad_inputs", "text"), ids=ids)
def test_bytes_are_read_in_one_way_or_not_at_all(row: dict[str, Any]) -> None:
    times = row.get("times", 1)
    given = row["bytes"] * times + row.get("end", "") * times
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), given.encode())
    try:
        value = strict_json.loads(raw)
    except strict_json.NotJson:
        assert row["verdict"] == "SCHEMA_INVALID"
    else:
        assert (row["verdict"], value) == ("accepted", row["reads"])


def changed(row: dict[str, Any], asked: Message) -> Message:
    body = copy.deepcopy(dict(asked.data))
    for pointer, value in row.get("set", {}).items():
        holder, name = place(body, pointer)
        holder[name] = value
    for pointer in row.get("without", ()):
        holder, name = place(body, pointer)
        del holder[name]
    return replace(asked, data=body, sender=row.get("sender", asked.sender))


def place(body: Any, pointer: str) -> tuple[Any, str]:
    *parents, name = pointer.strip("/").split("/")
    for part in parents:
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body, name


def verdict(row: dict[str, Any]) -> str:
    name = row.get("type", "referral.submitted")
    sender_kind, kind = TRANSFER if name == "case.transferred" else KINDS.get(name, ("jt", "sd"))
    sender, recipient = fitting.pairs(sender_kind, kind)[0]
    at = judging.NOON if name == "referral.submitted" else fitting.LATER
    if name == "referral.submitted":
        asked = judging.message(name, sender, at=at, basis=[(kind, "CONSENT", None)])
    else:
        asked = fitting.message(name, sender, recipient, kind, fitting.variants(name)[0])
        asked = fitting.asking(asked, purpose=asked.purpose, claims=[(kind, "CONSENT")])
    asked = changed(row, asked)
    if "person" in row:
        number = personal_number.parse(row["person"], allow_test=True, today=judging.TODAY)
        asked = replace(asked, born_on=number.born_on)
    if asked.message_type.faults(asked.data):
        return "SCHEMA_INVALID"
    case = case_for(asked, recipient, row) if asked.subject is not None else None
    directory = judging.directory()
    names = [directory.find_authority(unit) or unit for unit in (asked.sender, recipient)]
    agreed = judging.consent(*judging.both_ways(*names), purpose=asked.purpose)
    known = replace(fitting.situation(asked, recipient, kind, case, [agreed]), at=at, accepted_at=at)
    return judging.outcome(decisions.decide(asked, known, directory, judging.rules()))


def case_for(asked: Message, recipient: str, row: dict[str, Any]) -> Case:
    state = {"plan.proposed": "enrolled", "plan.decided": "plan-awaiting-approval"}.get(asked.type, "active")
    case = fitting.case(asked, recipient, state, None)
    if "pending" not in row:
        return case
    return replace(case, memory=replace(case.memory, transfer=Transfer(asked.sender, row["pending"])))


@pytest.mark.parametrize("row", tables.rows("bad_inputs", "message"), ids=ids)
def test_a_message_with_something_wrong_gets_its_verdict(row: dict[str, Any]) -> None:
    assert verdict(row) == row["verdict"]


@pytest.mark.parametrize(
    "name", sorted({row.get("type", "referral.submitted") for row in tables.rows("bad_inputs", "message")})
)
def test_without_the_change_each_message_is_accepted(name: str) -> None:
    assert verdict({"type": name}) == "accepted"
