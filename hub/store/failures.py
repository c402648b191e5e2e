"""What went wrong in a database, in words that hold no value of any row: a driver's own text may quote one."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from hub.store import port

# SQLSTATE of serialization_failure and deadlock_detected (ISO/IEC 9075; PostgreSQL, appendix A).
_IN_THE_WAY: Final = frozenset({"40001", "40P01"})
# SQLite's names and the SQLSTATE of unique_violation.
_KEY_IS_THERE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})


class RowRefused(port.StoreUnavailable):
    """A unique key is there already, in this table."""

    def __init__(self, told: str, table: str | None = None) -> None:
        super().__init__(told)
        self.table = table


def failed(error: DBAPIError) -> port.StoreUnavailable:
    """The driver's failure as the port's."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    told = f"the database failed: {name or type(error.orig).__name__}"
    if name in _KEY_IS_THERE:
        return RowRefused(told, _find_table(error.orig))
    return port.Contended(told) if name in _IN_THE_WAY else port.StoreUnavailable(told)


def _find_table(error: Any) -> str | None:
    """PostgreSQL says it apart, SQLite in its text: `UNIQUE constraint failed: messages.source, ...`."""
    if diagnosed := getattr(error, "diag", None):
        return str(diagnosed.table_name)
    return str(error).rpartition(": ")[2].partition(".")[0]
