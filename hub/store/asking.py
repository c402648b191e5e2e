"""Putting a question to the database, whatever the dialect, and saying what went wrong without any row's values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError

from hub.store import port, rows

# SQLSTATE of serialization_failure and deadlock_detected (ISO/IEC 9075; PostgreSQL, appendix A).
_IN_THE_WAY: Final = frozenset({"40001", "40P01"})
# SQLite's names and the SQLSTATE of unique_violation.
_KEY_IS_THERE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})


class RowRefused(port.StoreUnavailable):
    """A unique key is there already."""


def failed(error: DBAPIError) -> port.StoreUnavailable:
    """The driver's failure in words that hold no value of any row: a driver's own text may quote one."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    kind = RowRefused if name in _KEY_IS_THERE else port.Contended if name in _IN_THE_WAY else port.StoreUnavailable
    return kind(f"the database failed: {name or type(error.orig).__name__}")


class Asking:
    """What every part of a reader stands on: one connection. Looking for nothing asks nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _among(self, statement: Executable, keys: Collection[str]) -> Sequence[rows.Cells]:
        return self._rows(statement, {"keys": keys}) if keys else ()

    def _rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        try:
            return self._execute(statement, values).all()
        except DBAPIError as error:
            raise failed(error) from None

    def _execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    ) -> CursorResult[Any]:
        try:
            return self._connection.execute(statement, values)
        except DBAPIError as error:
            raise failed(error) from None
