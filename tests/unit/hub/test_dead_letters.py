"""Copies that could not be delivered: apart, with an alarm, and alive again under the same ids."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hub.delivery.dead_letters import Done, DropReason, NotDead
from hub.delivery.reading import Gone, Opened
from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.dead_letters import DeadLetterQuery, DeathReason
from hub.store.records import AuditQuery, DeliveryState, DeliveryView
from schemas import envelope as envelopes
from tests.support import events

EXHAUSTED = DeathReason.PUSH_EXHAUSTED
ADMIN = "staff:anna"


async def send(hub: Hub, type_name: str, body: Any) -> Accepted:
    event = events.event(type_name, "sd-farsta", body, at=hub.clock.now())
    answer = await hub.accept(envelopes.parse_structured(event), "sd-farsta")
    assert isinstance(answer, Accepted), answer
    return answer


@pytest.fixture
async def delivery(hub: Hub) -> str:
    """The copy of a referral that lies in the jobbtorg's inbox."""
    await send(hub, "consent.recorded", events.consent(at=hub.clock.now()))
    sent = await send(hub, "referral.submitted", events.data("referral.submitted", at=hub.clock.now()))
    return str(sent.receipt["recipients"][0]["delivery"])


def view(hub: Hub, delivery: str) -> DeliveryView:
    return hub.reader.find_deliveries([delivery])[delivery]


def dead(hub: Hub) -> list[str]:
    return [each.letter.delivery_id for each in hub.list_dead_letters(DeadLetterQuery())]


def waiting(hub: Hub) -> list[str]:
    return [claim.delivery_id for claim in hub.reader.list_inbox("jt-sydost", limit=100, at=hub.clock.now())]


async def notices(hub: Hub) -> list[dict[str, Any]]:
    claims = hub.reader.list_inbox("sd-farsta", limit=100, at=hub.clock.now())
    opened: list[Any] = [await hub.read(claim.delivery_id, "sd-farsta") for claim in claims]
    return [each.event["data"]["content"] for each in opened if each.event["type"].endswith("hub.refused")]


def entries(hub: Hub, action: str) -> list[dict[str, Any]]:
    rows = hub.reader.list_audit(AuditQuery(limit=1000))
    return [json.loads(row.entry) for row in rows if row.action == action]


async def test_giving_up_tells_the_sender_the_log_and_the_alarm(hub: Hub, delivery: str) -> None:
    await hub.bury(delivery, EXHAUSTED, 41)
    (found,) = hub.list_dead_letters(DeadLetterQuery())
    assert (found.letter.reason, found.letter.attempts, found.unit_id) == (EXHAUSTED, 41, "jt-sydost")
    assert view(hub, delivery).delivery.state is DeliveryState.DEAD
    assert delivery not in waiting(hub)
    (told,) = await notices(hub)
    assert (told["unit"], told["code"]) == ("jt-sydost", "COULD_NOT_BE_DELIVERED")
    (entry,) = entries(hub, "delivery_dead")
    assert (entry["reason"], entry["attempts"]) == ("push_exhausted", 41)
    hub.refresh_metrics()
    metrics = hub.metrics.render()[1].decode()
    assert "hub_dead_letters_waiting 1.0" in metrics
    assert 'hub_dead_letters_total{reason="push_exhausted"} 1.0' in metrics


async def test_what_was_opened_in_the_meantime_is_alive(hub: Hub, delivery: str) -> None:
    await asyncio.gather(hub.read(delivery, "jt-sydost"), hub.bury(delivery, EXHAUSTED, 1))
    assert dead(hub) == []
    assert view(hub, delivery).delivery.state is DeliveryState.READ
    assert await notices(hub) == []


async def test_giving_up_twice_is_once(hub: Hub, delivery: str) -> None:
    await asyncio.gather(*(hub.bury(delivery, EXHAUSTED, 3) for _ in range(3)))
    assert len(dead(hub)) == len(await notices(hub)) == len(entries(hub, "delivery_dead")) == 1


async def test_a_retry_keeps_the_ids_and_the_sequence_and_rings_again(hub: Hub, delivery: str) -> None:
    before = view(hub, delivery)
    await hub.bury(delivery, EXHAUSTED, 3)
    async with hub.transport.subscribe("jt-sydost") as subscription:
        assert await hub.retry_dead_letter(delivery, ADMIN) == Done()
        (claim,) = await subscription.next(10)
    assert (claim.delivery_id, claim.message_id) == (delivery, before.message.key.message_id)
    assert claim.sequence == before.delivery.sequence == view(hub, delivery).delivery.sequence
    assert dead(hub) == []
    assert waiting(hub).count(delivery) == 1
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    (entry,) = entries(hub, "delivery_retried")
    assert (entry["actor"], entry["delivery"]) == (ADMIN, delivery)


