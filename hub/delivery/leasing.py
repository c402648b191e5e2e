"""The relay where claim checks travel through a broker, and more than one process may carry them.

What is committed is leased, published, and noted as published; a process that dies or stands still loses its lease,
and another goes on with the same case in order. Publishing twice is harmless; publishing never is not, so nothing that
happens to a broker ends this task: it waits, and tries again.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from hub.clock import Clock
from hub.commit_group import CommitGroup, GroupCommitted, Overloaded
from hub.delivery.dead_letters import BuryDelivery
from hub.delivery.faults import ATTEMPTS, FaultCount
from hub.delivery.relay import MarkPublished
from hub.ledger import Ledger
from hub.store.dead_letters import DeathReason
from hub.store.port import Group, Store, StoreUnavailable
from hub.store.records import ClaimCheck
from hub.transport.port import Transport, TransportUnavailable

log = structlog.get_logger()

BATCH: Final = 500
LEASE: Final = timedelta(seconds=30)
SWEEP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
REFILL_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 5.0
# A lease is not used in its last seconds: whoever is next must not meet us.
MARGIN: Final = timedelta(seconds=6)
# So long may a recipient take to acknowledge before its claim check, if it is in no queue any more, is published again.
PATIENCE: Final = timedelta(minutes=10)
# How often a broker brings a claim check that is rejected each time.
REJECTED: Final = 21
# Nothing gets through for now, whichever claim check it is.
_WAITS: Final = (TransportUnavailable, StoreUnavailable, Overloaded)


@dataclass(frozen=True, slots=True)
class LeaseDeliveries:
    """This process wants to publish what waits."""

    holder: str


@dataclass(frozen=True, slots=True)
class RefillDoors:
    """The queues of these units no longer have what was published before this instant, and nobody acknowledged it."""

    units: tuple[str, ...]
    before: datetime


class DeliveryLeasing:
    """The handler of both. They write at once, not with the group's other changes: what they read they take."""

    def prepare(self, ledger: Ledger, commands: Sequence[LeaseDeliveries | RefillDoors]) -> None:
        return None

    def handle(self, ledger: Ledger, command: LeaseDeliveries | RefillDoors) -> Sequence[ClaimCheck]:
        group: Group = ledger.group  # type: ignore[assignment]
        if isinstance(command, LeaseDeliveries):
            return group.lease_due_deliveries(command.holder, at=ledger.at, until=ledger.at + LEASE, limit=BATCH)
        group.take_back(command.units, before=command.before)
        return ()


