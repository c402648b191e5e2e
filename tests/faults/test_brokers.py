"""Rows 2 (between the outbox and the broker) and 4 to 12: the broker and the way to it.

The jobbtorg is told by its queue alone: what that does not bring is lost, doubled or out of order in the history.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import aiohttp
import pytest

from hub.transport import line, rabbit, topology
from tests.contract.test_transport import claim
from tests.faults import crashes, traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support import own_servers
from tests.support.fault_proxy import FaultProxy
from tests.support.field import Field, OpenCase
from tests.support.rabbit_server import OwnRabbit

pytestmark = pytest.mark.faults

JOBBTORG = "jt-sydost"
RECOVERY = traffic.RECOVERY_SECONDS
BROKER_STARTS = 5


@dataclass
class World:
    """A hub with its broker behind a proxy, cases under way, and a jobbtorg that listens to its queue."""

    hub: worlds.FaultyHub
    broker: OwnRabbit
    proxy: FaultProxy
    url: str
    cases: list[OpenCase]
    takers: dict[str, traffic.Taker]

    async def is_ready(self) -> bool:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.get(self.hub.url + "/readyz", timeout=aiohttp.ClientTimeout(12)) as answer:
                    return answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False

    async def until_ready(self, wanted: bool = True) -> None:
        async with asyncio.timeout(RECOVERY):
            while await self.is_ready() is not wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.3)

    async def restart_broker(self) -> None:
        """Once more where somebody else has taken its port meanwhile: a connection lasts not long."""
        for attempt in range(BROKER_STARTS):
            self.broker.launch()
            try:
                await asyncio.to_thread(self.broker.wait)
            except own_servers.Missing:
                if attempt == BROKER_STARTS - 1:
                    raise
            else:
                return

    async def with_queue(self, work: Callable[[aio_pika.abc.AbstractChannel], Awaitable[object]]) -> None:
        connection = await aio_pika.connect(self.url)
        try:
            channel = await connection.channel()
            await work(channel)
        finally:
            await line.close(connection)


@pytest.fixture
async def world(
    broker: OwnRabbit,
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
) -> AsyncIterator[World]:
    proxy = await FaultProxy(broker.port).start()
    with broker.virtual_host() as url:
        await topology.declare(url, [JOBBTORG])
        environ = {"SAMVERKAN_BROKER_URL": worlds.through(url, proxy.port), "SAMVERKAN_AMQP_UNITS": JOBBTORG}
        hub = await asyncio.to_thread(lambda: start_faulty(**environ))
        field = Field(opened, hub)
        cases = []
        while len(cases) < 2:
            case = (await traffic.open_cases(record, field, 1))[0]
            if case.jobbtorg.unit == JOBBTORG:
                cases.append(case)
        taker = worlds.AmqpTaker(record, cases[0].jobbtorg, url)
        for case in cases:  # whose beginnings were fetched from the mailbox
            path = f"/v1/inbox?case={case.case_id}&after=0"
            known = (await traffic.call(case.jobbtorg, "GET", path)).json["items"]
            taker.begin_after(case.case_id, max(item["sequence"] for item in known))
        yield World(hub, broker, proxy, url, cases, {JOBBTORG: taker.run})
        await asyncio.to_thread(worlds.note_end, record, hub.data_dir, {})
        assert hub.is_running
        await asyncio.to_thread(hub.kill)
        await proxy.stop()


@pytest.mark.parametrize("step", ["after_leasing", "after_publishing"])
async def test_row_2_killed_between_the_outbox_and_the_broker(step: str, world: World, record: History) -> None:
    """What it had leased is the next one's when the lease is over, at most thirty seconds later."""
    assert step in crashes.STEPS
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(1, 20)):
            await asyncio.to_thread(world.hub.kill)
            world.hub.arm(step, after=5)
            await asyncio.to_thread(world.hub.start)
            assert await asyncio.to_thread(world.hub.wait) == 137
            world.hub.arm(None)
            await asyncio.to_thread(world.hub.start)


async def test_row_4_broker_killed_under_load(world: World, record: History, chance: random.Random) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(3, 50)):
            await asyncio.sleep(chance.uniform(1.0, 2.0))
            world.broker.process.kill()
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            await world.restart_broker()
            await world.until_ready()


async def test_row_5_broker_killed_right_after_its_queues_were_made(world: World, record: History) -> None:
    """The queue may come back without a leader, for ever: then the hub says so, and the mailbox has everything."""
    async with traffic.load(record, world.cases):
        for _ in range(runs(1, 20)):

            async def make_anew(channel: aio_pika.abc.AbstractChannel) -> None:
                await channel.queue_delete(topology.inbox_queue(JOBBTORG))

            await world.with_queue(make_anew)
            await topology.declare(world.url, [JOBBTORG])
            await asyncio.sleep(0.3)
            world.broker.process.kill()
            await world.restart_broker()
    if await has_leader(world.url):
        await world.until_ready()
    else:
        assert not await world.is_ready()


async def has_leader(url: str) -> bool:
    """Whether the queue says anything."""
    connection = await aio_pika.connect(url)
    try:
        async with asyncio.timeout(5):
            channel = await connection.channel()
            await channel.get_queue(topology.inbox_queue(JOBBTORG))
    except (TimeoutError, aio_pika.exceptions.AMQPError):
        return False
    else:
        return True
    finally:
        await line.close(connection)


