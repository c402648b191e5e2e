"""The registry in a running hub: a holder confirms, a recorder finds a paper void, and both count at once."""

from __future__ import annotations

from typing import Any

from hub.delivery.reading import Gone
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.service import Hub
from schemas import envelope as envelopes
from tests.support import events, judging

AF, FARSTA = "af-stockholm", "sd-farsta"
EDGES = [events.edge("af", "sdn-farsta"), *events.both_ways("sdn-farsta", "amn")]


async def send(hub: Hub, type_name: str, unit: str, body: Any) -> Accepted | NotAccepted:
    event = events.event(type_name, unit, body, at=hub.clock.now())
    return await hub.accept(envelopes.parse_structured(event), unit)


async def record(hub: Hub, unit: str, **content: Any) -> Accepted | NotAccepted:
    return await send(hub, "consent.recorded", unit, events.consent(at=judging.NOON, **content))


def kept(hub: Hub, consent_id: str) -> Any:
    return hub.book._opened[consent_id][1]


async def test_a_holder_confirms_its_own_edges_and_the_paper_stays_as_it_was(hub: Hub) -> None:
    consent_id = events.new_id()
    excluded = [{"category": "SU"}]
    assert isinstance(await record(hub, FARSTA, edges=EDGES, consent_id=consent_id, excluded=excluded), Accepted)
    assert [edge.confirmed for edge in kept(hub, consent_id).edges] == [False, True, True]
    confirmed = await record(hub, AF, edges=EDGES[:1], consent_id=consent_id, version=2)
    assert isinstance(confirmed, Accepted), confirmed
    consent = kept(hub, consent_id)
    assert [edge.confirmed for edge in consent.edges] == [True, True, True]
    assert (consent.version, consent.recorded_by, len(consent.excluded)) == (2, FARSTA, 1)
    # The recorder goes on with its paper.
    assert isinstance(await record(hub, FARSTA, edges=EDGES, consent_id=consent_id, version=3), Accepted)


async def test_a_confirmation_takes_no_withdrawal_back(hub: Hub) -> None:
    consent_id = events.new_id()
    await record(hub, FARSTA, edges=EDGES, consent_id=consent_id)
    body = events.withdrawal(consent_id, at=judging.NOON, scope="categories", categories=["HE"])
    await send(hub, "consent.withdrawn", FARSTA, body)
    assert isinstance(await record(hub, AF, edges=EDGES[:1], consent_id=consent_id, version=2), Accepted)
    hub.book._opened.clear()  # as after a start: from the store
    assert isinstance(await record(hub, FARSTA, consent_id=consent_id, version=9), NotAccepted)
    assert kept(hub, consent_id).withdrawn_categories == {"HE"}


async def test_a_void_paper_covers_nothing_and_has_no_next_version(hub: Hub) -> None:
    consent_id = events.new_id()
    await record(hub, FARSTA, consent_id=consent_id)
    referral = await send(hub, "referral.submitted", FARSTA, events.data("referral.submitted", at=judging.NOON))
    assert isinstance(referral, Accepted)
    void = events.withdrawal(consent_id, at=judging.NOON, scope="void")
    refused = await send(hub, "consent.withdrawn", "jt-sydost", void)
    assert isinstance(refused, NotAccepted)
    assert refused.refusal.code == "SENDER_NOT_ALLOWED"
    assert isinstance(await send(hub, "consent.withdrawn", FARSTA, void), Accepted)
    assert kept(hub, consent_id).status == "void"
    assert isinstance(await hub.read(referral.receipt["recipients"][0]["delivery"], "jt-sydost"), Gone)
    assert isinstance(await record(hub, FARSTA, consent_id=consent_id, version=2), NotAccepted)