class LeasingRelay:
    """One of any number of relays over the same outbox."""

    def __init__(self, store: Store, transport: Transport, group: CommitGroup, clock: Clock) -> None:
        self._store = store
        self._transport = transport
        self._group = group
        self._clock = clock
        self._holder = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._wanted = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        # Units whose door has been found empty, and was filled again, since the broker was last in doubt: none at the
        # start, when nobody knows what it has been through.
        self._sound: frozenset[str] = frozenset()
        self._is_lost = True
        self._refill_at = 0.0
        self._held: Sequence[ClaimCheck] = ()
        self._held_until = clock.now()
        self._published: list[str] = []
        self._faults, self._unroutable = FaultCount(), FaultCount(of_all=True)
        group.on_commit(self._hear)

    def _hear(self, committed: GroupCommitted) -> None:
        if committed.ledger.claims:
            self._wanted.set()

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._store.listen(lambda: _tell(loop, self._wanted.set))
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Ends after what is under way; what is left waits for the next process. Twice is fine."""
        self._closing = True
        self._wanted.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._carry_on()
                continue
            except _WAITS as fault:
                log.warning("relay_waits", reason=type(fault).__name__)
                if isinstance(fault, TransportUnavailable):
                    self._lose()
            except asyncio.CancelledError:
                # The library below lets these out when a connection dies. Only ours end us.
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                log.warning("relay_waits", reason="CancelledError")
                self._lose()
            except Exception:
                log.exception("relay_fault")
            await self._pause(RETRY_SECONDS)

    def _lose(self) -> None:
        self._sound = frozenset()
        if not self._is_lost:
            self._is_lost, self._refill_at = True, 0.0

    async def _carry_on(self) -> None:
        """Everything that waits now, then a rest until something comes."""
        self._wanted.clear()
        while not self._closing:
            await self._refill()
            if not await self._publish_some():
                break
        await self._pause(SWEEP_SECONDS)

    async def _publish_some(self) -> bool:
        """One batch; what a broker would not take is tried again as long as the lease lasts. False: nothing waits."""
        if not self._held or self._clock.now() > self._held_until:
            self._held = await self._lease_and_note()
        if not self._held:
            return False
        held = self._held
        try:
            await self._hand_over(held)
        except _WAITS:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not hold up the others
            log.warning("relay_goes_one_by_one", reason=type(fault).__name__)
            for claim in held:
                await self._hand_over_alone(claim)
        self._held = ()
        return True

    async def _hand_over(self, claims: Sequence[ClaimCheck]) -> None:
        left = {claim.delivery_id for claim in await self._transport.publish(claims)}
        taken = [claim.delivery_id for claim in claims if claim.delivery_id not in left]
        self._published += taken
        self._faults.got_through(taken)
        self._unroutable.got_through(taken)
        if left:
            self._lose()  # a door that took nothing may have lost what it had
        for claim in claims:
            if claim.delivery_id in left and self._transport.is_missing(claim.unit_id):
                await self._count(self._unroutable, claim, DeathReason.UNROUTABLE)

    async def _hand_over_alone(self, claim: ClaimCheck) -> None:
        """One that nobody can hand over stays leased until its lease is over: so long it holds up its lane alone."""
        try:
            await self._hand_over([claim])
        except _WAITS:
            raise
        except Exception as fault:  # noqa: BLE001 - counted, told in the log, and in the end a dead letter
            await self._count(self._faults, claim, DeathReason.POISON, fault)

    async def _count(
        self, faults: FaultCount, claim: ClaimCheck, reason: DeathReason, fault: Exception | None = None
    ) -> None:
        count = faults.failed(claim.delivery_id)
        if count is None:
            return
        log.error("claim_not_published", reason=reason.value, attempt=count, exc_info=fault)
        if count >= ATTEMPTS:
            await self._group.submit(BuryDelivery(claim.delivery_id, reason, count))
            faults.forget(claim.delivery_id)

    async def _lease_and_note(self) -> Sequence[ClaimCheck]:
        """Both in one commit: noting the last ones, and leasing the next."""
        self._held_until = self._clock.now() + LEASE - MARGIN
        leased, _ = await asyncio.gather(self._group.submit(LeaseDeliveries(self._holder)), self._note())
        claims: Sequence[ClaimCheck] = leased
        return claims

    async def _note(self) -> None:
        if published := tuple(self._published):
            await self._group.submit(MarkPublished(published))
            del self._published[: len(published)]

    async def _refill(self) -> None:
        """A broker that was away may have lost what it had: the outbox has it still. Holds up no publishing."""
        now = asyncio.get_running_loop().time()
        if now < self._refill_at:
            return
        self._refill_at = now + AGAIN_SECONDS
        doors = await self._transport.look_at_doors()
        await self._note()  # before the instant that counts
        empty = frozenset(unit_id for unit_id, is_empty in doors.items() if is_empty)
        silent = frozenset(unit_id for unit_id, is_empty in doors.items() if is_empty is None)
        self._sound -= silent
        await self._fill_again(empty - self._sound, timedelta(0))
        await self._fill_again(empty & self._sound, PATIENCE)
        # A door with something in it may have lost something all the same. It stays in doubt until it is found empty.
        self._sound |= empty
        # One that was silent, or that had to be made anew, is looked at again soon.
        self._is_lost = bool(silent)
        if not silent:
            self._refill_at = now + REFILL_SECONDS
        await self._transport.take_dead(self._bury_rejected)

    async def _fill_again(self, units: Collection[str], patience: timedelta) -> None:
        if units:
            await self._group.submit(RefillDoors(tuple(sorted(units)), self._clock.now() - patience))

    async def _bury_rejected(self, delivery_ids: Sequence[str]) -> None:
        """What the unit's own programs could not handle however often they got it."""
        commands = [BuryDelivery(delivery_id, DeathReason.POISON, REJECTED) for delivery_id in delivery_ids]
        await asyncio.gather(*map(self._group.submit, commands))

    async def _pause(self, seconds: float) -> None:
        if self._closing:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """From another thread, also one that has not noticed yet that the loop is gone."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return
