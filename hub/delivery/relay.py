"""From the outbox to the transport: claim checks are published after their commit, and again until somebody has them.

The relay is told of fresh claim checks by the commit group, and sweeps the outbox at its start and every now and then
for what it may have missed. Publishing twice is harmless; publishing never is not. While nothing gets through, it
remembers so many and no more: the outbox has them all. A claim check that cannot be published by itself holds up no
other, and is a dead letter after a few attempts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from hub.commit_group import CommitGroup, GroupCommitted, Overloaded
from hub.delivery.dead_letters import BuryDelivery
from hub.delivery.faults import ATTEMPTS, FaultCount
from hub.ledger import Ledger
from hub.store.dead_letters import DeathReason
from hub.store.port import Store, StoreUnavailable
from hub.store.records import ClaimCheck, DeliveryState
from hub.transport.port import Transport, TransportUnavailable

log = structlog.get_logger()

BATCH = 500
MOST_FRESH = 5_000
SWEEP_SECONDS = 30.0
RETRY_SECONDS = 1.0
# Nothing gets through for now, whichever claim check it is.
_WAITS = (TransportUnavailable, StoreUnavailable, Overloaded)


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
        self._has_missed = False
        self._faults = FaultCount()
        self._wanted = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        group.on_commit(self._hear)

    def _hear(self, committed: GroupCommitted) -> None:
        claims = committed.ledger.claims
        if not claims or self._task is None:  # where it does not run, another process sweeps
            return
        room = MOST_FRESH - len(self._fresh)
        self._has_missed = self._has_missed or len(claims) > room
        self._fresh.extend(claims[:room])
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
            if self._has_missed and not self._fresh:
                self._has_missed = False
                await self._attempt(self._catch_up)

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Runs one step; whatever goes wrong, the relay lives on and tries again."""
        try:
            await step()
        except _WAITS as fault:
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
        await self._publish_around_faults(batch)
        for _ in batch:
            self._fresh.popleft()

    async def _catch_up(self) -> None:
        """What was not heard, or failed by itself, without waiting for the next sweep."""
        try:
            await self._sweep()
        except _WAITS:
            self._has_missed = True
            raise
        if self._has_missed and not self._closing:
            await asyncio.sleep(RETRY_SECONDS)
            self._wanted.set()

    async def _sweep(self) -> None:
        waiting = {claim.delivery_id for claim in self._fresh}
        while left := self._list_left(waiting):
            waiting.update(claim.delivery_id for claim in left)  # each once in a sweep, whatever becomes of it
            await self._publish_around_faults(left)

    def _list_left(self, waiting: Collection[str]) -> list[ClaimCheck]:
        found = self._store.reader().list_unpublished(limit=BATCH + len(waiting))
        return [claim for claim in found if claim.delivery_id not in waiting][:BATCH]

    async def _publish_around_faults(self, claims: Sequence[ClaimCheck]) -> None:
        try:
            await self._publish(claims)
        except _WAITS:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not hold up the others
            log.warning("relay_goes_one_by_one", reason=type(fault).__name__)
            for claim in claims:
                await self._publish_alone(claim)

    async def _publish_alone(self, claim: ClaimCheck) -> None:
        try:
            await self._publish([claim])
        except _WAITS:
            raise
        except Exception as fault:  # noqa: BLE001 - counted, told in the log, and in the end a dead letter
            self._has_missed = True
            await self._count_fault(claim, fault)

    async def _count_fault(self, claim: ClaimCheck, fault: Exception) -> None:
        count = self._faults.failed(claim.delivery_id)
        if count is None:
            return
        log.error("claim_not_published", attempt=count, exc_info=fault)
        if count >= ATTEMPTS:
            await self._group.submit(BuryDelivery(claim.delivery_id, DeathReason.POISON, count))
            self._faults.forget(claim.delivery_id)

    async def _publish(self, claims: Sequence[ClaimCheck]) -> None:
        left = {claim.delivery_id for claim in await self._transport.publish(claims)}
        if left:
            claims = [claim for claim in claims if claim.delivery_id not in left]
        self._faults.got_through([claim.delivery_id for claim in claims])
        if not all(claim.state is DeliveryState.NOTIFIED for claim in claims):
            await self._mark(claims)

    async def _mark(self, claims: Sequence[ClaimCheck]) -> None:
        await self._group.submit(MarkPublished(tuple(claim.delivery_id for claim in claims)))
