"""A unit's inbox as a stream: what waits from a position on, and what comes, for as long as somebody listens.

The store is asked for one page at a time and only when the last one has been taken, so a listener that reads slowly
holds one page and no more, however much arrives meanwhile. The transport only rings: what a bell does not tell, the
store does, at the latest with the next heartbeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from hub.clock import Clock
from hub.store.port import Store
from hub.store.records import ClaimCheck
from hub.transport.port import Transport

PAGE: Final = 100
HEARTBEAT_SECONDS: Final = 15.0
# A handful of programs, some of which have lost their connections without anybody knowing yet.
MOST_LISTENERS: Final = 20


class TooManyListeners(Exception):
    """The unit listens to its inbox as often as it may."""


class InboxFollowing:
    """Follows inboxes for many listeners; each has its own place."""

    def __init__(
        self, store: Store, transport: Transport, clock: Clock, *, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        self._store = store
        self._transport = transport
        self._clock = clock
        self._heartbeat = heartbeat
        self.listening: Counter[str] = Counter()

    @contextmanager
    def place(self, unit_id: str) -> Iterator[None]:
        """A listener's place. Raises `TooManyListeners`: each holds a connection, so a unit has only so many."""
        if self.listening[unit_id] >= MOST_LISTENERS:
            raise TooManyListeners
        self.listening[unit_id] += 1
        try:
            yield
        finally:
            self.listening[unit_id] -= 1
            if not self.listening[unit_id]:
                del self.listening[unit_id]

    async def follow(self, unit_id: str, after: int) -> AsyncGenerator[Sequence[ClaimCheck], None]:
        """Open claim checks behind position `after`, oldest first, each once. An empty page is a heartbeat: nothing
        came for a while. Raises `StoreUnavailable`, and `TransportUnavailable` when the hub is about to stop."""
        async with self._transport.subscribe(unit_id) as subscription:
            while True:
                while page := await self._list_now(unit_id, after):
                    yield page
                    after = page[-1].position
                if not await subscription.next(self._heartbeat):
                    yield ()

    async def _list_now(self, unit_id: str, after: int) -> list[ClaimCheck]:
        at = self._clock.now()
        return await self._store.ask(lambda: self._store.reader().list_inbox(unit_id, limit=PAGE, after=after, at=at))
