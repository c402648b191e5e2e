"""What RabbitMQ alone does: queues that are missing or full, connections that die, rejections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from hub.transport import line, port, topology
from hub.transport import rabbit as rabbit_transport
from hub.transport.rabbit import RabbitTransport
from tests.contract.test_transport import claim, heard
from tests.support.fault_proxy import FaultProxy
from tests.support.rabbit_server import RabbitServer

UNITS = ("af-farsta", "jt-sydost")
# What a quorum queue may be declared with, from RabbitMQ 3.10 to 4.3 (rabbit_quorum_queue:capabilities).
QUORUM_ARGUMENTS = {
    "x-queue-type",
    "x-delivery-limit",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-overflow",
    "x-max-length",
    "x-max-length-bytes",
    "x-message-ttl",
    "x-expires",
    "x-single-active-consumer",
}


@pytest.fixture
async def transport(broker_url: str) -> AsyncIterator[RabbitTransport]:
    await topology.declare(broker_url, UNITS)
    transport = RabbitTransport(broker_url, UNITS)
    yield transport
    await transport.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def channel(broker_url: str) -> AsyncIterator[AbstractChannel]:
    """As a unit's system would have it, or an operator."""
    connection = await aio_pika.connect(broker_url)
    channel = connection.channel()
    await channel.initialize()
    yield channel
    await line.close(connection)


async def take(channel: AbstractChannel, unit_id: str, count: int = 1) -> list[AbstractIncomingMessage]:
    return await take_from(channel, topology.inbox_queue(unit_id), count)


async def take_from(channel: AbstractChannel, name: str, count: int = 1) -> list[AbstractIncomingMessage]:
    queue = await channel.get_queue(name)
    found: list[AbstractIncomingMessage] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            message = await queue.get(fail=False)
            if message is None:
                await asyncio.sleep(0.02)
            else:
                found.append(message)
                await message.ack()
    return found


def ids_in(messages: list[AbstractIncomingMessage]) -> list[str]:
    return [event["deliveryid"] for message in messages for event in json.loads(message.body)]


async def test_claims_of_one_call_for_one_unit_are_one_persistent_batch(
    transport: RabbitTransport, channel: AbstractChannel
) -> None:
    assert list(await transport.publish([claim(1), claim(2, "af-farsta"), claim(3)])) == []
    [batch] = await take(channel, "jt-sydost")
    assert batch.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert batch.content_type == "application/cloudevents-batch+json"
    assert json.loads(batch.body) == [
        {
            "specversion": "1.0",
            "id": f"message-{number}",
            "source": "/units/sd-farsta",
            "type": "se.samverkan.plan.proposed",
            "subject": "case-1",
            "sequence": str(number),
            "recordedtime": "2026-03-02T12:00:00.000000Z",
            "deliveryid": f"delivery-{number}",
            "dataref": f"/v1/inbox/delivery-{number}",
        }
        for number in (1, 3)
    ]
    assert ids_in(await take(channel, "af-farsta")) == ["delivery-2"]


async def test_each_attempt_has_a_message_id_of_its_own(transport: RabbitTransport, channel: AbstractChannel) -> None:
    for _ in range(3):
        await transport.publish([claim(1)])
    assert len({message.message_id for message in await take(channel, "jt-sydost", 3)}) == 3


async def test_a_unit_without_a_queue_is_only_rung_for(transport: RabbitTransport) -> None:
    async with transport.subscribe("sd-farsta") as subscription:
        assert list(await transport.publish([claim(1, "sd-farsta")])) == []
        assert await heard(subscription, 1) == [claim(1, "sd-farsta")]


async def test_what_a_missing_queue_did_not_take_is_told_and_the_others_get_theirs(
    transport: RabbitTransport, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbit_transport, "ASIDE_SECONDS", 0.0)
    await channel.queue_delete(topology.inbox_queue("jt-sydost"))
    for number in range(1, 11):
        left = await transport.publish([claim(number), claim(number, "af-farsta")])
        assert [each.unit_id for each in left] == ["jt-sydost"]
    assert len(await take(channel, "af-farsta", 10)) == 10
    with pytest.raises(port.TransportUnavailable, match="samverkan migrate"):
        await transport.probe()


async def test_a_queue_that_is_missing_is_made_anew_and_counts_as_empty(
    transport: RabbitTransport, channel: AbstractChannel
) -> None:
    await transport.publish([claim(1, "af-farsta")])
    await channel.queue_delete(topology.inbox_queue("jt-sydost"))
    assert await transport.look_at_doors() == {"af-farsta": False, "jt-sydost": None}
    assert await transport.look_at_doors() == {"af-farsta": False, "jt-sydost": True}
    await transport.probe()
    assert list(await transport.publish([claim(2)])) == []
    assert ids_in(await take(channel, "jt-sydost")) == ["delivery-2"]


