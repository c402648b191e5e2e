"""What only this technology promises: settings, locks, files."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hub.store import port, records, sqlite
from tests.contract import stored

ROOT = Path(__file__).parents[3]


def ask(connection: sqlite.sa.Connection, pragma: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: every commit waits for the disk
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("secure_delete", 1),
    ],
)
def test_the_connection_that_writes_has_its_settings(store: sqlite.SqliteStore, pragma: str, value: object) -> None:
    assert ask(store._writer.connection, pragma) == value


def test_the_connection_that_writes_still_has_them_after_it_was_given_up(store: sqlite.SqliteStore) -> None:
    store._writer.connection.close()
    store.roll_back(store.begin())
    assert ask(store._writer.connection, "synchronous") == 2
    assert ask(store._writer.connection, "journal_mode") == "wal"


def test_the_connection_that_reads_cannot_write(store: sqlite.SqliteStore) -> None:
    connection = store._reader._wire.connection
    assert ask(connection, "query_only") == 1
    with pytest.raises(sqlite.DBAPIError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM audit")


def test_a_setting_that_sqlite_passes_over_stops_the_start() -> None:
    with sqlite3.connect(":memory:") as connection, pytest.raises(port.StoreUnavailable, match="journal_mode"):
        # A database in memory cannot have a write-ahead log, and says nothing about it.
        sqlite._set_pragmas(connection, {"journal_mode": "wal"})
    connection.close()


def test_a_group_holds_the_right_to_write_from_its_beginning(store: sqlite.SqliteStore, path: Path) -> None:
    group = store.begin()
    with sqlite3.connect(path, timeout=0, isolation_level=None) as other:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        store.roll_back(group)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()


def test_refuses_a_second_store_in_the_same_process(store: sqlite.SqliteStore, path: Path) -> None:
    with pytest.raises(sqlite.DataDirInUse, match=f"in use by process {os.getpid()}: stop that hub"):
        sqlite.SqliteStore.open(path)
    store.check()


def test_refuses_a_second_store_in_another_process(store: sqlite.SqliteStore, path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from hub.store import sqlite\n"
        "try:\n    sqlite.SqliteStore.open(pathlib.Path(sys.argv[1]))\n"
        "except sqlite.DataDirInUse as error:\n    sys.exit(str(error))\n"
    )
    other = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert other.returncode == 1
    assert f"in use by process {os.getpid()}" in other.stderr


def test_the_directory_is_free_again_once_the_store_is_closed(path: Path) -> None:
    for _ in range(2):
        sqlite.SqliteStore.open(path).close()


def test_a_failed_start_leaves_the_directory_free(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    for _ in range(2):
        with pytest.raises(port.StoreUnavailable, match="SQLITE_NOTADB"):
            sqlite.SqliteStore.open(path)
    path.unlink()
    sqlite.SqliteStore.open(path).close()


def damage(path: Path) -> None:
    """Pages in the middle, not the first one, where SQLite would notice by itself."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 20_000)


async def test_refuses_to_start_on_a_damaged_file(path: Path) -> None:
    store = sqlite.SqliteStore.open(path)
    for _ in range(5):
        await stored.keep(store, *(stored.sent(sealed=bytes(3000))[0] for _ in range(20)))
    store.close()
    damage(path)
    with pytest.raises(port.StoreUnavailable, match="is damaged: restore the last backup"):
        sqlite.SqliteStore.open(path)


