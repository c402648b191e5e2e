"""How full RabbitMQ's queues are, as people are told."""

from __future__ import annotations

import asyncio

from aio_pika.abc import AbstractChannel

from hub.transport import port, topology
from hub.transport.rabbit import RabbitTransport
from tests.contract.test_transport import claim
from tests.integration.transport.test_rabbit import channel, transport

__all__ = ["channel", "transport"]


async def test_tells_how_full_each_queue_is_and_which_one_does_not_say(
    transport: RabbitTransport, channel: AbstractChannel
) -> None:
    claims, dead, bells = port.QueueKind.CLAIMS, port.QueueKind.DEAD, port.QueueKind.BELLS
    await transport.publish([claim(1)])
    await transport.publish([claim(2)])
    assert await measured_until(transport, {(claims, "af-farsta"): 0, (claims, "jt-sydost"): 2, (dead, None): 0})
    queue = await channel.get_queue(topology.inbox_queue("jt-sydost"))
    message = await queue.get()
    assert message is not None
    await message.reject(requeue=False)
    await channel.queue_delete(topology.inbox_queue("af-farsta"))
    assert await measured_until(transport, {(claims, "af-farsta"): None, (claims, "jt-sydost"): 1, (dead, None): 1})
    assert (bells, None) in {(each.kind, each.unit_id) for each in await transport.measure()}


async def measured_until(
    transport: RabbitTransport, wanted: dict[tuple[port.QueueKind, str | None], int | None]
) -> bool:
    """A quorum queue counts a moment after it has confirmed."""
    async with asyncio.timeout(20):
        while True:
            told = {(each.kind, each.unit_id): each.messages for each in await transport.measure()}
            told.pop((port.QueueKind.BELLS, None))
            if told == wanted:
                return True
            await asyncio.sleep(0.02)
