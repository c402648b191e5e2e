"""What the hub needs in its virtual host. Declared when the hub is deployed, not while it runs: a queue that was just
made is the one thing that a broker's crash may lose (RabbitMQ issues #10070, #15725).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from hub.transport import line
from hub.transport.port import TransportUnavailable

CLAIMS: Final = "samverkan.claims"
BELLS: Final = "samverkan.bells"
DEAD: Final = "samverkan.dead"
PROBE: Final = "samverkan.probe"
# Written out, since the default is none before RabbitMQ 4.0 and 20 from there on.
DELIVERY_LIMIT: Final = 20
# The dead have nowhere to go: however often one is fetched and not buried, it stays. No limit can be written only from
# RabbitMQ 4 on, so it is a number that nobody reaches.
NO_LIMIT: Final = 1_000_000_000
LONGEST_QUEUE: Final = 100_000
LONGEST_BELLS: Final = 10_000
PROBE_LIFE_MS: Final = 60_000


def inbox_queue(unit_id: str) -> str:
    return f"inbox.{unit_id}"


def inbox_arguments() -> dict[str, Any]:
    """Quorum; what is rejected too often or for good goes to the dead, and is never dropped on the way there: that
    takes all three of strategy, overflow and a bound (RabbitMQ, quorum queues, at-least-once dead lettering)."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": LONGEST_QUEUE,
    }


def dead_arguments() -> dict[str, Any]:
    return {"x-queue-type": "quorum", "x-delivery-limit": NO_LIMIT}


def bells_arguments() -> dict[str, Any]:
    """Of a queue that lives and dies with its connection. Its type is written out, since a virtual host may have
    quorum as its default (as brokers of some makers do), which such a queue cannot be."""
    return {"x-queue-type": "classic", "x-max-length": LONGEST_BELLS}


async def declare(url: str, units: Collection[str]) -> None:
    """Everything, for these units. Doing it again changes nothing. Raises `TransportUnavailable` with the reason."""
    try:
        async with asyncio.timeout(60):
            connection = await aio_pika.connect(url, timeout=line.CONNECT_SECONDS)
            try:
                await declare_on(connection, units)
            finally:
                await line.close(connection)
    except aio_pika.exceptions.ChannelPreconditionFailed as fault:
        # The broker names the queue and the argument, and both are ours.
        raise TransportUnavailable(
            f"the broker has something of this name, made otherwise; delete it when it is empty: {fault}"
        ) from None
    except (aio_pika.exceptions.AMQPError, OSError, TimeoutError) as fault:
        raise TransportUnavailable(f"the broker refused the queues: {type(fault).__name__}") from None


async def declare_on(connection: AbstractConnection, units: Collection[str]) -> None:
    channel = connection.channel()
    await channel.initialize()
    claims = await channel.declare_exchange(CLAIMS, aio_pika.ExchangeType.DIRECT, durable=True)
    await channel.declare_exchange(BELLS, aio_pika.ExchangeType.FANOUT, durable=True)
    await _declare_dead(channel)
    await _declare_probe(channel)
    for unit_id in sorted(units):
        queue = await channel.declare_queue(inbox_queue(unit_id), durable=True, arguments=inbox_arguments())
        await queue.bind(claims, unit_id)
    await channel.close()


async def _declare_dead(channel: AbstractChannel) -> None:
    exchange = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(DEAD, durable=True, arguments=dead_arguments())
    await queue.bind(exchange)


async def _declare_probe(channel: AbstractChannel) -> None:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-message-ttl": PROBE_LIFE_MS,
        "x-delivery-limit": DELIVERY_LIMIT,
    }
    await channel.declare_queue(PROBE, durable=True, arguments=arguments)