def test_nobody_else_may_read_the_files(store: sqlite.SqliteStore, path: Path) -> None:
    names = {file.name for file in path.parent.iterdir()}
    assert names >= {"hub.db", "hub.db-wal", "hub.lock"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_clean_stop_leaves_one_whole_file(path: Path) -> None:
    sqlite.SqliteStore.open(path).close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["hub.db", "hub.lock"]


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(port.StoreUnavailable, match="cannot write to"):
        sqlite.SqliteStore.open(tmp_path / "file" / "hub.db")


def test_notices_that_its_file_was_replaced(store: sqlite.SqliteStore, path: Path) -> None:
    path.rename(path.with_name("moved.db"))
    with pytest.raises(port.StoreUnavailable, match="cannot be reached"):
        store.check()
    path.touch()
    with pytest.raises(port.StoreUnavailable, match="was replaced"):
        store.check()


def test_is_not_ready_when_the_disk_is_nearly_full(store: sqlite.SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = sqlite.shutil.disk_usage("/")._replace(free=1024 * 1024)
    monkeypatch.setattr(sqlite.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(port.StoreUnavailable, match="1 MiB left"):
        store.check()


def test_a_start_that_fails_at_the_file_leaves_the_directory_free(path: Path) -> None:
    path.mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(port.StoreUnavailable, match="Is a directory"):
            sqlite.SqliteStore.open(path)
    path.rmdir()
    sqlite.SqliteStore.open(path).close()


async def test_a_failed_commit_whose_transaction_lives_on_is_rolled_back(store: sqlite.SqliteStore) -> None:
    """A constraint that is judged at COMMIT makes it fail and leaves SQLite's transaction open."""
    group = store.begin()
    store._writer.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    store._writer.connection.exec_driver_sql("INSERT INTO outbox (position) VALUES (4711)")
    with pytest.raises(port.StoreUnavailable, match="SQLITE_CONSTRAINT"):
        await store.commit(group)
    assert store.reader().list_unpublished(limit=10) == []
    await stored.keep(store, stored.sent()[0])
    assert store.reader().count_by_state() == {"pending": 1}


async def test_nobody_touches_the_connection_until_a_cancelled_commit_has_come_to_its_end(
    store: sqlite.SqliteStore,
) -> None:
    disk_is_slow = threading.Event()
    store._writer._committer.submit(disk_is_slow.wait)
    group = store.begin()
    group.write(stored.sent()[0])
    task = asyncio.create_task(store.commit(group))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    with pytest.raises(RuntimeError):
        store.begin()
    disk_is_slow.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.reader().count_by_state() == {"pending": 1}


async def test_makes_a_new_connection_when_the_old_one_cannot_roll_back(store: sqlite.SqliteStore) -> None:
    group = store.begin()
    group.write(stored.sent()[0])
    driver = store._writer.connection.connection.driver_connection
    assert driver is not None
    driver.close()
    with pytest.raises(port.StoreUnavailable):
        await store.commit(group)
    await stored.keep(store, stored.sent()[0])
    assert store.reader().count_by_state() == {"pending": 1}


async def test_looking_for_nothing_asks_the_database_nothing(store: sqlite.SqliteStore) -> None:
    group = store.begin()
    statements: list[str] = []
    sqlite.sa.event.listen(
        store._writer.connection.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )
    group.find_messages([])
    group.find_cases([])
    group.find_cases_of([])
    group.find_consents()
    group.find_data_keys([])
    group.find_deliveries([])
    group.find_sequences([])
    group.write(records.Changes())
    await store.commit(group)
    assert statements == []


async def test_reads_beside_a_running_hub_what_it_has_committed(store: sqlite.SqliteStore, path: Path) -> None:
    await stored.keep(store, stored.sent()[0])
    store.begin().write(stored.sent()[0])
    with sqlite.open_readonly(path) as reader:
        assert reader.count_by_state() == {"pending": 1}


def test_reads_when_no_hub_runs_and_leaves_the_directory_free(path: Path) -> None:
    sqlite.SqliteStore.open(path).close()
    with sqlite.open_readonly(path) as reader:
        assert reader.audit_size() == 0
    sqlite.SqliteStore.open(path).close()


def test_reading_makes_no_database_where_none_is(tmp_path: Path) -> None:
    with pytest.raises(port.StoreUnavailable, match="no database at"):
        sqlite.open_readonly(tmp_path / "hub.db")
    assert list(tmp_path.iterdir()) == []


def test_reading_refuses_a_database_of_another_version(path: Path) -> None:
    path.parent.mkdir()
    sqlite3.connect(path).close()
    path.touch()
    with pytest.raises(port.StoreUnavailable, match="migrate first"):
        sqlite.open_readonly(path)