async def test_row_6_broker_stands_still(world: World, record: History, chance: random.Random) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(5, 100)):
            await asyncio.sleep(0.5)
            world.broker.process.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(chance.uniform(5.0, 8.0))
                assert not await world.is_ready()
            finally:
                world.broker.process.send(signal.SIGCONT)
            await world.until_ready()


async def test_row_7_connections_reset_in_the_middle_of_a_frame(
    world: World, record: History, chance: random.Random
) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for number in range(runs(20, 500)):
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            way = world.proxy.up if number % 2 else world.proxy.down
            way.limit_data = chance.randrange(1, 400)
        world.proxy.heal()


async def test_row_8_black_hole(world: World, record: History) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(3, 50)):
            world.proxy.up.timeout = world.proxy.down.timeout = True
            began = time.monotonic()
            await world.until_ready(False)
            assert time.monotonic() - began < 35
            world.proxy.heal()
            await world.until_ready()


async def test_row_9_a_slow_line_in_slices(world: World, record: History) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(3, 30)):
            world.proxy.up.slicer = world.proxy.down.slicer = 1
            world.proxy.up.bandwidth = world.proxy.down.bandwidth = 8_000.0
            await asyncio.sleep(3)
            world.proxy.heal()
            await asyncio.sleep(1)


async def test_row_10_confirmations_are_lost(world: World, record: History, chance: random.Random) -> None:
    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(20, 500)):
            world.proxy.down.timeout = True  # delivered, and the word of it does not come back
            await asyncio.sleep(chance.uniform(0.05, 0.3))
            world.proxy.reset_peer()
            world.proxy.heal()
            await asyncio.sleep(0.3)


async def test_row_11_a_queue_is_missing(world: World, record: History) -> None:
    """With everything in it: no claim check counts as taken that was not, and the hub makes the queue anew."""

    async def take_away(channel: aio_pika.abc.AbstractChannel) -> None:
        await channel.queue_delete(topology.inbox_queue(JOBBTORG))

    async with traffic.load(record, world.cases, world.takers):
        for _ in range(runs(10, 100)):
            await asyncio.sleep(0.5)
            await world.with_queue(take_away)
            await world.until_ready()
    assert b'"door_made_anew"' in world.hub.output.read_bytes()


async def test_row_11_what_no_queue_took_never_counts_as_taken(
    broker: OwnRabbit, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at once on one channel, for units with and without a queue: no false acknowledgement, and no false alarm."""
    monkeypatch.setattr(rabbit, "ASIDE_SECONDS", 0.0)
    with broker.virtual_host() as url:
        await topology.declare(url, [JOBBTORG])
        transport = rabbit.RabbitTransport(url, [JOBBTORG, "missing"])
        for _ in range(runs(10, 100)):
            units = [chance.choice([JOBBTORG, "missing"]) for _ in range(20)]
            claims = [claim(number, unit) for number, unit in enumerate(units)]
            left = await asyncio.gather(*(transport.publish([each]) for each in claims))
            assert [bool(each) for each in left] == [unit == "missing" for unit in units]
        await transport.close()


async def test_row_12_poison_is_put_aside_once_and_the_others_flow(world: World, record: History) -> None:
    """One copy whose reader dies each time: by reject and by broken connections."""
    queue_name = topology.inbox_queue(JOBBTORG)
    async with traffic.load(record, world.cases, world.takers):
        await asyncio.sleep(1)
    connection = await aio_pika.connect(world.url)
    channel = await connection.channel()
    exchange = await channel.get_exchange(topology.CLAIMS)
    for number in range(runs(5, 50)):
        body = json.dumps([{"id": f"poison-{number}"}]).encode()
        await exchange.publish(aio_pika.Message(body, delivery_mode=2), JOBBTORG)
        queue, dead, tries, found = await channel.get_queue(queue_name), await channel.get_queue(topology.DEAD), 0, None
        async with asyncio.timeout(30):
            while found is None:
                message = await queue.get(fail=False)
                if message is None:
                    found = await dead.get(fail=False)
                    continue
                tries += 1
                assert tries <= topology.DELIVERY_LIMIT + 1, "it goes round for ever"
                await message.reject(requeue=True)
            await found.ack()
        assert found.body == body
        assert await dead.get(fail=False) is None
    await line.close(connection)
    async with traffic.load(record, world.cases, world.takers):
        await asyncio.sleep(1)


async def test_a_recipient_outlives_what_the_library_lets_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that dies may let `CancelledError` out of any call. Whoever ends with it takes nothing any more."""
    stop, tries = asyncio.Event(), 0

    async def dies(self: worlds.AmqpTaker, stop: asyncio.Event) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            stop.set()
        raise asyncio.CancelledError

    monkeypatch.setattr(worlds.AmqpTaker, "_listen", dies)
    with closing(History(tmp_path / "history.jsonl")) as record:
        async with asyncio.timeout(30):
            await worlds.AmqpTaker(record, None, "amqp://nobody/").run(stop)  # type: ignore[arg-type]
    assert tries == 3


def test_the_proxy_stands_where_the_hub_looks() -> None:
    """Without it the rows above would break nothing."""
    assert urlsplit(worlds.through("amqp://a:b@host:1/v", 5)).netloc == "a:b@127.0.0.1:5"