async def test_a_full_queue_takes_nothing_and_holds_up_no_other(
    broker_url: str, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "LONGEST_QUEUE", 1)
    monkeypatch.setattr(rabbit_transport, "ASIDE_SECONDS", 0.0)
    await topology.declare(broker_url, ["jt-sydost"])
    monkeypatch.undo()
    monkeypatch.setattr(rabbit_transport, "ASIDE_SECONDS", 0.0)
    await topology.declare(broker_url, ["af-farsta"])
    transport = RabbitTransport(broker_url, UNITS)
    refused = 0
    for number in range(1, 11):  # the bound is kept with a moment's delay
        refused += len(await transport.publish([claim(number), claim(number, "af-farsta")]))
    assert refused > 0
    assert len(await take(channel, "af-farsta", 10)) == 10
    await take(channel, "jt-sydost", 10 - refused)
    assert list(await transport.publish([claim(11)])) == []
    await transport.close()


async def test_a_door_that_was_closed_is_put_aside_for_a_while(
    transport: RabbitTransport, channel: AbstractChannel
) -> None:
    await channel.queue_delete(topology.inbox_queue("jt-sydost"))
    assert len(await transport.publish([claim(1)])) == 1
    await transport.look_at_doors()
    assert len(await transport.publish([claim(1)])) == 1
    transport._aside.clear()
    assert len(await transport.publish([claim(1)])) == 0


async def publish_soon(transport: RabbitTransport, number: int) -> None:
    """As a relay does: again until it is taken."""
    async with asyncio.timeout(45):
        while True:
            try:
                await transport.publish([claim(number)])
            except port.TransportUnavailable:
                await asyncio.sleep(0.1)
            else:
                return


@pytest.fixture
async def proxy(rabbit: RabbitServer) -> AsyncIterator[FaultProxy]:
    proxy = await FaultProxy(urlsplit(rabbit.url).port or 5672).start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def through(broker_url: str, proxy: FaultProxy) -> AsyncIterator[RabbitTransport]:
    """A transport whose network is not to be relied on."""
    await topology.declare(broker_url, UNITS)
    parts = urlsplit(broker_url)
    address = f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}"
    transport = RabbitTransport(parts._replace(netloc=address).geturl(), UNITS)
    yield transport
    await transport.close()


async def test_goes_on_by_itself_when_its_connections_are_reset(through: RabbitTransport, proxy: FaultProxy) -> None:
    async with through.subscribe("jt-sydost") as subscription:
        await through.publish([claim(1)])
        await heard(subscription, 1)
        proxy.reset_peer()
        assert list(await subscription.next(30)) == []  # woken, since something may have gone by
        await publish_soon(through, 2)
        assert claim(2) in await heard(subscription, 1)
    await through.probe()


async def test_a_confirmation_that_does_not_come_is_none(
    through: RabbitTransport, proxy: FaultProxy, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbit_transport, "PUBLISH_SECONDS", 0.3)
    await through.publish([])
    proxy.down.timeout = True
    with pytest.raises(port.TransportUnavailable):
        await through.publish([claim(1)])
    proxy.heal()
    await publish_soon(through, 1)
    assert ids_in(await take(channel, "jt-sydost", 2)) == ["delivery-1", "delivery-1"]


async def test_a_line_that_was_given_up_is_made_anew_by_its_owner_only(
    through: RabbitTransport, proxy: FaultProxy
) -> None:
    await asyncio.gather(*(through.publish([claim(number)]) for number in range(5)))
    assert proxy.accepted == 1
    proxy.reset_peer()
    await asyncio.gather(*(publish_soon(through, number) for number in range(5)))
    assert proxy.accepted == 2


