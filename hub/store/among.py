"""`column IN (any number of keys)` with the keys as one value: one text per question, whatever the number.

A bound value for each key would make as many texts as there are numbers of keys, and most of the time of a
look-up would go into writing them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Dialect, Text, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """True for rows whose text column is one of the values bound to `keys`."""
    each = _EachKey(bindparam("keys", type_=_Keys())).table_valued("value", name="value")
    return column.in_(select(each.c.value))


class _Keys(TypeDecorator[Collection[str]]):
    """Texts as the one value that the dialect takes for them: a JSON array, or an array."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        keys = list(value or ())
        return keys if dialect.name == "postgresql" else orjson.dumps(keys).decode()


class _EachKey(FunctionElement[str]):
    """The keys as rows. SQLite names their column `value`; PostgreSQL names it as the table, which is called so."""

    inherit_cache = True


@compiles(_EachKey, "sqlite")
def _with_json(element: _EachKey, compiler: Any, **more: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **more)})"


@compiles(_EachKey, "postgresql")
def _with_array(element: _EachKey, compiler: Any, **more: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **more)})"
