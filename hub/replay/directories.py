"""The directory that was in force when a past message came."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from hub import directory_changes
from hub.store.history import StoredDirectory
from routing.directory import Directory
from routing.rule_files import RulesBroken


class Directories:
    """`kept` is oldest first. What came before the first of them is judged by that, for no older one is known; where
    none is kept, or one cannot be read by this version any more, `now` stands for it."""

    def __init__(self, kept: Sequence[StoredDirectory], now: Directory) -> None:
        self._kept = kept
        self._since = [each.since for each in kept]
        self._now = now
        self._read: dict[str, Directory] = {now.digest: now}

    def at(self, instant: datetime) -> Directory:
        if not self._kept:
            return self._now
        found = self._kept[max(0, bisect_right(self._since, instant) - 1)]
        if found.digest not in self._read:
            self._read[found.digest] = self._open(found)
        return self._read[found.digest]

    def _open(self, found: StoredDirectory) -> Directory:
        try:
            return directory_changes.read(found.files)
        except RulesBroken:
            return self._now