async def test_a_cancellation_that_the_library_lets_out_is_not_ours(
    transport: RabbitTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    await transport.publish([])
    with monkeypatch.context() as patch:
        patch.setattr(rabbit_transport, "REACH_SECONDS", 0.5)
        patch.setattr(aio_pika.Exchange, "publish", cancelled)
        with pytest.raises(port.TransportUnavailable):
            await transport.publish([claim(1)])
        patch.setattr(aio_pika.Channel, "initialize", cancelled)
        with pytest.raises(port.TransportUnavailable):
            await transport.probe()
    async with asyncio.timeout(line.LONGEST_PAUSE + 5):
        await publish_soon(transport, 1)


async def test_silent_doors_are_looked_at_side_by_side(
    transport: RabbitTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, as many as a nation has would keep the relay from everything else for minutes."""
    together = asyncio.Barrier(len(UNITS))

    async def count_waiting(unit_id: str, channel: AbstractChannel) -> int:
        await together.wait()
        return 0

    monkeypatch.setattr(rabbit_transport, "DOOR_SECONDS", 10.0)
    monkeypatch.setattr(rabbit_transport, "_count_waiting", count_waiting)
    async with asyncio.timeout(9):
        assert await transport.look_at_doors() == dict.fromkeys(UNITS, True)


async def test_who_is_cancelled_while_publishing_is_cancelled(
    transport: RabbitTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    await transport.publish([])
    monkeypatch.setattr(aio_pika.Exchange, "publish", never)
    task = asyncio.create_task(transport.publish([claim(1)]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_anything_but_a_plain_confirmation_is_none(
    transport: RabbitTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def returns_normally(*_: Any, **__: Any) -> object:
        return object()  # what the library gives for a returned message when it is not told to raise

    await transport.publish([])
    monkeypatch.setattr(aio_pika.Exchange, "publish", returns_normally)
    assert len(await transport.publish([claim(1)])) == 1


async def test_what_is_rejected_again_and_again_goes_to_the_dead(
    transport: RabbitTransport, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await transport.publish([claim(1), claim(1, "af-farsta")])
    queue = await channel.get_queue(topology.inbox_queue("jt-sydost"))
    tries = 0
    async with asyncio.timeout(30):
        while (message := await queue.get(fail=False)) is not None or tries == 0:
            if message is not None:
                tries += 1
                await message.reject(requeue=True)
    assert tries == topology.DELIVERY_LIMIT + 1
    [message] = await take_from(channel, topology.DEAD)
    assert ids_in([message]) == ["delivery-1"]
    assert ids_in(await take(channel, "af-farsta")) == ["delivery-1"]


async def test_queues_are_declared_as_they_must_be(
    rabbit: RabbitServer, broker_url: str, transport: RabbitTransport
) -> None:
    await topology.declare(broker_url, UNITS)
    host = urlsplit(broker_url).path[1:]
    queue = rabbit.call("GET", f"/queues/{host}/inbox.jt-sydost")
    assert (queue["type"], queue["durable"], queue["arguments"]["x-delivery-limit"]) == ("quorum", True, 20)
    assert queue["arguments"]["x-dead-letter-strategy"] == "at-least-once"
    assert queue["arguments"]["x-overflow"] == "reject-publish"
    assert queue["arguments"]["x-dead-letter-exchange"] == topology.DEAD


async def test_nothing_is_declared_that_newer_brokers_refuse(
    rabbit: RabbitServer, broker_url: str, transport: RabbitTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RabbitMQ 4 gives queues without a word a delivery limit of 20; 4.3 refuses queues that are neither durable nor
    exclusive, prefetch for a whole channel, and classic queues of the old kind. What it knows no more it refuses."""
    prefetched = []
    set_qos = aio_pika.Channel.set_qos

    async def watched(self: Any, *given: Any, **named: Any) -> Any:
        prefetched.append((given, named))
        return await set_qos(self, *given, **named)

    monkeypatch.setattr(aio_pika.Channel, "set_qos", watched)
    host = urlsplit(broker_url).path[1:]
    async with transport.subscribe("jt-sydost"):
        queues = rabbit.call("GET", f"/queues/{host}")
        exchanges = rabbit.call("GET", f"/exchanges/{host}")
    kept = {topology.DEAD, topology.PROBE, *map(topology.inbox_queue, UNITS)}
    assert {queue["name"] for queue in queues if queue["durable"]} == kept
    [bells] = [queue for queue in queues if not queue["durable"]]
    assert (bells["exclusive"], bells["auto_delete"], bells["arguments"]["x-queue-type"]) == (True, True, "classic")
    assert set(bells["arguments"]) <= {"x-queue-type", "x-max-length"}
    for queue in queues:
        if queue["durable"]:
            assert queue["arguments"].keys() <= QUORUM_ARGUMENTS, queue["name"]
            assert queue["arguments"]["x-queue-type"] == "quorum"
            assert queue["arguments"]["x-delivery-limit"] in (topology.DELIVERY_LIMIT, topology.NO_LIMIT)
    ours = [each for each in exchanges if each["name"].startswith("samverkan.")]
    assert {(each["type"], each["durable"], each["internal"]) for each in ours} == {
        ("direct", True, False),
        ("fanout", True, False),
    }
    assert prefetched == [((), {"prefetch_count": 100})]


async def test_a_queue_made_otherwise_is_named_when_the_others_are_declared(
    broker_url: str, channel: AbstractChannel
) -> None:
    await channel.declare_queue(topology.DEAD, durable=True, arguments={"x-queue-type": "quorum"})
    with pytest.raises(port.TransportUnavailable, match=r"delete it when it is empty.*samverkan\.dead"):
        await topology.declare(broker_url, UNITS)


async def test_a_broker_without_the_queues_is_not_ready(broker_url: str) -> None:
    transport = RabbitTransport(broker_url, UNITS)
    with pytest.raises(port.TransportUnavailable):
        await transport.publish([claim(1)])
    await transport.close()


async def test_a_broker_that_is_not_there_is_told_within_seconds() -> None:
    from tests.support.own_servers import free_port

    transport = RabbitTransport(f"amqp://nobody:secret@127.0.0.1:{free_port()}/", UNITS)
    async with asyncio.timeout(8):
        with pytest.raises(port.TransportUnavailable) as caught:
            await transport.publish([claim(1)])
    assert "secret" not in repr(caught.value)
    async with transport.subscribe("jt-sydost"):  # deaf, and standing
        pass
    await transport.close()
