"""The process's part of pushing: looks for what is due, leases it, sends it, a few at a time to each endpoint.

Everything that must survive lies in the store; here are only tasks and counters. Any number of processes may do this
over one store: a lease is one process's alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import orjson
import structlog

from hub.clock import Clock
from hub.commit_group import CommitGroup, GroupCommitted, Overloaded
from hub.push import schedule, signing
from hub.push.calling import AT_ONCE, Caller
from hub.push.sending import GiveUpPush, Leased, LeasePush, RecordPush
from hub.store.port import Store, StoreUnavailable
from hub.store.records import ClaimCheck
from hub.store.webhooks import DuePush, Webhook
from hub.telemetry.metrics import Metrics
from hub.transport.batches import event_of

log = structlog.get_logger()

AT_ONCE_PER_ENDPOINT: Final = 4
# How long a push that came due by itself may lie, and how often the list of endpoints is read again.
LOOK_SECONDS: Final = 1.0
BATCH: Final = 200


class Pusher:
    """Owns the calls. `round` does what is due now; `start` goes on doing it."""

    def __init__(self, store: Store, group: CommitGroup, caller: Caller, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._group = group
        self._caller = caller
        self._clock = clock
        self._metrics = metrics
        self._units: frozenset[str] = frozenset()
        self._active: Counter[str] = Counter()
        self._calls: set[asyncio.Task[None]] = set()
        self._wanted = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        group.on_commit(self._hear)

    def _hear(self, committed: GroupCommitted) -> None:
        if committed.ledger.changes.webhooks or any(claim.unit_id in self._units for claim in committed.ledger.claims):
            self._wanted.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="pusher")

    async def stop(self) -> None:
        """Ends after the calls under way, which have their time limits. Twice is fine."""
        self._closing = True
        self._wanted.set()
        if self._task is not None:
            await self._task
            self._task = None
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._caller.close()

    async def _run(self) -> None:
        while not self._closing:
            self._wanted.clear()
            try:
                await self._begin_due()
            except (StoreUnavailable, Overloaded) as fault:
                log.warning("pusher_waits", reason=type(fault).__name__)
            except Exception:
                log.exception("pusher_fault")
            try:
                await asyncio.wait_for(self._wanted.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Sends everything that is due now, and waits for the answers."""
        while await self._begin_due() or self._calls:
            await asyncio.gather(*self._calls)

    async def _begin_due(self) -> int:
        """Begins as many calls as there is room for. How many."""
        at = self._clock.now()
        reader = self._store.reader()
        self._units = await self._store.ask(reader.list_webhook_units)
        if not self._units:
            return 0
        await self._give_up_exhausted()
        begun = 0
        for webhook in await self._store.ask(lambda: self._store.reader().list_due_webhooks(at)):
            begun += await self._begin(webhook)
        return begun

    async def _begin(self, webhook: Webhook) -> int:
        unit_id, at = webhook.unit_id, self._clock.now()
        room = schedule.most_at_once(webhook.failures, AT_ONCE_PER_ENDPOINT) - self._active[unit_id]
        room = min(room, AT_ONCE - len(self._calls))
        if room <= 0 or self._closing:
            return 0
        due = await self._store.ask(lambda: self._store.reader().list_due_pushes(unit_id, at, limit=room))
        leases = await self._lease(due)
        for claim, leased in leases:
            self._active[unit_id] += 1
            call = asyncio.create_task(self._send(claim, leased), name="push")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return len(leases)

    async def _lease(self, due: Sequence[DuePush]) -> list[tuple[ClaimCheck, Leased]]:
        commands = [LeasePush(each.push.delivery_id) for each in due]
        answers = await asyncio.gather(*map(self._group.submit, commands))
        return [(each.claim, leased) for each, leased in zip(due, answers, strict=True) if leased is not None]

    async def _send(self, claim: ClaimCheck, leased: Leased) -> None:
        try:
            body = orjson.dumps(event_of(claim))
            # The id stays the same through all attempts: receivers know by it what they have had.
            headers = signing.sign(leased.secrets, leased.delivery_id, self._clock.now(), body)
            outcome = await self._caller.call(leased.url, headers, body)
            self._metrics.pushes.labels(state=outcome.result.value).inc()
            log.info(
                "pushed", unit=leased.unit_id, result=outcome.result.value, why=outcome.why, attempt=leased.attempt
            )
            await self._group.submit(RecordPush(leased.delivery_id, leased.attempt, outcome))
        except (StoreUnavailable, Overloaded) as fault:
            log.warning("push_not_recorded", reason=type(fault).__name__)  # the lease ends, and it is sent again
        except Exception:
            log.exception("push_fault")
        finally:
            self._active[leased.unit_id] -= 1
            self._wanted.set()

    async def _give_up_exhausted(self) -> None:
        before = self._clock.now() - schedule.PATIENCE
        while found := await self._store.ask(lambda: self._store.reader().list_exhausted_pushes(before, limit=BATCH)):
            await asyncio.gather(*(self._group.submit(GiveUpPush(delivery_id)) for delivery_id in found))
