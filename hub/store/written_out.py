"""Statements in the driver's own words, written out once: a group asks and writes few statements, over and over.

SQLAlchemy binds every row by its names again, which takes twice the time that SQLite needs to write it, and looks its
own text of a statement up each time, which takes as long as PostgreSQL's answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Executable, Insert, UpdateBase
from sqlalchemy.sql.compiler import SQLCompiler

from hub.store import rows


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """One statement for one dialect. `names` are its values in the order of the driver, `constants` those that the
    statement brings itself. `is_variable`: its text depends on how many values there are, and is not to be used."""

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    is_variable: bool

    def bind(self, many: Iterable[rows.Values | Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        if self.constants:
            many = ({**self.constants, **values} for values in many)
        if len(self.names) < 2:  # then itemgetter gives no tuple
            return [tuple(values[name] for name in self.names) for values in many]
        return list(map(itemgetter(*self.names), many))


def name(statement: UpdateBase, many: Sequence[rows.Values]) -> tuple[str, ...]:
    """The names of values that the statement needs for these rows. Of an insert those that any row has a value for: a
    column that is not named is NULL as well.

    The driver looks for a converter of every NULL it is handed, and writing the value would cost less than that."""
    if not isinstance(statement, Insert):
        return tuple(many[0])
    return tuple(name for name in many[0] if any(values[name] is not None for values in many))


# A table has few of the sets of names that it could have: its rows come from few kinds of events.
@lru_cache(maxsize=512)
def write_out(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> WrittenOut:
    """The statement for rows with values of these names, and no others. For dialects whose values have places."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names) or None)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return WrittenOut(
        compiled.string, tuple(compiled.positiontup), constants, is_variable=bool(compiled.post_compile_params)
    )
