"""The list of destroyed keys, beside the database: a backup of the database brings keys back, this list does not.

One line per key: its tombstone and when. Nobody learns from it whose key it was, or which: only the key itself, where
it still exists, gives the same word again. The file is append-only and made whole from the database at every start.

Weakness: a restored case is taken away as if its person were protected, because the list does not tell why a key went.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from hub.commit_group import CommitGroup, GroupCommitted
from hub.retention.erasing import DestroyAgain
from hub.retention.planning import PAGE
from hub.store.kept import Tombstone
from hub.store.port import Store
from hub.store.records import DataKey
from hub.vault import SealBroken, Vault

log = structlog.get_logger()

FILE: Final = "shreds.list"
_LINE: Final = re.compile(r"([0-9a-f]{32}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00)")


class TombstoneFile:
    """The list in the data directory."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def load(self) -> dict[str, Tombstone]:
        """By name. A last line that a crash cut off counts for nothing: the database has it."""
        if not self.path.exists():
            return {}
        found = map(_LINE.fullmatch, self.path.read_text(encoding="ascii").splitlines())
        return {match[1]: Tombstone(match[1], datetime.fromisoformat(match[2])) for match in found if match}

    def append(self, tombstones: Collection[Tombstone]) -> None:
        """On disk when it returns."""
        if not tombstones:
            return
        text = "".join(f"{each.tombstone} {each.at.isoformat()}\n" for each in tombstones)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            # Behind a line that a crash cut off, a new one begins.
            file.write("" if _ends_whole(self.path) else "\n")
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def follow(self, committed: GroupCommitted) -> None:
        """Called after each commit. What cannot be written now is written at the next start."""
        try:
            self.append(committed.ledger.changes.tombstones)
        except OSError as fault:
            log.warning("tombstones_not_written", reason=fault.strerror)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


async def apply_again(store: Store, vault: Vault, group: CommitGroup, file: TombstoneFile) -> int:
    """Destroys the keys that a restored database has and should not have; how many. Then both lists are the same."""
    listed = file.load()
    known = {each.tombstone: each for each in store.reader().list_tombstones()}
    file.append([each for name, each in known.items() if name not in listed])
    news = tuple(each for name, each in listed.items() if name not in known)
    if not news:
        return 0
    wanted, lanes, after = {each.tombstone for each in news}, [], ""
    while keys := store.reader().list_data_keys(after=after, limit=PAGE):
        lanes += [key.lane_id for key in keys if _name_of(vault, key) in wanted]
        after = keys[-1].lane_id
    await group.submit(DestroyAgain(tuple(lanes), news))
    log.warning("shreds_applied_again", keys=len(lanes))
    return len(lanes)


def _name_of(vault: Vault, key: DataKey) -> str | None:
    try:
        return vault.tombstone(key)
    except SealBroken:
        return None  # nothing that it sealed can be read
