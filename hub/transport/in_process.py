"""The embedded transport: listeners in this process, nothing between them and the publisher.

A claim check here is only a doorbell. A listener that stays away for long loses the oldest of what it did not
hear, never the newest: the unit's inbox in the store has them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from hub.store.records import ClaimCheck
from hub.transport import port

_MOST_UNHEARD: Final = 256


class InProcessTransport:
    """For one event loop. Units without a listener cost nothing."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[_Listener]] = {}
        self._is_closed = False

    @property
    def is_immediate(self) -> bool:
        return True

    async def publish(self, claims: Sequence[ClaimCheck]) -> Sequence[ClaimCheck]:
        await self.probe()
        for claim in claims:
            for listener in self._listeners.get(claim.unit_id, ()):
                listener.ring(claim)
        return ()

    async def look_at_doors(self) -> Mapping[str, bool | None]:
        return {}

    def is_missing(self, unit_id: str) -> bool:
        return False

    async def take_dead(self, bury: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        """Nobody can reject here."""

    def wake_all(self) -> None:
        """Everybody looks for what may have gone by."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()

    @asynccontextmanager
    async def subscribe(self, unit_id: str) -> AsyncIterator[port.Subscription]:
        listener = _Listener()
        if self._is_closed:
            listener.close()
        self._listeners.setdefault(unit_id, set()).add(listener)
        try:
            yield listener
        finally:
            self._forget(unit_id, listener)

    def _forget(self, unit_id: str, listener: _Listener) -> None:
        others = self._listeners[unit_id]
        others.discard(listener)
        if not others:
            del self._listeners[unit_id]

    async def probe(self) -> None:
        if self._is_closed:
            raise port.TransportUnavailable("the transport is closed")

    async def measure(self) -> Sequence[port.Depth]:
        await self.probe()
        unheard = sum(each.unheard for listeners in self._listeners.values() for each in listeners)
        return [port.Depth(port.QueueKind.BELLS, None, unheard)]

    async def close(self) -> None:
        self._is_closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close()

    def count_listeners(self) -> int:
        """How many listeners are at all doors together."""
        return sum(map(len, self._listeners.values()))


class _Listener:
    def __init__(self) -> None:
        self._unheard: deque[ClaimCheck] = deque(maxlen=_MOST_UNHEARD)
        self._rung = asyncio.Event()
        self._is_closed = False

    @property
    def unheard(self) -> int:
        return len(self._unheard)

    def ring(self, claim: ClaimCheck) -> None:
        self._unheard.append(claim)
        self._rung.set()

    def wake(self) -> None:
        self._rung.set()

    def close(self) -> None:
        self._is_closed = True
        self._rung.set()

    async def next(self, timeout: float) -> Sequence[ClaimCheck]:
        if self._is_closed and not self._unheard:
            # Not an empty answer: a listener in a loop would ask again at once, and for ever.
            raise port.TransportUnavailable("the transport is closed")
        if not self._rung.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._rung.wait()
            except TimeoutError:
                return ()
        heard = tuple(self._unheard)
        self._unheard.clear()
        if not self._is_closed:
            self._rung.clear()
        return heard
