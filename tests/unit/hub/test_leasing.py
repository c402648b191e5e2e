"""The relay over a broker that may lose what it has: when claim checks are published once more, and when not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from hub import bootstrap, clock, settings
from hub.delivery import leasing
from hub.service import Hub
from hub.store.records import ClaimCheck
from hub.transport.in_process import InProcessTransport
from hub.transport.port import Depth, Subscription
from tests.support import events, judging, office, persons
from tests.support.waiting import until

UNIT = "jt-sydost"


class Broker:
    """Takes everything; `door` is what it says of the unit's queue when somebody looks."""

    is_immediate = False

    def __init__(self) -> None:
        self.door: bool | None = True
        self.looks = 0
        self.published: list[str] = []
        self._here = InProcessTransport()

    async def publish(self, claims: Sequence[ClaimCheck]) -> Sequence[ClaimCheck]:
        self.published += [each.delivery_id for each in claims if each.unit_id == UNIT]
        return ()

    async def look_at_doors(self) -> Mapping[str, bool | None]:
        self.looks += 1
        return {UNIT: self.door}

    async def some_looks(self) -> None:
        """Until the relay has seen the door as it is now, and done what it does about it."""
        seen = self.looks
        await until(lambda: self.looks >= seen + 3, "looks at the door")

    def is_missing(self, unit_id: str) -> bool:
        return False

    async def take_dead(self, bury: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        return None

    def subscribe(self, unit_id: str) -> AbstractAsyncContextManager[Subscription]:
        return self._here.subscribe(unit_id)

    async def probe(self) -> None:
        return None

    async def measure(self) -> Sequence[Depth]:
        return await self._here.measure()

    async def close(self) -> None:
        await self._here.close()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    for name in ("SWEEP_SECONDS", "RETRY_SECONDS", "AGAIN_SECONDS", "REFILL_SECONDS"):
        monkeypatch.setattr(leasing, name, 0.01)
    return Broker()


@pytest.fixture
async def hub(tmp_path: Path, broker: Broker) -> AsyncIterator[Hub]:
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = bootstrap.build_hub(
        given,
        clock=clock.FixedClock(judging.NOON),
        transport=broker,
        registry=events.catalogue(),
        directory=judging.directory(),
        rulebook=judging.rules(),
    )
    await hub.open()
    yield hub
    await hub.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def delivery(hub: Hub, broker: Broker) -> str:
    """A copy whose claim check is in the unit's queue, which nobody doubts."""
    await broker.some_looks()
    body = events.consent(at=hub.clock.now(), person=persons.ASTA)
    await office.send(hub, "consent.recorded", "sd-farsta", body)
    sent = await office.accepted(hub, "referral.submitted", "sd-farsta", person=persons.ASTA)
    found = str(sent.receipt["recipients"][0]["delivery"])
    await until(lambda: found in broker.published, "the claim check")
    await broker.some_looks()
    return found


async def test_a_queue_that_was_emptied_by_its_unit_is_not_filled_again(broker: Broker, delivery: str) -> None:
    broker.door = False
    await broker.some_looks()
    broker.door = True
    await broker.some_looks()
    assert broker.published.count(delivery) == 1


async def test_what_a_lost_queue_had_is_published_again_once_the_new_one_is_empty(
    broker: Broker, delivery: str
) -> None:
    """However late that is: the new queue may have something in it whenever somebody looks."""
    broker.door = None
    await broker.some_looks()
    broker.door = False
    await broker.some_looks()
    assert broker.published.count(delivery) == 1
    broker.door = True
    await until(lambda: broker.published.count(delivery) == 2, "the claim check once more")
    await broker.some_looks()
    assert broker.published.count(delivery) == 2
