"""Many rows from few: a store's messages copied within its tables, under other ids, numbers and instants.

A million messages through the store's own code take minutes; SQLite copies them in seconds. What is copied are all
columns that a table has, so only what must differ is named here: a table or column that is new is copied as it is.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

# How each table counts, names and dates its rows: columns with numbers, ids, instants.
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "messages": (("position",), ("message_id", "lane_id", "case_id"), ("recorded_at",)),
    "deliveries": (
        ("position", "message_position"),
        ("delivery_id", "lane_id"),
        ("recorded_at", "acked_at", "handled_at"),
    ),
    "cases": ((), ("case_id", "person_key"), ("opened_at",)),
    "data_keys": ((), ("lane_id",), ()),
    "sequences": ((), ("lane_id",), ()),
    "audit": (("position",), ("message_id", "case_id"), ("at",)),
}
_FIRST = {"data_keys": "length(lane_id) = 36", "audit": "case_id IS NOT NULL"}
_TOGETHER = 20  # copies in one transaction: the log of one of a million messages would fill the disk
_SPREAD = 2_654_435_761  # Knuth's multiplier: neighbours get beginnings far apart, as random ids have


def multiply(path: Path, times: int, rows: int, step: timedelta) -> None:
    """The `rows` messages of the store `times` times over, itself included, each time `step` later."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a benchmark's rows may be lost with the power
        connection.execute("PRAGMA cache_size = -200000")
        connection.execute("BEGIN")
        for table in _TABLES:
            connection.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table} {_where(table)}")
        statements = [_copy(connection, table) for table in _TABLES]
        for turn in range(1, times):
            shift = {"rows": turn * rows, "name": _beginning(turn), "time": turn * int(step.total_seconds() * 1e6)}
            for statement in statements:
                connection.execute(statement, shift)
            if turn % _TOGETHER == 0:
                connection.execute("COMMIT")
                connection.execute("BEGIN")
        connection.execute("UPDATE delivery_counts SET deliveries = deliveries * ?", (times,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def renamed(name: str, turn: int) -> str:
    """What an id of the first rows is called in a copy; turn 0 are the rows themselves."""
    return _beginning(turn) + name[8:] if turn else name


def _beginning(turn: int) -> str:
    return f"{turn * _SPREAD % 2**32:08x}"


def _where(table: str) -> str:
    """Without the few rows that are not about a message."""
    return f"WHERE {_FIRST[table]}" if table in _FIRST else ""


def _copy(connection: sqlite3.Connection, table: str) -> str:
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
    counted, named, dated = _TABLES[table]

    def value(column: str) -> str:
        if column in counted:
            return f"{column} + :rows"
        if column in named:
            return f":name || substr({column}, 9)"
        return f"{column} + :time" if column in dated else column

    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(map(value, columns))} FROM first_{table}"
