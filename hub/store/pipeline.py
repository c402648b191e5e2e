"""The wire to PostgreSQL: what a group writes is gathered, goes in one pipeline, and is waited for once.

Statements are written out once and given to psycopg past SQLAlchemy, which would take as long for each as the server
does. Rows that are added go as one statement per table and one value, a JSON text: binding each cell by itself takes
both sides longer, and so do arrays, which psycopg writes in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Executable, Insert, UpdateBase
from sqlalchemy.exc import DBAPIError

from hub.store import at_once, failures, rows, wire, written_out


class Pipeline(wire.Wire):
    """Writes wait here until something is asked or `flush` is called. What fails then undoes the transaction, and the
    error tells which table refused."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._gathered: list[tuple[str, Sequence[Sequence[Any]]]] = []

    def ask(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        self.flush()
        try:
            return ask(self.connection, statement, values)
        except DBAPIError as error:
            raise failures.failed(error) from None

    def execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    ) -> CursorResult[Any]:
        self.flush()
        return super().execute(statement, values)

    def do(self, statement: Executable, values: Mapping[str, Any]) -> None:
        written = written_out.write_out(statement, self.connection.dialect, tuple(values))
        self._gathered.append((written.text, written.bind([values])))

    def each(self, statement: UpdateBase, many: Sequence[rows.Values]) -> None:
        dialect = self.connection.dialect
        names = written_out.name(statement, many)
        if isinstance(statement, Insert) and at_once.is_possible(statement, many, names):
            written = at_once.write_out(statement, dialect, names)
            self._gathered.append((written.text, [(at_once.dump(many),)]))
        else:
            written = written_out.write_out(statement, dialect, names)
            self._gathered.append((written.text, written.bind(many)))

    def say(self, words: str) -> None:
        self._gathered.append((words, [()]))

    def flush(self) -> None:
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        (last, (*many_before, values)) = gathered.pop()
        try:
            with driver(self.connection) as postgres, postgres.cursor() as cursor:
                if gathered or many_before:
                    with postgres.pipeline():
                        for text, many in [*gathered, (last, many_before)]:
                            cursor.executemany(text, many)
                # By itself: psycopg ends a pipeline in a way that stops the server's clock of who stands still in a
                # transaction, which is to take the turn away.
                cursor.execute(last, values)
        except DBAPIError as error:
            raise failures.failed(error) from None


def ask(connection: Connection, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
    """The rows that answer. Raises `DBAPIError`."""
    written = written_out.write_out(statement, connection.dialect, ())
    if written.is_variable:  # as many places as there are values: SQLAlchemy writes them
        return connection.execute(statement, values).all()
    with driver(connection) as postgres, postgres.cursor() as cursor:
        [bound] = written.bind([values or {}])
        return cursor.execute(written.text, bound).fetchall()


@contextmanager
def driver(connection: Connection) -> Iterator[psycopg.Connection[Any]]:
    """The connection in the driver's own terms. What it raises becomes what SQLAlchemy would raise: `DBAPIError`, with
    the connection given up when it is lost."""
    postgres: Any = connection.connection.driver_connection
    try:
        yield postgres
    except psycopg.Error as error:
        is_lost = postgres.closed
        if is_lost:
            connection.invalidate()
        raise DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=is_lost) from None
