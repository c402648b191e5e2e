"""The store of the distributed engine: PostgreSQL, shared by any number of hubs and workers.

The groups of all processes take turns: each holds one advisory lock from its first read to its commit. So whatever a
group has read stays true until it ends, positions grow in the order of commits (a cursor never passes over what
commits later), and the log has one sequence without gaps. What runs side by side is the rest of a message's way, which
is most of it. A process that dies in its turn loses it with its connection, one that stands still after some seconds.

Questions outside a group run on connections of their own, one statement each.
Weakness: the turn bounds what all processes together can commit; see `docs/decisions`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from hub import clock as clocks
from hub.store import failures, migrate, one_group, pipeline, port, reading, rows, writing
from hub.store.bells import Bell

Answer = TypeVar("Answer")

_TURN: Final = 0x53414D56  # "SAMV": the key of the advisory lock
_THREADS: Final = 8
_EAR_PAUSE: Final = 0.5

# A commit that returned has to survive a power cut (PostgreSQL, chapter 20.5).
_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "synchronous_commit": frozenset({"on", "remote_apply"}),
    "server_encoding": frozenset({"UTF8"}),
}
# Milliseconds. Whoever stands still in its turn loses it; whoever waits longer tells its senders to try again.
_SESSION: Final[Mapping[str, int]] = {
    "idle_in_transaction_session_timeout": 10_000,
    "lock_timeout": 15_000,
    "statement_timeout": 30_000,
}
_SHORT_WAIT: Final = 2_000
# Seconds and milliseconds, for a network that swallows packets without a word.
_CONNECTION: Final[Mapping[str, int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class PostgresStore:
    """Made by `open`; `close` waits for a commit under way."""

    def __init__(self, url: str, *, clock: clocks.Clock) -> None:
        self._is_closed = False
        self._writing = _engine(url, sa.NullPool)
        self._asking = _engine(
            url, sa.QueuePool, isolation_level="AUTOCOMMIT", pool_size=_THREADS + 1, max_overflow=8, pool_timeout=5
        )
        with one_group.translated():
            connection = self._writing.connect()
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            connection.rollback()
        self.technology = f"PostgreSQL {version.split()[0]}, synchronous_commit=on"
        self._reader = PostgresReader(self._asking)
        self._writer = one_group.Writer(
            self._writing.connect,
            clock,
            thread="postgres-commit",
            connection=connection,
            on_begin=_take_turn,
            wire=pipeline.Pipeline,
            ring=_ring,
        )
        self._ears = {bell: Ear(url, bell) for bell in Bell}
        self._threads = ThreadPoolExecutor(_THREADS, "postgres-ask")

    @classmethod
    def open(cls, url: str, *, clock: clocks.Clock | None = None) -> Self:
        """Raises `StoreUnavailable`: no server, settings that may lose what it has committed, another schema."""
        store = cls(url, clock=clock or clocks.SystemClock())
        try:
            store._reader.require_schema()
        except BaseException:
            store.close()
            raise
        return store

    def begin(self) -> writing.SqlGroup:
        self._assert_open()
        return self._writer.begin()

    async def commit(self, group: port.Group) -> None:
        await self._writer.commit(group)

    def roll_back(self, group: port.Group) -> None:
        self._writer.roll_back(group)

    async def ask(self, work: Callable[[], Answer]) -> Answer:
        self._assert_open()
        return await one_group.outlast(asyncio.get_running_loop().run_in_executor(self._threads, work))

    def reader(self) -> port.Reader:
        self._assert_open()
        return self._reader

    def listen(self, heard: Callable[[], None]) -> None:
        self._assert_open()
        self._ears[Bell.OUTBOX].start(heard)

    def listen_for_erasures(self, heard: Callable[[], None]) -> None:
        self._assert_open()
        self._ears[Bell.ERASED].start(heard)

    def check(self) -> None:
        """A write of its own that changes nothing, as far as the disk; beside the groups, not in turn with them."""
        self._assert_open()
        try:
            with one_group.translated(), self._writing.connect() as connection:
                if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() != "off":
                    raise port.StoreUnavailable("the database takes no writes: it is read-only or a standby")
                connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'samverkan', '')")
                connection.commit()
        except port.StoreUnavailable:
            # Whatever the others are connected to may be what has gone away.
            self._asking.dispose()
            raise
        self._reader.audit_size()

    def scrub(self) -> bool:
        """Not after every commit: see `rewrite_keys`."""
        return True

    async def rewrite_keys(self) -> None:
        await self.ask(self._rewrite_keys)

    def _rewrite_keys(self) -> None:
        """A plain VACUUM gives the place of a dead row free and may leave its bytes; FULL writes a new file. Nobody can
        use the table meanwhile, which is short: one small row per case. Who is in the way is not waited for long.

        The server's write-ahead log and its backups keep what they keep: that is the server's matter."""
        with one_group.translated(), self._writing.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"SET lock_timeout = {_SHORT_WAIT}")
            connection.exec_driver_sql("VACUUM (FULL) data_keys")

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for ear in self._ears.values():
            ear.stop()
        self._threads.shutdown(wait=True)
        self._writer.wait_for_commit()
        self._writer.close()
        self._asking.dispose()

    def _assert_open(self) -> None:
        if self._is_closed:
            raise port.StoreUnavailable("the store is closed")


class Ear:
    """Hears, on a thread and a connection of its own, one of the bells that groups ring with their commit."""

    def __init__(self, url: str, bell: Bell) -> None:
        self._bell = bell
        address = (
            sa.make_url(url)
            .set(drivername="postgresql")
            .update_query_dict({name: str(value) for name, value in _CONNECTION.items()})
        )
        self._url = address.render_as_string(hide_password=False)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, heard: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._run, args=(heard,), name=f"postgres-{self._bell}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, heard: Callable[[], None]) -> None:
        while not self._closing.is_set():
            try:
                self._listen(heard)
            except psycopg.Error:
                self._closing.wait(_EAR_PAUSE)

    def _listen(self, heard: Callable[[], None]) -> None:
        connection = psycopg.connect(self._url, autocommit=True, application_name="samverkan")
        try:
            connection.execute(f"LISTEN {_channel(self._bell)}")
            heard()  # whatever came while nobody listened
            while not self._closing.is_set():
                for _ in connection.notifies(timeout=_EAR_PAUSE, stop_after=1):
                    heard()
        finally:
            connection.close()


class PostgresReader(reading.SqlReader):
    """Each question on a connection of the pool; one that the server has closed meanwhile is replaced once."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def _rows(self, statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        return self._on_a_connection(lambda connection: pipeline.ask(connection, statement, values))

    def schema_version(self) -> str | None:
        return self._on_a_connection(migrate.find_version)

    def require_schema(self) -> None:
        """Raises `StoreUnavailable` when the tables are not those of this version."""
        version = self.schema_version()
        if version is None:
            raise port.StoreUnavailable("the database has no tables yet: run `samverkan migrate` once")
        if version != migrate.HEAD:
            raise port.StoreUnavailable(
                f"the database has step {version}, this program works with {migrate.HEAD}: run `samverkan migrate` "
                "of the newer of the two"
            )

    def _on_a_connection(self, ask: Callable[[sa.Connection], Answer]) -> Answer:
        try:
            try:
                return self._once(ask)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return self._once(ask)
        except DBAPIError as error:
            raise failures.failed(error) from None
        except PoolEmpty:
            raise port.StoreUnavailable("every connection to the database is in use") from None

    def _once(self, ask: Callable[[sa.Connection], Answer]) -> Answer:
        with self._engine.connect() as connection:
            return ask(connection)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def upgrade(url: str) -> str:
    """Brings the database to the tables of this version; others that do so wait. What it is, for people.

    Raises `StoreUnavailable`."""
    engine = _engine(url, sa.NullPool)
    try:
        with one_group.translated(), engine.begin() as connection:
            _take_turn(connection)
            migrate.upgrade(connection)
            version = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
    except migrate.SchemaTooNew as error:
        raise port.StoreUnavailable(f"{error}; install that version of the hub") from None
    return f"PostgreSQL {version.split()[0]}"


