"""A log without a hub around it: a store, entries of any number, the integrator, and the static files of it."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

from hub import clock
from hub.audit import merkle, sources
from hub.audit.anchor import Anchor
from hub.audit.checkpoints import Checkpoint
from hub.audit.integrating import CheckpointKeeping, Integrator, KeepCheckpoint
from hub.audit.notes import Kind, Signer
from hub.commit_group import CommitGroup
from hub.ledger import Ledger
from hub.store import sqlite
from hub.store.records import AuditRow, Changes, CheckpointKind
from tests.contract import stored

SIGNER = Signer("hub.example/log", Kind.ED25519, b"log key of the tests, 32 bytes !")


def entry(index: int) -> bytes:
    return b'{"action":"message_accepted","seq":%d,"t":"2026-03-02T12:00:00.000Z"}' % index


def row(index: int, content: bytes | None = None) -> AuditRow:
    content = entry(index) if content is None else content
    return stored.audit(index, entry=content, leaf=merkle.leaf_hash(content))


class SmallLog:
    """Use it in an `async with`."""

    def __init__(self, folder: Path, signer: Signer = SIGNER) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.signer = signer
        self.clock = clock.FixedClock(stored.NOON)
        self.store = sqlite.SqliteStore.open(folder / "hub.sqlite3", clock=self.clock)
        self.group = CommitGroup(self.store, {KeepCheckpoint: CheckpointKeeping()}, self._ledger)
        self.anchor = Anchor(folder)
        self.integrator = self.new_integrator()

    def _ledger(self, group: Any) -> Ledger:
        nothing: Any = None
        return Ledger(group, nothing, nothing, self.clock.now())

    def new_integrator(self) -> Integrator:
        return Integrator(self.store, self.group, self.clock, self.signer, self.anchor, seconds=3600)

    async def __aenter__(self) -> SmallLog:
        self.integrator.check()
        self.group.start()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.group.stop()
        self.store.close()

    async def append(self, count: int, *, shown: bytes | None = None) -> None:
        first = self.store.reader().audit_size()
        for begin in range(first, first + count, 10_000):
            rows = [row(index, shown) for index in range(begin, min(begin + 10_000, first + count))]
            await stored.keep(self.store, Changes(audit=rows))

    async def grow_to(self, size: int) -> Checkpoint:
        """A log of this size, signed."""
        await self.append(size - self.store.reader().audit_size())
        while await self.integrator.step():
            pass
        return self.checkpoint()

    def note(self) -> str:
        found = self.store.reader().find_checkpoint(CheckpointKind.PUBLISHED)
        assert found is not None
        return found.note

    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(self.note().rpartition("\n\n")[0] + "\n")

    def export(self, folder: Path) -> Path:
        sources.export(sources.StoreSource(self.store.reader()), folder, self.checkpoint().size)
        return folder


def tamper(folder: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """What somebody with the database file can do."""
    connection = sqlite3.connect(folder / "hub.sqlite3")
    with connection:
        for statement, values in statements:
            connection.execute(statement, values)
    connection.close()


def flip(path: Path, chance: random.Random) -> None:
    """One bit of a file, somewhere."""
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content) * 8)
    content[at // 8] ^= 1 << at % 8
    path.write_bytes(bytes(content))
