"""What was erased leaves the store's files too, right after the commit that erased it: old pages hold wrapped keys."""

from __future__ import annotations

import structlog

from hub.commit_group import GroupCommitted
from hub.store.port import Store, StoreUnavailable
from hub.store.records import Changes

log = structlog.get_logger()


class Scrubbing:
    """Where somebody reads just then, the next commit tries again. At a start it may be due from before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_due = True

    def follow(self, committed: GroupCommitted) -> None:
        """Called after each commit, when no group is open."""
        if not (self._is_due or _erases(committed.ledger.changes)):
            return
        try:
            self._is_due = not self._store.scrub()
        except StoreUnavailable as fault:
            self._is_due = True
            log.warning("not_scrubbed", reason=type(fault).__name__)


def _erases(changes: Changes) -> bool:
    return bool(changes.shreds or changes.erased_bodies or changes.erased_metadata or changes.rewrapped)
