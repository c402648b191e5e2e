"""A unit's own account at the broker: it reads its own queue, and nothing else is open to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import aio_pika
import pytest
from click.testing import Result
from typer.testing import CliRunner

from hub import bootstrap, settings
from hub.cli.main import app
from hub.store.records import AuditQuery
from hub.transport import batches, line, topology
from hub.transport.accounts import Account, Accounts, BothInUse
from hub.transport.port import TransportUnavailable
from hub.transport.rabbit import RabbitTransport
from tests.contract.test_transport import claim
from tests.support.rabbit_server import RabbitServer

UNIT, OTHER = "jt-sydost", "af-stockholm"


@pytest.fixture
async def book(rabbit: RabbitServer, broker_url: str) -> AsyncIterator[Accounts]:
    await topology.declare(broker_url, [UNIT, OTHER])
    book = Accounts(rabbit.api_url, broker_url)
    yield book
    for unit_id in (UNIT, OTHER):
        book.remove(unit_id)


def signed_in(broker_url: str, account: Account) -> str:
    """The broker's address as the unit's own program has it."""
    parts = urlsplit(broker_url)
    return urlunsplit(parts._replace(netloc=f"{account.user}:{quote(account.password)}@{parts.hostname}:{parts.port}"))


async def try_as(url: str, work: Callable[[aio_pika.abc.AbstractChannel], Awaitable[object]]) -> object:
    """What comes of it, on a connection of its own: a refusal closes the channel."""
    connection = await aio_pika.connect(url)
    try:
        channel = connection.channel()
        await channel.initialize()
        return await work(channel)
    finally:
        await line.close(connection)


async def test_a_unit_fetches_its_own_claim_checks(book: Accounts, broker_url: str) -> None:
    url = signed_in(broker_url, book.give(UNIT))
    transport = RabbitTransport(broker_url, [UNIT, OTHER])
    assert list(await transport.publish([claim(1, UNIT), claim(2, OTHER)])) == []
    await transport.close()

    async def take(channel: aio_pika.abc.AbstractChannel) -> list[str]:
        queue = await channel.get_queue(topology.inbox_queue(UNIT), ensure=False)
        message = await queue.get()
        assert message is not None
        await message.ack()
        return batches.load_deliveries(message.body)

    assert await try_as(url, take) == ["delivery-1"]


async def _get(name: str, channel: aio_pika.abc.AbstractChannel) -> None:
    await (await channel.get_queue(name, ensure=False)).get(fail=False)


async def _consume(name: str, channel: aio_pika.abc.AbstractChannel) -> None:
    async def hear(_: object) -> None: ...

    await (await channel.get_queue(name, ensure=False)).consume(hear)


REFUSED: dict[str, Callable[[aio_pika.abc.AbstractChannel], Awaitable[object]]] = {
    "another unit's queue": lambda channel: _get(topology.inbox_queue(OTHER), channel),
    "listening to another unit's queue": lambda channel: _consume(topology.inbox_queue(OTHER), channel),
    "a queue whose name begins as its own": lambda channel: _get(topology.inbox_queue(UNIT) + "2", channel),
    "the dead": lambda channel: _get(topology.DEAD, channel),
    "the probe": lambda channel: _get(topology.PROBE, channel),
    "a queue of its own making": lambda channel: channel.declare_queue(exclusive=True),
    "an exchange of its own making": lambda channel: channel.declare_exchange("mine"),
    "taking its queue away": lambda channel: channel.queue_delete(topology.inbox_queue(UNIT)),
    "writing claim checks": lambda channel: _publish(channel, topology.CLAIMS, OTHER),
    "writing to its own queue": lambda channel: _publish(channel, "", topology.inbox_queue(UNIT)),
    "ringing the hubs": lambda channel: _publish(channel, topology.BELLS, ""),
}


async def _publish(channel: aio_pika.abc.AbstractChannel, exchange: str, key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await target.publish(aio_pika.Message(b"[]"), key, timeout=10)


@pytest.mark.parametrize("what", REFUSED)
async def test_everything_else_is_refused(book: Accounts, broker_url: str, what: str) -> None:
    url = signed_in(broker_url, book.give(UNIT))
    with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
        await try_as(url, REFUSED[what])


async def test_a_rotation_overlaps_until_the_older_account_is_retired(book: Accounts, broker_url: str) -> None:
    async def look(channel: aio_pika.abc.AbstractChannel) -> None:
        await _get(topology.inbox_queue(UNIT), channel)

    last = signed_in(broker_url, book.give(UNIT))
    assert book.retire(UNIT) is None
    for _ in range(3):  # the two names take turns
        fresh = signed_in(broker_url, book.give(UNIT))
        with pytest.raises(BothInUse):
            book.give(UNIT)
        await try_as(last, look)
        await try_as(fresh, look)
        assert str(book.retire(UNIT)) == urlsplit(last).username
        with pytest.raises(aio_pika.exceptions.AMQPConnectionError):
            await aio_pika.connect(last)
        await try_as(fresh, look)
        last = fresh


@pytest.mark.parametrize("what", REFUSED)
async def test_the_second_account_may_no_more_than_the_first(book: Accounts, broker_url: str, what: str) -> None:
    book.give(UNIT)
    url = signed_in(broker_url, book.give(UNIT))
    with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
        await try_as(url, REFUSED[what])


async def test_who_is_removed_is_out_at_once(book: Accounts, broker_url: str) -> None:
    url = signed_in(broker_url, book.give(UNIT))
    connection, closed = await aio_pika.connect(url), asyncio.Event()
    connection.close_callbacks.add(lambda *_: closed.set())
    assert book.remove(UNIT)
    assert not book.remove(UNIT)
    async with asyncio.timeout(20):
        await closed.wait()
    await line.close(connection)
    with pytest.raises(aio_pika.exceptions.AMQPConnectionError):
        await aio_pika.connect(url)


async def test_no_account_opens_the_management(rabbit: RabbitServer, book: Accounts, broker_url: str) -> None:
    account = book.give(UNIT)
    parts = urlsplit(rabbit.api_url)
    theirs = parts._replace(netloc=f"{account.user}:{quote(account.password)}@{parts.hostname}:{parts.port}")
    with pytest.raises(TransportUnavailable, match="401"):
        Accounts(urlunsplit(theirs), broker_url).give(OTHER)


async def test_a_unit_without_a_queue_gets_no_account(book: Accounts) -> None:
    with pytest.raises(TransportUnavailable, match="migrate"):
        book.give("fk-stockholm")
    assert not book.list_users("fk-stockholm")


def test_a_broker_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(TransportUnavailable, match="does not answer"):
        Accounts("http://u:p@127.0.0.1:1", "amqp://127.0.0.1/").list_users(UNIT)


@dataclass(frozen=True)
class Desk:
    """An operator's command line beside a hub with a broker."""

    data_dir: Path
    environ: dict[str, str]

    async def run(self, *words: str) -> Result:
        given = ["party", "amqp", *words, "--data-dir", str(self.data_dir)]
        return await asyncio.to_thread(CliRunner().invoke, app, given, env=self.environ)


