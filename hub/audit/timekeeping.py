"""The times in the log: they grow, or the log says that the clock went back.

What is decided rests on the clock as it is; the order of the log and of cases rests on numbers and never on a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hub.audit.entry import AuditAction
from hub.commit_group import GroupCommitted
from hub.ledger import Ledger
from hub.store.port import Reader
from hub.store.records import AuditQuery
from routing.vocabulary import HUB

# The clocks of processes that share a database may differ by so much.
SKEW: Final = timedelta(seconds=60)


class TimeWatch:
    """Compares each group's time with the newest since it last went back, at the start with the last entry's."""

    def __init__(self, reader: Reader) -> None:
        last = reader.list_audit(AuditQuery(after=reader.audit_size() - 2, limit=1))
        self._newest: datetime | None = last[-1].at if last else None

    def look(self, ledger: Ledger) -> Ledger:
        """Its first entry tells when the clock is further behind than clocks may differ."""
        if self._newest is not None and self._is_behind(ledger.at):
            behind = int((self._newest - ledger.at).total_seconds())
            ledger.audit(AuditAction.CLOCK_WENT_BACK, HUB, detail={"seconds": behind})
        return ledger

    def keep(self, committed: GroupCommitted) -> None:
        """Once it is on disk."""
        at = committed.ledger.at
        # The newest, and not the last: many small steps back are a large one.
        self._newest = at if self._newest is None or self._is_behind(at) else max(self._newest, at)

    def _is_behind(self, at: datetime) -> bool:
        return self._newest is not None and at < self._newest - SKEW
