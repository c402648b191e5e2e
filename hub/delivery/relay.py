"""From the outbox to the transport: claim checks are published after their commit, and again until somebody has them.

The relay is told of fresh claim checks by the commit group, and sweeps the outbox at its start and every now and then
for what it may have missed. Publishing twice is harmless; publishing never is not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from hub.commit_group import CommitGroup, GroupCommitted, Overloaded
from hub.ledger import Ledger
from hub.store.port import Store, StoreUnavailable
from hub.store.records import ClaimCheck, DeliveryState
from hub.transport.port import Transport, TransportUnavailable

log = structlog.get_logger()

BATCH = 500
SWEEP_SECONDS = 30.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class MarkPublished:
    """The transport has these."""

    delivery_ids: tuple[str, ...]


class PublicationMarking:
    """The handler of `MarkPublished`."""

    def prepare(self, ledger: Ledger, commands: Sequence[MarkPublished]) -> None:
        return None

    def handle(self, ledger: Ledger, command: MarkPublished) -> None:
        ledger.changes.published.extend(command.delivery_ids)


class Relay:
    """Owns the publishing side of the transport."""

    def __init__(self, store: Store, transport: Transport, group: CommitGroup) -> None:
        self._store = store
        self._transport = transport
        self._group = group
        self._fresh: deque[ClaimCheck] = deque()
        self._wanted = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        group.on_commit(self._hear)

    def _hear(self, committed: GroupCommitted) -> None:
        if committed.ledger.claims:
            self._fresh.extend(committed.ledger.claims)
            self._wanted.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Publishes what it has heard of, then ends. What is left stays in the outbox for the next start."""
        self._closing = True
        self._wanted.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        await self._attempt(self._sweep)
        while not self._closing or self._fresh:
            if not self._fresh:
                try:
                    await asyncio.wait_for(self._wanted.wait(), SWEEP_SECONDS)
                except TimeoutError:
                    await self._attempt(self._sweep)
            self._wanted.clear()
            if self._fresh and not await self._attempt(self._publish_fresh) and self._closing:
                return

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Runs one step; whatever goes wrong, the relay lives on and tries again."""
        try:
            await step()
        except (TransportUnavailable, StoreUnavailable, Overloaded) as fault:
            log.warning("relay_waits", reason=type(fault).__name__)
        except Exception:
            log.exception("relay_fault")
        else:
            return True
        if not self._closing:
            await asyncio.sleep(RETRY_SECONDS)
            self._wanted.set()
        return False

    async def _publish_fresh(self) -> None:
        batch = [self._fresh[index] for index in range(min(BATCH, len(self._fresh)))]
        await self._publish(batch)
        for _ in batch:
            self._fresh.popleft()

    async def _sweep(self) -> None:
        waiting = {claim.delivery_id for claim in self._fresh}
        while left := [
            claim for claim in self._store.reader().list_unpublished(limit=BATCH) if claim.delivery_id not in waiting
        ]:
            await self._publish(left)

    async def _publish(self, claims: Sequence[ClaimCheck]) -> None:
        left = {claim.delivery_id for claim in await self._transport.publish(claims)}
        if left:
            claims = [claim for claim in claims if claim.delivery_id not in left]
        if not all(claim.state is DeliveryState.NOTIFIED for claim in claims):
            await self._mark(claims)

    async def _mark(self, claims: Sequence[ClaimCheck]) -> None:
        await self._group.submit(MarkPublished(tuple(claim.delivery_id for claim in claims)))
