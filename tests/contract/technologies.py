"""The technologies that the suites run over, and what a suite must be able to do to each of them."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from hub import clock
from hub.store import port as store_port
from hub.store import sqlite
from hub.transport import in_process
from hub.transport import port as transport_port
from tests.contract import stored


class StoreTechnology(Protocol):
    """One technology with an empty place of its own to store things in."""

    @property
    def place(self) -> str:
        """What `open_place` needs to find it from another process."""

    def open(self) -> store_port.Store:
        """Another store over the same place; the one before is closed or dead."""

    def failing_commits(self) -> AbstractContextManager[None]:
        """While it lasts, no commit with changes reaches the disk."""

    def leftovers(self) -> list[str]:
        """Connections and threads of this process that a closed store left behind."""


class SqliteTechnology:
    def __init__(self, place: Path) -> None:
        self._path = place / "hub.db"

    @property
    def place(self) -> str:
        return str(self._path.parent)

    def open(self) -> store_port.Store:
        return sqlite.SqliteStore.open(self._path, clock=clock.FixedClock(stored.NOON + timedelta(minutes=5)))

    @contextmanager
    def failing_commits(self) -> Iterator[None]:
        """The disk is full: no file of this process may grow beyond what SQLite's log has now (EFBIG)."""
        size = self._path.with_name("hub.db-wal").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def leftovers(self) -> list[str]:
        found = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("sqlite-")]
        return [name for name in found if name.startswith(self.place)] + threads


STORES: dict[str, Callable[[Path], StoreTechnology]] = {"sqlite": SqliteTechnology}
TRANSPORTS: dict[str, Callable[[], transport_port.Transport]] = {"in_process": in_process.InProcessTransport}
