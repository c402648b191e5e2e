"""Gallring as the hub does it by itself: once in so many hours, and when somebody asks."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from hub.clock import Clock
from hub.commit_group import CommitGroup
from hub.ledger import Ledger
from hub.retention import terms
from hub.retention.erasing import DestroyKeys, EraseBodies, EraseMetadata, RecordRun
from hub.retention.pace import Pace
from hub.retention.planning import Plan
from hub.retention.terms import Due
from hub.rounds import Rounds
from hub.store.kept import RetentionRun
from hub.store.port import Store, StoreUnavailable
from hub.store.records import AuditQuery
from routing import retention
from routing.retention import Kind
from routing.rulebook import Rulebook
from routing.vocabulary import HUB

log = structlog.get_logger()

_OF_KEYS = frozenset({Kind.CASE, Kind.CONSENT, Kind.PERSON})


class Gallring:
    """`every`: how long after the beginning of the last run the next one begins; none begins by itself when it is 0.
    `wakes_after` is how often the clock is asked."""

    def __init__(
        self,
        store: Store,
        group: CommitGroup,
        clock: Clock,
        look: Callable[[datetime], Ledger],
        rulebook: Rulebook,
        *,
        every: timedelta,
        wakes_after: float,
    ) -> None:
        self._store = store
        self._group = group
        self._clock = clock
        self._look = look
        self._rulebook = rulebook
        self._every = every
        self._rounds = Rounds(self._run_in_time, wakes_after, "gallring", at_once=True)
        self._at_work = asyncio.Lock()

    def use(self, rulebook: Rulebook) -> None:
        """From the next run on, times are as this rulebook says."""
        self._rulebook = rulebook

    def start(self) -> None:
        if self._every:
            self._rounds.start()

    async def stop(self) -> None:
        """Ends after the page under way. Twice is fine."""
        await self._rounds.stop()

    async def list_due(self) -> AsyncIterator[Sequence[Due]]:
        """What a run would erase now, in pages; nothing is erased."""
        plan = await self._plan(self._clock.now(), Pace(rests=0))
        async for page in plan.pages():
            yield page

    async def run(self, actor: str = HUB) -> RetentionRun:
        """Erases everything that is due and writes the protocol. One run at a time: another one waits.

        Raises `StoreUnavailable` or `Overloaded`; what was erased until then stays so and the next run goes on."""
        async with self._at_work:
            began_at = self._clock.now()
            plan, counts = await self._plan(began_at, Pace()), Counter[str]()
            async for page in plan.pages():
                counts.update(terms.count(await self._erase(page)))
                if self._rounds.is_stopping:
                    break
            run = RetentionRun(
                run_id=str(uuid.uuid4()),
                began_at=began_at,
                ended_at=self._clock.now(),
                actor=actor,
                rulebook=self._rulebook.digest,
                counts=dict(counts),
                kept_from=plan.kept_from,
            )
            first = await self._store.ask(lambda: self._first_kept_entry(began_at))
            await self._group.submit(RecordRun(run, first))
            await self._rewrite_keys()
            return run

    async def _rewrite_keys(self) -> None:
        """After each run, also for the keys that were destroyed for protection since the last one."""
        try:
            await self._store.rewrite_keys()
        except StoreUnavailable as fault:
            log.warning("keys_not_rewritten", reason=str(fault))

    def _first_kept_entry(self, at: datetime) -> int:
        """The index of the first entry of the log to which a person's key may still lead."""
        since = retention.person_entries_since(at, self._rulebook.retention)
        return next((row.index for row in self._store.reader().list_audit(AuditQuery(since=since, limit=1))), 0)

    async def _plan(self, at: datetime, pace: Pace) -> Plan:
        last = await self._store.ask(lambda: self._store.reader().list_retention_runs(limit=1))
        return Plan(self._store, self._look, self._rulebook.retention, at, pace, last[0].kept_from if last else 0)

    async def _erase(self, page: Sequence[Due]) -> list[Due]:
        free = [due for due in page if not due.is_held]
        if not free:
            return []
        kind, positions = free[0].term.kind, tuple(due.position for due in free)
        command: EraseBodies | DestroyKeys | EraseMetadata = EraseBodies(positions)
        if kind in _OF_KEYS:
            command = DestroyKeys(tuple(due.lane_id for due in free))
        elif kind is Kind.METADATA:
            command = EraseMetadata(positions)
        erased: list[Due] = await self._group.submit(command)
        return erased

    async def _run_in_time(self) -> None:
        if await self._store.ask(self._is_time):
            run = await self.run()
            log.info("gallring_done", **run.counts)

    def _is_time(self) -> bool:
        last = self._store.reader().list_retention_runs(limit=1)
        if last:
            return self._clock.now() - last[0].began_at >= self._every
        first = self._store.reader().list_oldest_messages(after=0, limit=1)
        return bool(first) and self._clock.now() - first[0].recorded_at >= self._every
