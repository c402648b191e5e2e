"""The technologies that the suites run over, and what a suite must be able to do to each of them."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg

from hub import clock
from hub.store import port as store_port
from hub.store import postgres, sqlite
from hub.transport import in_process, rabbit, topology
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
    def __init__(self, place: str) -> None:
        self._path = Path(place) / "hub.db"

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


class PostgresTechnology:
    def __init__(self, place: str) -> None:
        self.place = place

    def open(self) -> store_port.Store:
        return postgres.PostgresStore.open(self.place, clock=clock.FixedClock(stored.NOON + timedelta(minutes=5)))

    @contextmanager
    def failing_commits(self) -> Iterator[None]:
        """The server has become a standby: it takes no writes, and whoever was connected has to connect anew."""
        self._set("ALTER DATABASE {} SET default_transaction_read_only = on")
        try:
            yield
        finally:
            self._set("ALTER DATABASE {} RESET default_transaction_read_only")

    def _set(self, statement: str) -> None:
        name = urlsplit(self.place).path[1:]
        with psycopg.connect(self.place, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(statement.format(f'"{name}"'))
            others = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            )
            connection.execute(others, (name,))

    def leftovers(self) -> list[str]:
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("postgres-")]
        with psycopg.connect(self.place, autocommit=True) as connection:
            mine = (
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'samverkan'"
            )
            # The server hears of an end a moment later.
            for _ in range(100):
                [open_ones] = connection.execute(mine).fetchone() or [0]
                if not open_ones:
                    return threads
                time.sleep(0.02)
        return [*threads, f"{open_ones} connections"]


STORES: dict[str, Callable[[str], StoreTechnology]] = {"sqlite": SqliteTechnology, "postgres": PostgresTechnology}


async def _rabbit(place: str) -> transport_port.Transport:
    await topology.declare(place, ["jt-sydost", "af-farsta"])
    return rabbit.RabbitTransport(place, ["jt-sydost", "af-farsta"])


async def _in_process(_place: str) -> transport_port.Transport:
    return in_process.InProcessTransport()


TRANSPORTS: dict[str, Callable[[str], Awaitable[transport_port.Transport]]] = {
    "in_process": _in_process,
    "rabbit": _rabbit,
}
