"""Where a verifier reads a log from: a folder of static files, a hub or any web server, or the hub's own store."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hub.audit import tiles
from hub.audit.anchor import write_durably
from hub.audit.tiles import NoSuchTile, TileName
from hub.store.port import Reader
from hub.store.records import CheckpointKind


class Absent(Exception):
    """The log has no such file. The text is its path."""


class Source(Protocol):
    """Files of a log by their path below its root."""

    async def read(self, path: str) -> bytes:
        """Raises `Absent`."""


class FolderSource:
    """Static files, as `samverkan audit export` writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, path: str) -> bytes:
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Absent(path) from None


class StoreSource:
    """The log of a hub from its store, under its newest published checkpoint."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def read(self, path: str) -> bytes:
        return self.read_now(path)

    def read_now(self, path: str) -> bytes:
        """Raises `Absent`."""
        if path == tiles.CHECKPOINT:
            stored = self._reader.find_checkpoint(CheckpointKind.PUBLISHED)
            if stored is None:
                raise Absent(path)
            return stored.note.encode()
        try:
            name = TileName.parse(path)
        except NoSuchTile:
            raise Absent(path) from None
        first, end = name.first, name.first + name.width
        if name.level is None:
            found = self._reader.list_log_entries(first, end)
        else:
            found = self._reader.list_log_hashes(name.level, first, end)
        if len(found) < name.width:
            raise Absent(path)
        return tiles.pack(found) if name.level is None else b"".join(found)


def export(source: StoreSource, folder: Path, size: int) -> int:
    """Writes every file of the log of `size` that is not there yet, the checkpoint last: whoever reads meanwhile, or
    after a crash, finds the older log whole. Files are never changed. How many were written."""
    written = 0
    note = source.read_now(tiles.CHECKPOINT)
    for name in tiles.tiles_of(size):
        path = folder / name.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, source.read_now(name.path))
            written += 1
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / tiles.CHECKPOINT, note)
    return written + 1
