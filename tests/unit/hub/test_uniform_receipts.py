"""What the law sends unasked gets one receipt: its sender cannot tell whether the person is known at the stadsdel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub import clock
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.service import Hub
from hub.store.records import AuditQuery, MessageKey
from tests.support import events, office, persons

STATUTORY = [("af.status-notified", "af-stockholm", "SOL_15_11"), ("fk.benefit-notified", "fk-stockholm", "SOL_15_10")]


def body(hub: Hub, name: str, code: str, person: persons.Person) -> Any:
    to = [{"unit": "sd-farsta"}]
    return events.data(name, at=hub.clock.now(), person=person, to=to, basis=[("sd", code, None)])


def bare(receipt: Any) -> Any:
    return {name: value for name, value in receipt.items() if name not in ("id", "log", "recordedtime")}


@pytest.mark.parametrize(("name", "unit", "code"), STATUTORY)
async def test_the_receipt_is_the_same_whether_the_person_is_known(hub: Hub, name: str, unit: str, code: str) -> None:
    await office.refer(hub)
    known = await office.send(hub, name, unit, body(hub, name, code, persons.ASTA))
    unknown = await office.send(hub, name, unit, body(hub, name, code, persons.BO))
    assert isinstance(known, Accepted)
    assert isinstance(unknown, Accepted)
    assert bare(known.receipt) == bare(unknown.receipt)
    assert known.receipt["case"] is None
    assert [row["delivery"] for row in known.receipt["recipients"]] == [None]


async def test_only_the_stadsdel_with_the_case_gets_it(hub: Hub) -> None:
    await office.refer(hub)
    for person in (persons.ASTA, persons.BO):
        await office.send(hub, *STATUTORY[0][:2], body(hub, "af.status-notified", "SOL_15_11", person))
    types = [claim.type for claim in await hub.list_inbox("sd-farsta", limit=10)]
    assert types.count("af.status-notified") == 1


async def test_of_somebody_unknown_nothing_of_the_body_is_kept(hub: Hub) -> None:
    answer = await office.send(hub, *STATUTORY[0][:2], body(hub, "af.status-notified", "SOL_15_11", persons.BO))
    assert isinstance(answer, Accepted)
    key = MessageKey("/units/af-stockholm", answer.receipt["id"])
    assert list(hub.reader.find_messages([key])) == [key]
    assert hub.reader.list_deliveries(key) == []
    person_key = hub.vault.person_key(persons.BO.number)
    assert hub.reader.find_data_keys([f"person:{person_key}"]) == {}
    (row,) = hub.reader.list_audit(AuditQuery(message_id=key.message_id))
    assert (row.action, row.code) == ("message_refused", "COULD_NOT_BE_DELIVERED")


@pytest.mark.parametrize("person", [persons.ASTA, persons.BO])
async def test_sending_again_is_answered_alike_too(hub: Hub, person: persons.Person) -> None:
    await office.refer(hub)
    data, message_id = body(hub, "af.status-notified", "SOL_15_11", person), events.new_id()
    first = await office.send(hub, "af.status-notified", "af-stockholm", data, id=message_id)
    again = await office.send(hub, "af.status-notified", "af-stockholm", data, id=message_id)
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert again.duplicate
    assert again.receipt == first.receipt
    other = body(hub, "af.status-notified", "SOL_15_11", persons.CAI)
    assert (
        office.outcome(await office.send(hub, "af.status-notified", "af-stockholm", other, id=message_id))
        == "DUPLICATE"
    )


@pytest.mark.parametrize("person", [persons.ASTA, persons.BO])
async def test_a_faulty_message_is_refused_alike(hub: Hub, person: persons.Person) -> None:
    await office.refer(hub)
    data = body(hub, "af.status-notified", "SOL_15_11", person)
    data["handling"]["basis"] = []
    answer = await office.send(hub, "af.status-notified", "af-stockholm", data)
    assert isinstance(answer, NotAccepted)
    assert answer.refusal.code == "NO_BASIS"


@pytest.mark.parametrize("person", [persons.ASTA, persons.BO])
async def test_that_nobody_opened_it_is_not_told_either(hub: Hub, person: persons.Person) -> None:
    """Only a copy can lie unopened: to hear of one would tell that the person is known there."""
    await office.refer(hub)
    await office.send(hub, *STATUTORY[0][:2], body(hub, "af.status-notified", "SOL_15_11", person))
    assert isinstance(hub.clock, clock.FixedClock)
    for days in (6, 26):
        hub.clock.advance(timedelta(days=days))
        await hub.sweep.sweep()
    assert [claim.type for claim in await hub.list_inbox("af-stockholm", limit=10) if claim.type == "hub.refused"] == []
    states = hub.reader.count_by_state()
    assert states.get("expired", 0) >= (1 if person is persons.ASTA else 0)
