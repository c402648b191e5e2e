"""Tiles of the log: paths, widths and bundles of entries (C2SP tlog-tiles v0.1.0). Pure.

A tile of level L holds up to 256 hashes, each over 256 ** L entries. The hub keeps no tile: the lowest are the leaves
of its entries, the others the nodes over 256, 65,536 ... entries, and a tile is what stands between two positions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hub.audit import merkle

WIDTH: Final = 256
HEIGHT: Final = 8
LEVELS: Final = range(64)
ENTRIES: Final = "entries"
CHECKPOINT: Final = "checkpoint"
_PATH: Final = re.compile(
    r"tile/(?P<level>[0-9]|[1-5][0-9]|6[0-3]|entries)/(?P<n>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

ReadHashes = Callable[[int, int, int], Sequence[bytes]]
"""Hashes of a level, from a position on and before another."""


class NoSuchTile(Exception):
    """The path names no tile, or one that is not there (yet)."""


@dataclass(frozen=True, slots=True)
class TileName:
    """One tile, or one bundle of entries (`level` is None). `width` is 256 for a full one."""

    level: int | None
    position: int
    width: int = WIDTH

    @property
    def first(self) -> int:
        """The position of its first hash within the level; for a bundle, its first entry's index."""
        return self.position * WIDTH

    @property
    def path(self) -> str:
        level = ENTRIES if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_spell(self.position)}{partial}"

    @classmethod
    def parse(cls, path: str) -> TileName:
        """Raises `NoSuchTile` for anything that is not spelt exactly so."""
        found = _PATH.fullmatch(path)
        if found is None or len(path) > 100:
            raise NoSuchTile
        level = None if found["level"] == ENTRIES else int(found["level"])
        position = int(found["n"].replace("x", "").replace("/", ""))
        width = int(found["width"] or WIDTH)
        if found["width"] == str(WIDTH) or width > WIDTH or _spell(position) != found["n"]:
            raise NoSuchTile
        return cls(level, position, width)


def _spell(position: int) -> str:
    groups = []
    while True:
        groups.append(f"{position % 1000:03}")
        position //= 1000
        if position == 0:
            break
    return "/".join([*(f"x{group}" for group in groups[:0:-1]), groups[0]])


def tiles_of(size: int) -> Iterator[TileName]:
    """Every tile and every bundle of a log of this size, each at its widest."""
    for level in (None, *LEVELS):
        count = size if level is None else size >> HEIGHT * level
        if count == 0:
            return
        for position in range(-(-count // WIDTH)):
            yield TileName(level, position, min(WIDTH, count - position * WIDTH))


def reader_of(read: ReadHashes) -> merkle.Lookup:
    """Subtrees of any height, made of the hashes of the level below or at it."""

    def look_up(height: int, position: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        width = 1 << within
        hashes = read(level, position * width, (position + 1) * width)
        if len(hashes) != width:
            raise NoSuchTile
        return merkle.reduce(hashes)

    return look_up


def pack(entries: Sequence[bytes]) -> bytes:
    """A bundle: each entry behind its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, as far as they are whole."""
    entries, at = [], 0
    while at + 2 <= len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if end > len(bundle):
            break
        entries.append(bundle[at + 2 : end])
        at = end
    return entries


def split(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + merkle.HASH_BYTES] for at in range(0, len(tile), merkle.HASH_BYTES)]
