"""The embedded store: one SQLite file, one process, one connection that writes.

SQLite before 3.51.3 can lose commits when two connections write and checkpoint at the same time. So a lock
beside the file admits one hub only, one connection of it writes, and those that read cannot checkpoint.

Statements run where they are called, on the event loop's thread: the interpreter lock changing hands for each
of them costs more than they do. Only COMMIT, which waits for the disk, runs on a thread of its own; meanwhile
nobody touches the connection. The weakness: a slow read holds the loop up, so every read here must be short.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub import clock as clocks
from hub.store import failures, migrate, one_group, port, reading, writing
from hub.store.wire import Wire

Answer = TypeVar("Answer")

_BUSY_SECONDS: Final = 5.0
_LEAST_FREE_BYTES: Final = 32 * 1024 * 1024
_QUICK_CHECK_BYTES: Final = 1024 * 1024 * 1024

# FULL: a commit that returned survives a power cut; NORMAL makes no fdatasync at commit in WAL mode.
# secure_delete: a destroyed data key leaves no trace in free pages.
_WRITER_PRAGMAS: Final[Mapping[str, str | int]] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": int(_BUSY_SECONDS * 1000),
    "secure_delete": 1,
    "temp_store": 2,
    "cache_size": -32 * 1024,
    "journal_size_limit": 64 * 1024 * 1024,
}
_READER_PRAGMAS: Final[Mapping[str, str | int]] = {
    "query_only": 1,
    "busy_timeout": int(_BUSY_SECONDS * 1000),
    "temp_store": 2,
    "cache_size": -16 * 1024,
}


class DataDirInUse(port.StoreUnavailable):
    """Another process writes to this data directory."""


class SqliteStore:
    """Made by `open`; `close` waits for a commit under way."""

    def __init__(self, path: Path, *, lock: int, clock: clocks.Clock) -> None:
        self._path = path
        self._is_closed = False
        with contextlib.ExitStack() as undo, one_group.translated():
            undo.callback(os.close, lock)
            _make_file(path)
            connection = _open_and_prepare(path)
            undo.callback(connection.close)
            self._reader = ReadOnlySqlite(path)
            undo.pop_all()
        self._lock = lock
        self._inode = path.stat().st_ino
        self._writer = one_group.Writer(
            partial(_connect_writer, path), clock, thread="sqlite-commit", connection=connection
        )

    @classmethod
    def open(cls, path: Path, *, clock: clocks.Clock | None = None) -> Self:
        """Creates what is missing, checks and migrates what is there.

        Raises `DataDirInUse` while another process has the directory, else `StoreUnavailable`.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _take_lock(path.parent / "hub.lock")
        except OSError as error:
            raise port.StoreUnavailable(f"cannot write to {path.parent}: {error.strerror}") from None
        return cls(path, lock=lock, clock=clock or clocks.SystemClock())

    def begin(self) -> writing.SqlGroup:
        self._assert_open()
        return self._writer.begin()

    async def commit(self, group: port.Group) -> None:
        await self._writer.commit(group)

    def roll_back(self, group: port.Group) -> None:
        self._writer.roll_back(group)

    async def ask(self, work: Callable[[], Answer]) -> Answer:
        # Here, on the loop's thread: handing it over would take longer than the work.
        return work()

    def reader(self) -> port.Reader:
        self._assert_open()
        return self._reader

    def listen(self, heard: Callable[[], None]) -> None:
        """There is no other process."""

    def listen_for_erasures(self, heard: Callable[[], None]) -> None:
        """There is no other process."""

    def check(self) -> None:
        self._assert_open()
        try:
            inode, free = self._path.stat().st_ino, shutil.disk_usage(self._path.parent).free
        except OSError as error:
            raise port.StoreUnavailable(f"the database file cannot be reached: {error.strerror}") from None
        if inode != self._inode:
            raise port.StoreUnavailable("the database file was replaced under the running hub: restart it")
        if free < _LEAST_FREE_BYTES:
            raise port.StoreUnavailable(f"{free // 2**20} MiB left on the disk of {self._path.parent}")
        self._reader.audit_size()
        if self._writer.last_failure is not None:
            self._try_again(self._writer.last_failure)

    def _try_again(self, failure: str) -> None:
        """After a failed commit: a commit that changes nothing tells whether the disk takes writes again."""
        if self._writer.is_busy:
            raise port.StoreUnavailable(failure)
        self.begin()
        try:
            self._writer.execute("PRAGMA user_version = 0")
            self._writer.commit_now()
        except DBAPIError as error:
            raise failures.failed(error) from None
        finally:
            self._writer.end_group()

    def scrub(self) -> bool:
        """Old pages, with keys destroyed since, stay in the log of recent commits until it is cut off."""
        self._assert_open()
        if self._writer.is_busy:
            return False
        try:
            [is_held_up] = self._writer.execute_alone("PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)")[:1]
            self._writer.execute_alone(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
        except sqlite3.Error as error:
            raise port.StoreUnavailable(f"the database failed: {error.sqlite_errorname}") from None
        return not is_held_up

    async def rewrite_keys(self) -> None:
        """Freed places are overwritten (`secure_delete`), and `scrub` cuts off the log of recent commits."""

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._writer.wait_for_commit()
        self._reader.close()
        # The writer last: it folds the log of recent commits into the file, which no reader may do.
        self._writer.close()
        os.close(self._lock)

    @property
    def technology(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"

    def _assert_open(self) -> None:
        if self._is_closed:
            raise port.StoreUnavailable("the store is closed")


class ReadOnlySqlite(reading.SqlReader):
    """A reader with a connection of its own that cannot write. `close` it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        super().__init__(Wire(_connect(path, _READER_PRAGMAS, mode="ro").connect()))

    def close(self) -> None:
        self._wire.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_readonly(path: Path) -> ReadOnlySqlite:
    """For look-ups beside a running hub. Raises `StoreUnavailable` without a database of this version."""
    if not path.exists():
        raise port.StoreUnavailable(f"no database at {path}")
    with one_group.translated(), contextlib.ExitStack() as undo:
        reader = undo.enter_context(ReadOnlySqlite(path))
        version = reader.schema_version()
        if version != migrate.HEAD:
            raise port.StoreUnavailable(f"{path} has step {version}, this program reads {migrate.HEAD}: migrate first")
        undo.pop_all()
    return reader


def _take_lock(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise DataDirInUse(
            f"{path.parent} is in use by process {holder}: stop that hub, or choose another data directory"
        ) from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _make_file(path: Path) -> None:
    """Before SQLite does, so that nobody else can read it. SQLite gives the files beside it the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise port.StoreUnavailable(f"cannot write to {path}: {error.strerror}") from None


def _open_and_prepare(path: Path) -> sa.Connection:
    size = path.stat().st_size
    log = path.with_name(path.name + "-wal")
    ended_badly = log.exists() and log.stat().st_size > 0
    writer = _connect_writer(path)
    try:
        # It takes a second per gigabyte: a larger file is checked only after a crash.
        if ended_badly or size < _QUICK_CHECK_BYTES:
            _check_pages(writer, path)
        with writer.begin():
            migrate.upgrade(writer)
    except migrate.SchemaTooNew as error:
        writer.close()
        raise port.StoreUnavailable(f"{path}: {error}; install that version of the hub") from None
    except BaseException:
        writer.close()
        raise
    return writer


def _check_pages(writer: sa.Connection, path: Path) -> None:
    [answer] = writer.exec_driver_sql("PRAGMA quick_check(1)").scalars()
    writer.rollback()
    if answer != "ok":
        raise port.StoreUnavailable(f"{path} is damaged: restore the last backup")


def _connect_writer(path: Path) -> sa.Connection:
    engine = _connect(path, _WRITER_PRAGMAS, mode="rw")
    # At once, not at the first write: a transaction that began by reading cannot always go on to write.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine.connect()


def _connect(path: Path, pragmas: Mapping[str, str | int], *, mode: str) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            _set_pragmas(connection, pragmas)
        except BaseException:
            connection.close()
            raise
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool, hide_parameters=True)


def _set_pragmas(connection: sqlite3.Connection, pragmas: Mapping[str, str | int]) -> None:
    """SQLite passes over what it does not know or cannot do: so each is asked for afterwards."""
    for name, wanted in pragmas.items():
        connection.execute(f"PRAGMA {name} = {wanted}")
        [actual] = connection.execute(f"PRAGMA {name}").fetchone()
        if actual != wanted:
            raise port.StoreUnavailable(f"SQLite {sqlite3.sqlite_version} refuses {name} = {wanted}: it is {actual}")
