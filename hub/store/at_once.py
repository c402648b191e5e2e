"""Many rows by one statement and one value, for PostgreSQL: the rows are one JSON text, which the server takes apart.

The server parses, plans and starts the statement once, and neither side binds a cell by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, Dialect, Insert, Text, bindparam, cast, column, func, select

from hub.store import rows, written_out


def is_possible(statement: Insert, many: Sequence[rows.Values], names: Sequence[str]) -> bool:
    """Whether one statement may add all these rows: their values are their columns, and none replaces another."""
    table: Any = statement.table
    if len(many) == 1 or statement.select is not None or any(name not in table.c for name in names):
        return False
    key = [each.name for each in table.primary_key]
    if any(name not in names for name in key):  # numbered by the database
        return True
    return len({tuple(values[name] for name in key) for values in many}) == len(many)


@lru_cache(maxsize=256)
def write_out(statement: Insert, dialect: Dialect, names: tuple[str, ...]) -> written_out.WrittenOut:
    """The statement for any number of rows with values of these names. Its one value is what `dump` makes of them."""
    table: Any = statement.table
    columns = [column(name, table.c[name].type) for name in names]
    given = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON)).table_valued(*columns)
    given = given.render_derived(name="given", with_types=True)
    return written_out.write_out(statement.from_select(list(names), select(*given.c)), dialect, ())


def dump(many: Sequence[rows.Values]) -> str:
    """The rows, bytes as PostgreSQL reads them (its documentation, 8.4.1). Names that nobody asks for do no harm."""
    return orjson.dumps(many, default=_to_hex).decode()


def _to_hex(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"no JSON for {type(value).__name__}")
