"""The broker's floor: aio-pika alone, persistent messages to a quorum queue, each confirmed, 64 under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import aio_pika
import uvloop
from engines import Engine
from results import Results

SENDERS = 64
QUEUE = "bench.floor"


def confirms(engine: Engine, count: int, results: Results) -> None:
    assert engine.rabbit is not None
    with engine.rabbit.virtual_host() as url:
        results.add("broker", "raw confirms, one message each", "/s", count / uvloop.run(_publish(url, count)))


async def _publish(url: str, count: int) -> float:
    """Seconds until every message is confirmed."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        left = iter(range(count))
        started = time.perf_counter()
        await asyncio.gather(*(_send(channel, left) for _ in range(SENDERS)))
        return time.perf_counter() - started


async def _send(channel: aio_pika.abc.AbstractChannel, left: Iterator[int]) -> None:
    for _ in left:
        message = aio_pika.Message(b"x" * 500, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, QUEUE, timeout=30)
