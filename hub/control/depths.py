"""How full the transport's own queues are, asked for seldom however often somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.clock import Clock
from hub.telemetry.metrics import Metrics
from hub.transport.port import Depth, QueueKind, Transport, TransportUnavailable

KEPT_FOR: Final = timedelta(seconds=15)
LONGEST: Final = 3.0
"""Seconds that a look may take: a page does not wait longer for a broker that is away."""


@dataclass(frozen=True, slots=True)
class Measured:
    """At `at`; `queues` is None when the transport could not be asked."""

    at: datetime
    queues: Sequence[Depth] | None

    def totals(self) -> Mapping[QueueKind, int | None]:
        """Of each kind; None where a queue of it did not say."""
        return {kind: self._total(kind) for kind in QueueKind}

    def _total(self, kind: QueueKind) -> int | None:
        if self.queues is None:
            return None
        counts = [each.messages for each in self.queues if each.kind is kind]
        return None if None in counts else sum(count or 0 for count in counts)


class DepthWatch:
    """One look at a time, kept for a while, for all who ask; also that there was no answer is kept."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._turn = asyncio.Lock()
        self._last: Measured | None = None

    async def look(self) -> Measured:
        async with self._turn:
            now = self._clock.now()
            # A clock that was set back must not keep what was measured for longer.
            if self._last is None or not timedelta() <= now - self._last.at < KEPT_FOR:
                self._last = Measured(now, await self._measure())
            return self._last

    async def _measure(self) -> Sequence[Depth] | None:
        try:
            async with asyncio.timeout(LONGEST):
                return await self._transport.measure()
        except (TransportUnavailable, TimeoutError):
            return None

    async def tell(self, metrics: Metrics) -> None:
        """Sets the gauges: not a number where it is not known."""
        for kind, count in (await self.look()).totals().items():
            metrics.transport_messages.labels(queue=kind.value).set(float("nan") if count is None else count)
