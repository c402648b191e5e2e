"""What a process of tests would do hundreds of times over with the same outcome, done once.

The delivered rules, units and schemas are read once: what is made of them does not change. Rule files that tests write
are read each time, but the same text is parsed once. Of a new embedded store the statements that make its tables, and
of all embedded stores those that ask and write, are put into words once: otherwise that is most of what a hub in the
process of the tests does.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from hub.store import migrate, sqlite
from routing import directory, rule_files, rulebook
from schemas.registry import Registry


def share(patch: pytest.MonkeyPatch) -> None:
    """From now on, for as long as the patch lasts."""
    _share_what_is_delivered(patch)
    _share_tables(patch)
    _share_statements(patch)


def _share_what_is_delivered(patch: pytest.MonkeyPatch) -> None:
    for home in (directory, rulebook, Registry):
        patch.setattr(home, "load", _delivered_once(home.load))
    parse = functools.lru_cache(maxsize=512)(tomllib.loads)
    patch.setattr(rule_files, "tomllib", SimpleNamespace(loads=parse, TOMLDecodeError=tomllib.TOMLDecodeError))


def _delivered_once(load: Callable[..., Any]) -> Callable[..., Any]:
    delivered = functools.cache(load)

    def load_it(folder: Path | None = None) -> Any:
        return delivered() if folder is None else load(folder)

    return load_it


def _share_tables(patch: pytest.MonkeyPatch) -> None:
    create = migrate._create
    made: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        made.append((statement, parameters))

    def create_again(connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite":
            create(connection)
        elif made:
            for statement, parameters in made:
                connection.exec_driver_sql(statement, parameters)
        else:
            sa.event.listen(connection, "before_cursor_execute", note)
            create(connection)
            sa.event.remove(connection, "before_cursor_execute", note)

    patch.setattr(migrate, "_create", create_again)


def _share_statements(patch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy keeps them for each engine and dialect; those of our embedded stores are all made alike."""
    connect = sqlite._connect
    compiled: Any = LRUCache(2000)

    def connect_it(path: Path, pragmas: Mapping[str, str | int], *, mode: str) -> sa.Engine:
        engine = connect(path, pragmas, mode=mode)
        engine._compiled_cache = compiled
        return engine

    patch.setattr(sqlite, "_connect", connect_it)
    patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda one, other: type(one) is type(other))
    patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda one: hash(type(one)))
