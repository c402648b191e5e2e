"""How full the transport's queues are: asked for seldom, and told as unknown when nobody can say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import FixedClock
from hub.control import depths
from hub.control.depths import DepthWatch
from hub.telemetry.metrics import Metrics
from hub.transport.in_process import InProcessTransport
from hub.transport.port import Depth, QueueKind, TransportUnavailable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FULL = [
    Depth(QueueKind.CLAIMS, "af-farsta", 3),
    Depth(QueueKind.CLAIMS, "jt-sydost", 4),
    Depth(QueueKind.DEAD, None, 0),
]


class Counted(InProcessTransport):
    """A transport that counts how often it is asked, and answers as told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.answer: Sequence[Depth] | None = FULL
        self.gate = asyncio.Event()
        self.gate.set()

    async def measure(self) -> Sequence[Depth]:
        self.asked += 1
        await self.gate.wait()
        if self.answer is None:
            raise TransportUnavailable("the broker is not reached")
        return self.answer


@pytest.fixture
def transport() -> Counted:
    return Counted()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def watch(transport: Counted, clock: FixedClock) -> DepthWatch:
    return DepthWatch(transport, clock)


async def test_asks_once_for_all_who_look_within_a_while(
    watch: DepthWatch, transport: Counted, clock: FixedClock
) -> None:
    assert {(await watch.look()).at for _ in range(50)} == {NOON}
    clock.advance(depths.KEPT_FOR - timedelta(seconds=1))
    await watch.look()
    assert transport.asked == 1
    clock.advance(timedelta(seconds=1))
    await watch.look()
    assert transport.asked == 2


async def test_many_who_look_at_once_wait_for_one_answer(watch: DepthWatch, transport: Counted) -> None:
    transport.gate.clear()
    looks = [asyncio.create_task(watch.look()) for _ in range(20)]
    await asyncio.sleep(0)
    transport.gate.set()
    assert {len((await look).queues or ()) for look in looks} == {3}
    assert transport.asked == 1


async def test_a_transport_that_is_away_is_unknown_and_not_asked_by_everybody(
    watch: DepthWatch, transport: Counted, clock: FixedClock
) -> None:
    transport.answer = None
    assert [(await watch.look()).queues for _ in range(5)] == [None] * 5
    assert transport.asked == 1
    transport.answer = FULL
    clock.advance(depths.KEPT_FOR)
    assert (await watch.look()).queues == FULL


async def test_nobody_waits_long_for_a_transport_that_says_nothing(
    watch: DepthWatch, transport: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depths, "LONGEST", 0.01)
    transport.gate.clear()
    assert (await watch.look()).queues is None


async def test_a_clock_that_goes_back_does_not_keep_old_numbers(
    watch: DepthWatch, transport: Counted, clock: FixedClock
) -> None:
    await watch.look()
    clock.advance(timedelta(hours=-1))
    assert (await watch.look()).at == clock.now()
    assert transport.asked == 2


async def test_metrics_tell_each_kind_and_no_unit(watch: DepthWatch, transport: Counted, clock: FixedClock) -> None:
    metrics = Metrics("1")
    await watch.tell(metrics)
    assert told(metrics) == {"claims": "7.0", "dead": "0.0", "bells": "0.0"}
    transport.answer = [*FULL, Depth(QueueKind.CLAIMS, "sfi-stockholm", None)]
    clock.advance(depths.KEPT_FOR)
    await watch.tell(metrics)
    assert told(metrics)["claims"] == "NaN"
    assert told(metrics)["dead"] == "0.0"
    transport.answer = None
    clock.advance(depths.KEPT_FOR)
    await watch.tell(metrics)
    assert set(told(metrics).values()) == {"NaN"}


def told(metrics: Metrics) -> dict[str, str]:
    lines = [line for line in metrics.render()[1].decode().splitlines() if line.startswith("hub_transport_messages{")]
    return {line.split('"')[1]: line.rsplit(" ", 1)[1] for line in lines}
