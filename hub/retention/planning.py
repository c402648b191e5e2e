"""Everything that is due at an instant, page by page, so that nobody waits for a large table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.ledger import Ledger
from hub.retention import terms
from hub.retention.pace import Pace
from hub.retention.terms import Due
from hub.store.port import Store
from routing.retention_rules import RetentionRules

PAGE: Final = 50
# Positions looked at in one statement: many have no body any more and cost next to nothing.
STRETCH: Final = 500


@dataclass(slots=True)
class Plan:
    """What one look finds, in pages of one kind. `kept_from`: no message at or before this position has a body.
    `pace`: how the look, and what is done between two pages, gives way to others."""

    store: Store
    look: Callable[[datetime], Ledger]
    rules: RetentionRules
    at: datetime
    pace: Pace
    kept_from: int = 0
    held: frozenset[str] = field(default=frozenset(), init=False)

    async def pages(self) -> AsyncIterator[Sequence[Due]]:
        """Bodies, then keys, then metadata: a key waits for its bodies, metadata for its key. Erasing what a page
        names before asking for the next one is fine, and so is not doing it."""
        self.held = await self.store.ask(lambda: terms.held_lanes(self.store.reader()))
        for part in (self._bodies, self._lanes, self._metadata):
            async for due in part():
                await self.pace.give_way()
                for start in range(0, len(due), PAGE):
                    yield due[start : start + PAGE]
                    await self.pace.give_way()

    async def _bodies(self) -> AsyncIterator[Sequence[Due]]:
        last = await self.store.ask(lambda: self.store.reader().last_message_position())
        too_young = self.at - timedelta(days=self.rules.shortest_days)
        after, all_gone = self.kept_from, True
        while after < last:
            until = min(after + STRETCH, last)
            bodies = await self.store.ask(
                lambda after=after, until=until: self.store.reader().list_kept_bodies(after=after, until=until)  # type: ignore[misc]
            )
            due = terms.due_bodies(bodies, self.at, self.rules, self.held)
            stays = [body.position for body in bodies if body.position not in due or due[body.position].is_held]
            if all_gone:
                self.kept_from = min(stays) - 1 if stays else until
                all_gone = not stays
            yield list(due.values())
            if bodies and min(body.recorded_at for body in bodies) > too_young:
                return
            after = until

    async def _lanes(self) -> AsyncIterator[Sequence[Due]]:
        after = ""
        while True:
            names, due = await self.store.ask(lambda after=after: self._look_at_lanes(after))  # type: ignore[misc]
            if not names:
                return
            yield due
            after = names[-1]

    def _look_at_lanes(self, after: str) -> tuple[list[str], Sequence[Due]]:
        names = [key.lane_id for key in self.store.reader().list_data_keys(after=after, limit=PAGE)]
        return names, terms.due_lanes(self.look(self.at), names, self.rules, self.held)

    async def _metadata(self) -> AsyncIterator[Sequence[Due]]:
        after = 0
        while True:
            found = await self.store.ask(
                lambda after=after: self.store.reader().list_oldest_messages(after=after, limit=PAGE)  # type: ignore[misc]
            )
            due = terms.due_metadata(found, self.at, self.rules, self.held)
            if not due:
                return
            yield due
            after = found[-1].position
