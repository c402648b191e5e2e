"""What cannot be brought to a unit's queue, or is rejected there for good, is a dead letter with its reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from hub import bootstrap, clock, settings
from hub.delivery import leasing
from hub.service import Hub
from hub.store.dead_letters import DeadLetterQuery, DeathReason
from hub.store.records import ClaimCheck, DeliveryState
from hub.transport import batches, line, rabbit, topology
from tests.support import events, judging, office, persons
from tests.support.persons import Person

UNIT = "jt-sydost"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of the hub's clock goes by whenever a test says so; only leases are to be waited for."""
    for name in ("SWEEP_SECONDS", "RETRY_SECONDS", "AGAIN_SECONDS", "REFILL_SECONDS"):
        monkeypatch.setattr(leasing, name, 0.02)
    monkeypatch.setattr(rabbit, "ASIDE_SECONDS", 0.0)


@pytest.fixture
async def hub(tmp_path: Path, broker_url: str) -> AsyncIterator[Hub]:
    flags = {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "broker_url": broker_url}
    given = settings.load({**flags, "amqp_units": UNIT}, {}, None)
    await topology.declare(broker_url, [UNIT])
    hub = bootstrap.build_hub(
        given,
        clock=clock.FixedClock(judging.NOON),
        registry=events.catalogue(),
        directory=judging.directory(),
        rulebook=judging.rules(),
    )
    await hub.open()
    yield hub
    await hub.close()


@pytest.fixture
async def channel(broker_url: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    connection = await aio_pika.connect(broker_url)
    channel = connection.channel()
    await channel.initialize()
    yield channel
    await line.close(connection)


async def refer(hub: Hub, person: Person) -> str:
    """The copy of a referral for the jobbtorg."""
    body = events.consent(at=hub.clock.now(), person=person)
    await office.send(hub, "consent.recorded", "sd-farsta", body)
    sent = await office.accepted(hub, "referral.submitted", "sd-farsta", person=person)
    return str(sent.receipt["recipients"][0]["delivery"])


def dead(hub: Hub) -> list[tuple[str, DeathReason, int]]:
    found = [view.letter for view in hub.list_dead_letters(DeadLetterQuery())]
    return [(letter.delivery_id, letter.reason, letter.attempts) for letter in found]


def state(hub: Hub, delivery: str) -> DeliveryState:
    return hub.reader.find_deliveries([delivery])[delivery].delivery.state


async def until(condition: Callable[[], object], meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
    async with asyncio.timeout(50):
        while not condition():
            if meanwhile is not None:
                await meanwhile()
            await asyncio.sleep(0.05)


def let_leases_end(hub: Hub) -> None:
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(leasing.LEASE + timedelta(seconds=1))


@pytest.mark.slow
async def test_a_claim_check_that_nobody_can_write_dies_and_the_others_flow(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, poison = batches.event_of, set[str]()

    def event_of(claim: ClaimCheck) -> dict[str, Any]:
        if claim.delivery_id in poison or (claim.type == "referral.submitted" and not poison):
            poison.add(claim.delivery_id)
            raise ValueError("unforeseen")
        return write(claim)

    monkeypatch.setattr(batches, "event_of", event_of)
    first, *others = persons.ADULTS
    delivery = await refer(hub, first)
    await until(lambda: poison)
    assert poison == {delivery}
    reached = []

    async def go_on() -> None:
        if others:
            reached.append(await refer(hub, others.pop()))
            await until(lambda: state(hub, reached[-1]) is DeliveryState.NOTIFIED)
        let_leases_end(hub)

    await until(lambda: dead(hub), go_on)
    assert dead(hub) == [(delivery, DeathReason.POISON, 5)]
    assert state(hub, delivery) is DeliveryState.DEAD
    assert reached
    [told] = await office.notices(hub, "sd-farsta", "hub.refused")
    assert told["unit"] == UNIT


async def test_a_fault_that_everything_has_buries_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def event_of(claim: ClaimCheck) -> dict[str, Any]:
        raise ValueError("unforeseen")

    delivery = await refer(hub, persons.ASTA)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "event_of", event_of)
        for _ in range(8):
            await asyncio.sleep(0.05)
            let_leases_end(hub)
    await until(lambda: state(hub, delivery) is DeliveryState.NOTIFIED, lambda: _soon(hub))
    assert dead(hub) == []


async def _soon(hub: Hub) -> None:
    let_leases_end(hub)


async def test_what_the_broker_has_no_place_for_is_a_dead_letter(
    hub: Hub, channel: aio_pika.abc.AbstractChannel
) -> None:
    """There is something else of the queue's name, so the hub can neither use it nor make it anew."""
    await channel.queue_delete(topology.inbox_queue(UNIT))
    await channel.declare_queue(topology.inbox_queue(UNIT), durable=True, arguments={"x-queue-type": "classic"})
    delivery = await refer(hub, persons.ASTA)
    await until(lambda: state(hub, delivery) is DeliveryState.DEAD, lambda: _soon(hub))
    assert (delivery, DeathReason.UNROUTABLE, 5) in dead(hub)


async def test_a_queue_that_nothing_leads_to_is_mended_before_anything_dies(
    hub: Hub, channel: aio_pika.abc.AbstractChannel
) -> None:
    queue = await channel.get_queue(topology.inbox_queue(UNIT))
    await queue.unbind(topology.CLAIMS, UNIT)
    delivery = await refer(hub, persons.ASTA)
    await until(lambda: state(hub, delivery) is DeliveryState.NOTIFIED, lambda: _soon(hub))
    assert dead(hub) == []
    message = await queue.get()
    assert message is not None
    assert delivery in batches.load_deliveries(message.body)
    await message.ack()


async def test_what_a_units_own_program_rejects_for_good_is_a_dead_letter(
    hub: Hub, channel: aio_pika.abc.AbstractChannel
) -> None:
    delivery = await refer(hub, persons.ASTA)
    strange = await channel.get_exchange(topology.DEAD)
    await strange.publish(aio_pika.Message(b"not ours"), "")
    queue, tries = await channel.get_queue(topology.inbox_queue(UNIT)), 0

    async def reject() -> None:
        nonlocal tries
        message = await queue.get(fail=False)
        if message is not None:
            tries += 1
            await message.reject(requeue=True)

    await until(lambda: state(hub, delivery) is DeliveryState.DEAD, reject)
    assert (delivery, DeathReason.POISON, leasing.REJECTED) in dead(hub)
    assert tries % leasing.REJECTED == 0
    assert leasing.REJECTED == topology.DELIVERY_LIMIT + 1


async def test_what_was_acknowledged_in_the_meantime_stays_alive(
    hub: Hub, channel: aio_pika.abc.AbstractChannel
) -> None:
    delivery = await refer(hub, persons.ASTA)
    await until(lambda: state(hub, delivery) is DeliveryState.NOTIFIED)
    await hub.read(delivery, UNIT)
    await hub.acknowledge(delivery, UNIT)
    body = json.dumps([{"deliveryid": delivery}]).encode()
    dead_letters = await channel.get_exchange(topology.DEAD)
    await dead_letters.publish(aio_pika.Message(body), "")
    left = [1]

    async def look() -> None:
        queue = await channel.declare_queue(topology.DEAD, passive=True)
        left.append(queue.declaration_result.message_count or 0)

    await until(lambda: not left[-1], look)
    assert dead(hub) == []