async def test_two_administrators_at_once_retry_once(hub: Hub, delivery: str) -> None:
    await hub.bury(delivery, EXHAUSTED, 3)
    answers = await asyncio.gather(*(hub.retry_dead_letter(delivery, ADMIN) for _ in range(4)))
    assert sorted(map(repr, answers)) == ["Done()", "NotDead()", "NotDead()", "NotDead()"]
    assert len(entries(hub, "delivery_retried")) == 1


async def test_a_retry_discloses_nothing_that_a_withdrawal_has_stopped(hub: Hub, delivery: str) -> None:
    consent = view(hub, delivery).delivery.basis
    assert consent
    await hub.bury(delivery, EXHAUSTED, 3)
    body = events.withdrawal(consent["consent"], at=hub.clock.now())
    await send(hub, "consent.withdrawn", body)
    assert await hub.retry_dead_letter(delivery, ADMIN) == Done()
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_a_dead_letter_that_its_recipient_fetches_is_none_any_more(hub: Hub, delivery: str) -> None:
    await hub.bury(delivery, EXHAUSTED, 3)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    assert dead(hub) == []
    assert view(hub, delivery).delivery.state is DeliveryState.READ


@pytest.mark.parametrize("reported", [False, True])
async def test_a_dead_letter_that_its_recipient_takes_over_is_none_any_more(
    hub: Hub, delivery: str, reported: bool
) -> None:
    await hub.bury(delivery, EXHAUSTED, 3)
    if reported:
        await hub.report_handled(delivery, "jt-sydost", "handled", None)
    else:
        await hub.acknowledge(delivery, "jt-sydost")
    assert dead(hub) == []
    assert view(hub, delivery).delivery.state is (DeliveryState.HANDLED if reported else DeliveryState.NOTIFIED)
    assert await hub.retry_dead_letter(delivery, ADMIN) == NotDead()


async def test_dropping_says_why_and_leaves_the_state_for_the_sender(hub: Hub, delivery: str) -> None:
    await hub.bury(delivery, EXHAUSTED, 3)
    assert await hub.drop_dead_letter(delivery, ADMIN, DropReason.SENT_AGAIN) == Done()
    assert dead(hub) == []
    assert view(hub, delivery).delivery.state is DeliveryState.DEAD
    (entry,) = entries(hub, "delivery_dropped")
    assert (entry["actor"], entry["reason"]) == (ADMIN, "sent_again")
    assert await hub.drop_dead_letter(delivery, ADMIN, DropReason.TEST) == NotDead()
    assert await hub.retry_dead_letter(delivery, ADMIN) == NotDead()


async def test_many_are_retried_up_to_a_cap_and_only_those_that_were_meant(hub: Hub) -> None:
    edges = [events.edge("sdn-farsta", "utbn")]
    bodies = [events.consent(at=hub.clock.now(), edges=edges) for _ in range(7)]
    sent = [await send(hub, "consent.recorded", body) for body in bodies]
    deliveries = [each.receipt["recipients"][0]["delivery"] for each in sent]
    for index, each in enumerate(deliveries):
        await hub.bury(each, DeathReason.POISON if index == 3 else EXHAUSTED, 1)
    query = DeadLetterQuery(reason=EXHAUSTED, unit_id="sfi-stockholm", type="consent.recorded", limit=4)
    retried = await hub.retry_dead_letters(query, ADMIN)
    assert [each.letter.delivery_id for each in retried] == [*deliveries[:3], deliveries[4]]
    assert dead(hub) == [deliveries[3], *deliveries[5:]]


async def test_a_notice_of_the_hub_that_dies_makes_no_further_notice(hub: Hub, delivery: str) -> None:
    await hub.bury(delivery, EXHAUSTED, 3)
    (notice,) = [
        claim.delivery_id
        for claim in hub.reader.list_inbox("sd-farsta", limit=100, at=hub.clock.now())
        if claim.type == "hub.refused"
    ]
    before = hub.reader.audit_size()
    await hub.bury(notice, EXHAUSTED, 3)
    assert hub.reader.audit_size() == before + 1