@pytest.fixture
async def desk(tmp_path: Path, rabbit: RabbitServer, broker_url: str, book: Accounts) -> Desk:
    environ = {
        "SAMVERKAN_BROKER_URL": broker_url,
        "SAMVERKAN_BROKER_API_URL": rabbit.api_url,
        "SAMVERKAN_AMQP_UNITS": UNIT,
    }
    (tmp_path / "data").mkdir(mode=0o700)
    return Desk(tmp_path / "data", environ)


async def test_an_operator_makes_changes_and_removes_an_account_and_the_log_knows(desk: Desk, broker_url: str) -> None:
    made = await desk.run("set", UNIT, "--json")
    assert made.exit_code == 0, made.output
    shown = json.loads(made.stdout)
    assert (shown["user"], shown["queue"]) == ("unit.jt-sydost", "inbox.jt-sydost")
    again = await desk.run("set", UNIT)
    assert (again.exit_code, "rotate" in again.output) == (1, True)
    rotated = await desk.run("rotate", UNIT)
    assert rotated.exit_code == 0
    assert shown["password"] not in rotated.output
    twice = await desk.run("rotate", UNIT)
    assert (twice.exit_code, "retire" in twice.output) == (1, True)
    retired = await desk.run("retire", UNIT, "--json")
    assert json.loads(retired.stdout)["user"] == shown["user"]
    assert (await desk.run("remove", UNIT)).exit_code == 0
    assert [(await desk.run(word, UNIT)).exit_code for word in ("rotate", "retire", "remove")] == [1, 1, 1]
    hub = bootstrap.build_hub(settings.load({"data_dir": str(desk.data_dir)}, {}, None))
    await hub.open()
    rows = [row for row in hub.reader.list_audit(AuditQuery(limit=100)) if row.action == "amqp_account_changed"]
    await hub.close()
    assert [json.loads(row.entry)["step"] for row in rows] == ["set", "rotated", "retired", "removed"]
    assert {row.unit for row in rows} == {UNIT}
    assert shown["password"].encode() not in b"".join(row.entry for row in rows)


async def test_a_unit_without_a_queue_and_a_hub_without_a_management_api_are_told(desk: Desk) -> None:
    without_queue = await desk.run("set", OTHER)
    assert (without_queue.exit_code, "amqp_units" in without_queue.output) == (2, True)
    del desk.environ["SAMVERKAN_BROKER_API_URL"]
    without_api = await desk.run("set", UNIT)
    assert (without_api.exit_code, "broker_api_url" in without_api.output) == (2, True)
    assert not list(desk.data_dir.glob("notes/*"))
