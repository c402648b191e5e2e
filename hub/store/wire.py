"""How questions and writes go to a database and their answers come back.

A `Wire` does everything where it is called, which suits a database in our own process. What waits for another process
is `hub/store/pipeline.py`'s matter: there writes are gathered, travel together and are waited for once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, UpdateBase
from sqlalchemy.exc import DBAPIError

from hub.store import failures, rows, written_out


class Wire:
    """One connection. Every method raises `StoreUnavailable` for what the database refuses, `flush` at the latest."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def ask(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        """The rows that answer."""
        return self.execute(statement, values).all()

    def execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    ) -> CursorResult[Any]:
        """For a statement whose result the caller looks at."""
        try:
            return self.connection.execute(statement, values)
        except DBAPIError as error:
            raise failures.failed(error) from None

    def do(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Once, with these values."""
        self.execute(statement, values)

    def each(self, statement: UpdateBase, many: Sequence[rows.Values]) -> None:
        """Once per row of values. All rows have the same names."""
        names = written_out.name(statement, many)
        written = written_out.write_out(statement, self.connection.dialect, names)
        try:
            self.connection.exec_driver_sql(written.text, written.bind(many))
        except DBAPIError as error:
            raise failures.failed(error) from None

    def say(self, words: str) -> None:
        """In the database's own words."""
        self.connection.exec_driver_sql(words)

    def flush(self) -> None:
        """Returns when everything has been done that was asked for."""
