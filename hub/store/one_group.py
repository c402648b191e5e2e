"""The writing side of every SQL store: one connection that writes, one group on it at a time.

Statements run where they are called; only COMMIT, which waits for the disk, always runs on a thread of its own, and
meanwhile nobody touches the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub import clock as clocks
from hub.store import failures, port, writing
from hub.store.bells import Ring
from hub.store.wire import Wire

Answer = TypeVar("Answer")


class Writer:
    """Owns the connection; makes another when the last one is lost."""

    def __init__(
        self,
        connect: Callable[[], sa.Connection],
        clock: clocks.Clock,
        *,
        thread: str,
        connection: sa.Connection,
        on_begin: Callable[[sa.Connection], None] | None = None,
        wire: Callable[[sa.Connection], Wire] = Wire,
        ring: Ring | None = None,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._on_begin = on_begin
        self._wire = wire
        self._ring = ring
        self.connection = connection
        self._group: writing.SqlGroup | None = None
        self._committer = ThreadPoolExecutor(1, thread)
        self.last_failure: str | None = None

    @property
    def is_busy(self) -> bool:
        return self._group is not None

    def begin(self) -> writing.SqlGroup:
        if self._group is not None:
            raise RuntimeError("a commit group is open already")
        try:
            self._begin()
        except DBAPIError as error:
            self.give_up()
            if not error.connection_invalidated:
                raise failures.failed(error) from None
            with translated():  # the server has ended the connection since: a new one may work
                self._begin()
        self._group = writing.SqlGroup(self._wire(self.connection), self._clock, self._ring)
        return self._group

    def _begin(self) -> None:
        if self.connection.closed:
            self.connection = self._connect()
        self.connection.begin()
        if self._on_begin is not None:
            self._on_begin(self.connection)

    async def commit(self, group: port.Group) -> None:
        if self._group is None or group is not self._group or self._group.is_over:
            raise RuntimeError("this commit group is not open")
        if self._group.is_broken:
            self.end_group()
            raise port.StoreUnavailable("a write of the group failed: nothing of it was kept")
        # From here on the connection belongs to the committing thread.
        self._group.end()
        try:
            await outlast(asyncio.get_running_loop().run_in_executor(self._committer, self.commit_now))
        finally:
            self.end_group()

    def commit_now(self) -> None:
        try:
            self.connection.commit()
        except DBAPIError as error:
            failure = failures.failed(error)
            self.last_failure = str(failure)
            raise failure from None
        self.last_failure = None

    def roll_back(self, group: port.Group) -> None:
        if group is self._group and not self._group.is_over:
            self.end_group()

    def execute(self, statement: str) -> Any:
        """Within the group, in the driver's own words."""
        return self.connection.exec_driver_sql(statement)

    def execute_alone(self, *statements: str) -> Sequence[Any]:
        """Outside any transaction; the first row of the last one. Between groups only. Raises the driver's errors."""
        if self.connection.closed:
            self.connection = self._connect()
        driver: Any = self.connection.connection.driver_connection
        answer: Sequence[Any] = ()
        for statement in statements:
            answer = driver.execute(statement).fetchone() or ()
        return answer

    def end_group(self) -> None:
        """Leaves the connection without a transaction, or gives it up: then `begin` makes another."""
        if self._group is not None:
            self._group.end()
            self._group = None
        if self.connection.closed:
            return
        if self.connection.invalidated:
            self.give_up()
            return
        try:
            self.connection.rollback()
            # To SQLAlchemy a COMMIT that failed has ended the transaction; in the database it need not have.
            if driver := self.connection.connection.driver_connection:
                driver.rollback()
        except (DBAPIError, self.connection.dialect.loaded_dbapi.Error):
            self.give_up()

    def give_up(self) -> None:
        """The connection is not to be trusted any more."""
        if not self.connection.closed:
            self.connection.invalidate()
            self.connection.close()

    def wait_for_commit(self) -> None:
        """Returns when no commit is under way, and none will be."""
        self._committer.shutdown(wait=True)
        self.end_group()

    def close(self) -> None:
        self.connection.close()


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Driver errors become the port's."""
    try:
        yield
    except DBAPIError as error:
        raise failures.failed(error) from None


async def outlast(work: asyncio.Future[Answer]) -> Answer:
    """Waits to the end even when cancelled: the thread goes on with the connection whether we look or not."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
    failure = work.exception()
    if cancelled:
        raise asyncio.CancelledError
    if failure is not None:
        raise failure
    return work.result()
