"""Statements in the driver's own words, written out once: what a group writes is many rows through few statements.

SQLAlchemy binds every row by its names again, which takes twice the time that SQLite needs to write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, UpdateBase
from sqlalchemy.sql.compiler import SQLCompiler

from hub.store import rows


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """One statement for one dialect. `names` are its values in the order of the driver."""

    text: str
    names: tuple[str, ...]

    def bind(self, many: Iterable[rows.Values]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        if len(self.names) == 1:  # then itemgetter gives no tuple
            return [(values[self.names[0]],) for values in many]
        return list(map(itemgetter(*self.names), many))


def list_given(many: Sequence[rows.Values]) -> tuple[str, ...]:
    """The names that any of the rows has a value for: a column that is not named is NULL as well.

    The driver looks for a converter of every NULL it is handed, and writing the value would cost less than that."""
    return tuple(name for name in many[0] if any(values[name] is not None for values in many))


# A table has few of the sets of names that it could have: its rows come from few kinds of events.
@lru_cache(maxsize=256)
def write_out(statement: UpdateBase, dialect: Dialect, names: tuple[str, ...]) -> WrittenOut:
    """The statement for rows with values of these names, and no others. For dialects whose values have places."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    return WrittenOut(compiled.string, tuple(compiled.positiontup))