def open_readonly(url: str) -> PostgresReader:
    """For look-ups beside running hubs. Raises `StoreUnavailable` without a database of this version."""
    reader = PostgresReader(_engine(url, sa.QueuePool, isolation_level="AUTOCOMMIT", pool_size=1))
    try:
        reader.require_schema()
    except BaseException:
        reader.close()
        raise
    return reader


def _take_turn(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def _ring(bell: Bell) -> str:
    return f"NOTIFY {_channel(bell)}"


def _channel(bell: Bell) -> str:
    return f"samverkan_{bell}"


def _engine(url: str, pool: type[sa.Pool], **options: Any) -> sa.Engine:
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    arguments = {**_CONNECTION, "options": session, "application_name": "samverkan"}
    # Values have places, as in SQLite, so that statements are written out alike.
    options |= {"connect_args": arguments, "hide_parameters": True, "paramstyle": "format"}
    engine = sa.create_engine(address, poolclass=pool, **options)
    # Each of them: a setting can be another for a database or a user, and change while we run.
    sa.event.listen(engine, "connect", _require_settings)
    return engine


def _require_settings(connection: Any, _record: object) -> None:
    for name, accepted in _REQUIRED.items():
        [actual] = connection.execute(f"SHOW {name}").fetchone()
        if actual not in accepted:
            connection.close()
            wanted = " or ".join(sorted(accepted))
            raise port.StoreUnavailable(f"PostgreSQL has {name} = {actual}, and a commit is not safe without {wanted}")
    connection.rollback()
