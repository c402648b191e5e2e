"""A protection that arrives during a case: the hub forgets at once, and nobody learns why from its answers."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from hub.delivery.reading import Gone
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.service import Hub
from hub.store.records import AuditQuery
from tests.support import events, office, persons

FLAG = {"protected_identity": "sekretessmarkering"}


async def protect(hub: Hub, case: str | None, unit: str = "sd-farsta", flag: str = "sekretessmarkering") -> NotAccepted:
    handling = {"protected_identity": flag}
    name = "plan.decided" if unit.startswith("sd") else "enrolment.confirmed"
    answer = await office.tell(hub, name, unit, case, handling=handling)
    assert isinstance(answer, NotAccepted)
    assert answer.refusal.code == "PROTECTED_IDENTITY"
    return answer


def rows(hub: Hub, statement: str) -> list[Any]:
    with sqlite3.connect(hub.settings.data_dir / "hub.sqlite3") as connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


async def test_bodies_keys_and_the_link_from_the_number_are_gone(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    await protect(hub, case)
    person = hub.vault.person_key(persons.ASTA.number)
    assert hub.reader.find_cases_of([person]) == {}
    assert hub.reader.find_consents(person_keys=[person]) == []
    assert hub.reader.find_data_keys([case]) == {}
    sealed = rows(hub, "SELECT length(sealed) FROM messages WHERE type NOT LIKE 'hub.%'")
    assert sealed
    assert {length for (length,) in sealed} == {0}
    assert {length for (length,) in rows(hub, "SELECT length(sealed) FROM consents")} == {0}


async def test_the_case_keeps_neither_district_nor_unit(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    await protect(hub, case)
    kept = hub.reader.find_cases([case])[case].case
    assert kept.suspended
    assert (kept.parties, kept.responsible_stadsdel, kept.responsible_jobbtorg) == (frozenset(), None, None)


async def test_the_other_parties_hear_that_people_take_over_and_nothing_else(hub: Hub) -> None:
    case, delivery, _ = await office.refer(hub)
    await protect(hub, case)
    (notice,) = await office.notices(hub, "jt-sydost", "hub.manual-handling")
    assert notice.keys() == {"case_id", "since", "routine"}
    assert (notice["case_id"], notice["routine"]) == (case, "manual")
    assert [claim.type for claim in await hub.list_inbox("jt-sydost", limit=10)] == ["hub.manual-handling"]
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_whoever_writes_of_the_case_afterwards_is_answered_as_a_stranger_is(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    await protect(hub, case)
    later = await office.tell(hub, "referral.answered", "jt-sydost", case)
    stranger = await office.tell(hub, "referral.answered", "jt-sydost", events.new_id())
    assert isinstance(later, NotAccepted)
    assert isinstance(stranger, NotAccepted)
    assert (later.refusal, later.recipients, later.faults) == (stranger.refusal, stranger.recipients, stranger.faults)
    assert later.refusal.code == "COULD_NOT_BE_DELIVERED"


async def test_an_event_without_numbers_remains(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    await protect(hub, case)
    found = [row for row in hub.reader.list_audit(AuditQuery(limit=100)) if row.action == "person_protected"]
    assert len(found) == 1
    assert persons.ASTA.number.encode() not in found[0].entry
    assert b'"cases":1' in found[0].entry


async def test_a_new_persons_protection_leaves_nothing_but_the_refusal(hub: Hub) -> None:
    before = hub.reader.audit_size()
    answer = await office.tell(hub, "referral.submitted", "sd-farsta", handling=FLAG)
    assert isinstance(answer, NotAccepted)
    assert hub.reader.audit_size() == before + 1


async def test_who_does_not_know_stops_its_own_message_and_no_more(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    await protect(hub, case, flag="unknown")
    assert isinstance(await office.tell(hub, "referral.answered", "jt-sydost", case), Accepted)


async def test_cases_with_other_districts_end_too(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    handling = FLAG
    answer = await office.tell(hub, "referral.submitted", "sd-skarpnack", handling=handling)
    assert isinstance(answer, NotAccepted)
    assert hub.reader.find_cases([case])[case].case.suspended


@pytest.mark.parametrize("unit", ["sd-farsta", "jt-sydost"])
async def test_the_answer_to_the_one_who_tells_is_the_same_whether_anything_was_known(hub: Hub, unit: str) -> None:
    name = "referral.submitted" if unit == "sd-farsta" else "consent.recorded"
    body = {"recorder": unit} if name == "consent.recorded" else {}
    parts = events.consent(at=hub.clock.now(), **body) if body else events.data(name, at=hub.clock.now())
    parts["handling"]["protected_identity"] = "skyddad_folkbokforing"
    unknown = await office.send(hub, name, unit, parts)
    await office.refer(hub)
    known = await office.send(hub, name, unit, parts)
    assert isinstance(unknown, NotAccepted)
    assert isinstance(known, NotAccepted)
    assert (unknown.refusal, unknown.recipients) == (known.refusal, known.recipients)
