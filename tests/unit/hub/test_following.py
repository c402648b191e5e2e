"""Following an inbox: one page at a time, however much comes and however slowly it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from hub.clock import FixedClock
from hub.delivery import following
from hub.delivery.following import InboxFollowing
from hub.store import records
from hub.store.sqlite import SqliteStore
from hub.transport.in_process import InProcessTransport
from hub.transport.port import TransportUnavailable
from tests.contract import stored

UNIT = "jt-sydost"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(tmp_path / "hub.sqlite3")
    yield store
    store.close()


def listen(store: Any, transport: InProcessTransport, heartbeat: float = 0.01) -> InboxFollowing:
    return InboxFollowing(store, transport, FixedClock(stored.NOON), heartbeat=heartbeat)


async def send(store: SqliteStore, transport: InProcessTransport, count: int) -> None:
    written = [stored.sent()[0] for _ in range(count)]
    await stored.keep(store, *written)
    await transport.publish(store.reader().list_unpublished(limit=count))


async def test_a_slow_listener_holds_one_page_however_much_arrives(store: SqliteStore) -> None:
    transport, asked = InProcessTransport(), 0
    real = store.reader().list_inbox

    class Counting:
        def reader(self) -> Any:
            return self

        async def ask(self, work: Callable[[], Any]) -> Any:
            return work()

        def list_inbox(self, unit_id: str, **parts: Any) -> list[records.ClaimCheck]:
            nonlocal asked
            asked += 1
            return real(unit_id, **parts)

    await send(store, transport, 250)
    async with aclosing(listen(Counting(), transport).follow(UNIT, 0)) as pages:
        first = await anext(pages)
        for _ in range(3):
            await send(store, transport, 300)
        assert (len(first), asked) == (following.PAGE, 1), "more was read than was taken"
        positions = [claim.position for claim in first]
        async for page in pages:
            if not page:
                break
            assert len(page) <= following.PAGE
            positions += [claim.position for claim in page]
    assert positions == list(range(1, 1151))


async def test_an_idle_inbox_gives_heartbeats(store: SqliteStore) -> None:
    async with aclosing(listen(store, InProcessTransport()).follow(UNIT, 0)) as pages:
        assert [await anext(pages) for _ in range(3)] == [(), (), ()]


async def test_a_bell_that_nobody_rang_is_made_up_for_by_the_next_heartbeat(store: SqliteStore) -> None:
    async with aclosing(listen(store, InProcessTransport()).follow(UNIT, 0)) as pages:
        assert await anext(pages) == ()
        await stored.keep(store, stored.sent()[0])
        assert len(await anext(pages)) == 1


async def test_following_ends_when_the_hub_stops_and_leaves_no_listener(store: SqliteStore) -> None:
    transport = InProcessTransport()
    async with aclosing(listen(store, transport, heartbeat=60).follow(UNIT, 0)) as pages:
        waiting = anext(pages)
        await transport.close()
        with pytest.raises(TransportUnavailable):
            await waiting
    assert transport.count_listeners() == 0
