"""Checking a log that one does not trust: every entry, every tile, the root, the signature, and what was seen before.

Whoever holds the log's key can still write another history; that shows only against a checkpoint that somebody saved
elsewhere, or one that a witness has cosigned. So keep checkpoints, and give them here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hub.audit import merkle, notes, tiles
from hub.audit.checkpoints import Checkpoint
from hub.audit.merkle import Frontier
from hub.audit.notes import Note, NoteWrong, Verifier
from hub.audit.sources import Absent, Source
from hub.audit.tiles import TileName


class VerificationFailed(Exception):
    """The log is not what its checkpoint or an older one says. The text is one sentence that names the place."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What holds: the checkpoint, who signed it, and over what it was checked."""

    checkpoint: Checkpoint
    note: Note
    entries: int
    tiles: int
    older: tuple[int, ...]
    clock_steps: int
    """How often an entry is older than the one before it: the hub's clock was put back."""


def open_checkpoint(note: bytes | str, verifiers: Collection[Verifier]) -> tuple[Checkpoint, Note]:
    """Raises `VerificationFailed`."""
    try:
        opened = notes.open_note(note, verifiers)
        checkpoint = Checkpoint.parse(opened.text)
    except NoteWrong as wrong:
        raise VerificationFailed(f"The checkpoint cannot be relied on: {wrong}.") from None
    if checkpoint.origin not in {seen.verifier.name for seen in opened.seen}:
        raise VerificationFailed("The checkpoint is not signed by the key of the log that it names.")
    return checkpoint, opened


async def verify(
    source: Source,
    verifiers: Collection[Verifier],
    *,
    saved: Sequence[Checkpoint] = (),
    with_entries: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Everything that can be checked. `saved` are older checkpoints of this log; `progress` hears how many entries are
    done. Without entries the leaves are taken as they are. Raises `VerificationFailed`, naming the first fault."""
    try:
        note = await source.read(tiles.CHECKPOINT)
    except Absent:
        raise VerificationFailed("There is no checkpoint.") from None
    checkpoint, opened = open_checkpoint(note, verifiers)
    for older in saved:
        _assert_may_follow(older, checkpoint)
    walk = _Walk(source, checkpoint, {older.size: older for older in saved}, with_entries)
    await walk.run(progress)
    return Verified(
        checkpoint,
        opened,
        checkpoint.size if with_entries else 0,
        walk.read,
        tuple(older.size for older in saved),
        walk.clock_steps,
    )


class _Walk:
    """Once through the log, from the first entry on."""

    def __init__(
        self, source: Source, checkpoint: Checkpoint, saved: dict[int, Checkpoint], with_entries: bool
    ) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._saved = saved
        self._with_entries = with_entries
        self._frontier = Frontier()
        self._built: defaultdict[int, list[bytes]] = defaultdict(list)
        self._last = ""
        self.clock_steps = 0
        self.read = 0

    async def run(self, progress: Callable[[int], None]) -> None:
        names = list(tiles.tiles_of(self._checkpoint.size))
        self._compare_saved()
        for name in names:
            if name.level == 0:
                await self._take(name)
                progress(self._frontier.size)
        for name in names:
            if name.level:
                await self._compare(name)
        if self._frontier.root() != self._checkpoint.root:
            raise VerificationFailed(
                f"The tree over the {self._checkpoint.size} entries is not the one that was signed."
            )

    async def _take(self, name: TileName) -> None:
        leaves = await self._hashes(name)
        if self._with_entries:
            await self._check_entries(name, leaves)
        for leaf in leaves:
            for height, _, hash_ in self._frontier.append(leaf):
                if height % tiles.HEIGHT == 0:
                    self._built[height // tiles.HEIGHT].append(hash_)
            self._compare_saved()

    def _compare_saved(self) -> None:
        older = self._saved.get(self._frontier.size)
        if older is not None and older.root != self._frontier.root():
            raise VerificationFailed(f"The first {older.size} entries are not those of the checkpoint that was saved.")

    async def _check_entries(self, name: TileName, leaves: Sequence[bytes]) -> None:
        bundle = TileName(None, name.position, name.width)
        content = await self._file(bundle)
        entries = tiles.unpack(content)
        for at, leaf in enumerate(leaves):
            index = name.first + at
            if at >= len(entries) or merkle.leaf_hash(entries[at]) != leaf:
                raise VerificationFailed(f"Entry {index} is the first that does not fit the tree ({bundle.path}).")
            self._check_words(index, entries[at])
        if tiles.pack(entries) != content or len(entries) != len(leaves):
            raise VerificationFailed(f"There is more in {bundle.path} than its {len(leaves)} entries.")

    def _check_words(self, index: int, entry: bytes) -> None:
        """What this log's entries say of themselves; entries of another make are taken as they are."""
        told = _read(entry)
        if told.get("seq", index) != index:
            raise VerificationFailed(f"Entry {index} says that it is number {told['seq']}.")
        at = str(told.get("t", ""))
        self.clock_steps += at < self._last
        self._last = at

    async def _compare(self, name: TileName) -> None:
        assert name.level is not None
        hashes = await self._hashes(name)
        for at, (read, built) in enumerate(zip(hashes, self._built[name.level][name.first :], strict=False)):
            if read != built:
                span = tiles.WIDTH**name.level
                first = (name.first + at) * span
                raise VerificationFailed(f"Entries {first} to {first + span - 1} do not lead to {name.path}.")

    async def _hashes(self, name: TileName) -> list[bytes]:
        content = await self._file(name)
        if len(content) != name.width * merkle.HASH_BYTES:
            raise VerificationFailed(f"{name.path} has another length than {name.width} hashes.")
        return tiles.split(content)

    async def _file(self, name: TileName) -> bytes:
        self.read += 1
        return await _read_tile(self._source, name)


async def _read_tile(source: Source, name: TileName) -> bytes:
    """The tile; where a partial one has been replaced by the full one, its beginning (C2SP tlog-tiles)."""
    try:
        return await source.read(name.path)
    except Absent:
        if name.width == tiles.WIDTH:
            raise VerificationFailed(f"{name.path} is missing.") from None
    try:
        full = await source.read(TileName(name.level, name.position).path)
    except Absent:
        raise VerificationFailed(f"{name.path} is missing.") from None
    return (
        tiles.pack(tiles.unpack(full)[: name.width]) if name.level is None else full[: name.width * merkle.HASH_BYTES]
    )


def _assert_may_follow(older: Checkpoint, newer: Checkpoint) -> None:
    if older.origin != newer.origin:
        raise VerificationFailed("The saved checkpoint is of another log.")
    if older.size > newer.size:
        raise VerificationFailed(f"The log had {older.size} entries and has {newer.size}: its end was cut off.")
    if older.size == newer.size and older.root != newer.root:
        raise VerificationFailed(f"There are two logs of {older.size} entries: the log was forked.")


def _read(entry: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
