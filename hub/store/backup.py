"""A copy of the embedded store while the hub writes to it, and putting one in place.

SQLite's online backup reads one snapshot of the write-ahead log: what was committed when it began is in the copy,
whole, and nobody waits for it. The distributed engine is backed up with pg_dump; see `docs/how-to`.
"""

from __future__ import annotations

import os
import sqlite3 as driver
from pathlib import Path
from urllib.parse import quote

from hub.store import port, sqlite


def require(source: Path) -> None:
    """Raises `StoreUnavailable` where there is no database."""
    if not source.exists():
        raise port.StoreUnavailable(f"no database at {source}")


def copy(source: Path, target: Path) -> None:
    """Writes the database at `source` to the new file `target`, on disk when it returns. Raises `StoreUnavailable`."""
    require(source)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(source, target)
    except driver.Error as error:
        raise port.StoreUnavailable(f"the database failed: {error.sqlite_errorname}") from None
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _copy(source: Path, target: Path) -> None:
    reading = driver.connect(f"file:{quote(str(source))}?mode=ro", uri=True)
    writing = driver.connect(target)
    try:
        reading.backup(writing)  # all pages in one step: one snapshot
        writing.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    finally:
        writing.close()
        reading.close()


def describe(path: Path) -> tuple[int, str | None]:
    """How long the log of a copy is, and which master key wrapped its data keys."""
    with sqlite.open_readonly(path) as reader:
        return reader.audit_size(), reader.find_kek_id()


def check(path: Path) -> None:
    """Raises `StoreUnavailable` when a page of it is damaged."""
    reading = driver.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        [answer] = reading.execute("PRAGMA integrity_check(1)").fetchone()
    except driver.Error:
        answer = "no database"
    finally:
        reading.close()
    if answer != "ok":
        raise port.StoreUnavailable(f"{path} is damaged: take another backup")
