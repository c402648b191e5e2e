"""A copy of a PostgreSQL database as of one instant, while hubs write to it, made and put back by the server's own
tools. They have to be of the server's version or newer.

The password goes to them by the environment, which others of the machine cannot read, and not by the command line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import conninfo

from hub.store import migrate, port

_PLACES: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
_SIZE: Final = "SELECT coalesce(max(position) + 1, 0) FROM audit"
_MASTER_KEY: Final = "SELECT kek_id FROM data_keys LIMIT 1"
_STEP: Final = "SELECT version_num FROM alembic_version"
_TABLES: Final = "SELECT count(*) FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"


def copy(url: str, target: Path) -> tuple[int, str | None]:
    """Writes the database to the file `target`; how long the log in it is, and which master key wrapped its data keys.
    Raises `StoreUnavailable`."""
    tool = _find("pg_dump")
    with _connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # What is counted here is what the tool copies: it takes over this snapshot.
        snapshot = _ask(connection, "SELECT pg_export_snapshot()")
        if (step := _ask(connection, _STEP)) != migrate.HEAD:
            raise port.StoreUnavailable(f"the database has step {step}, this program reads {migrate.HEAD}: migrate")
        size, key = _ask(connection, _SIZE), _ask(connection, _MASTER_KEY)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        own = ("--no-owner", "--no-privileges")
        _run([tool, "--format=custom", *own, f"--snapshot={snapshot}", f"--file={target}"], url)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return int(str(size)), None if key is None else str(key)


def put_back(source: Path, url: str) -> None:
    """Into a database without tables, whole or not at all. Raises `StoreUnavailable`."""
    tool = _find("pg_restore")
    require_empty(url)
    words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _run([tool, *words, f"--dbname={_without_password(url)}", str(source)], url)


def require_empty(url: str) -> None:
    """Raises `StoreUnavailable` where there are tables already."""
    with _connect(url) as connection:
        if _ask(connection, _TABLES):
            raise port.StoreUnavailable("the database has tables: name an empty one, or make it anew")


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(_address(url), connect_timeout=5, application_name="samverkan-backup")
    except psycopg.Error as error:
        raise port.StoreUnavailable(f"the database cannot be reached ({type(error).__name__})") from None


def _ask(connection: psycopg.Connection, question: str) -> object:
    try:
        row = connection.execute(question.encode()).fetchone()
    except psycopg.Error as error:
        raise port.StoreUnavailable(f"the database failed ({type(error).__name__}): has it been migrated?") from None
    return row[0] if row else None


def _address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def _without_password(url: str) -> str:
    parts: dict[str, Any] = dict(conninfo.conninfo_to_dict(_address(url)))
    parts.pop("password", None)
    return conninfo.make_conninfo(**parts)


def _find(name: str) -> str:
    """In the path, else where systems keep them, the newest."""
    if found := shutil.which(name):
        return found
    places = [str(path) for place in _PLACES for path in Path("/").glob(f"{place[1:]}/{name}")]
    if not places:
        raise port.StoreUnavailable(f"{name} is not on this machine: install PostgreSQL's client programs")
    return max(places)


def _run(words: Sequence[str], url: str) -> None:
    password = conninfo.conninfo_to_dict(_address(url)).get("password")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "SAMVERKAN_"))}
    if password is not None:
        environ["PGPASSWORD"] = str(password)
    if not any(word.startswith("--dbname=") for word in words):
        words = [*words, f"--dbname={_without_password(url)}"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode != 0:
        raise port.StoreUnavailable(f"{Path(words[0]).name} ended with {done.returncode}: {_reason(done.stderr)}")


def _reason(told: str) -> str:
    """What the tool says went wrong first: the lines behind it, and what stands in quotation marks, may be of a row."""
    lines = [line for line in told.splitlines() if ": error: " in line]
    return re.sub('"[^"]*"?', '"..."', lines[0].partition(": error: ")[2]) if lines else "no reason given"
