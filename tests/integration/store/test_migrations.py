"""The steps lead to the tables that the hub works with."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import autogenerate, config, migration, script

from hub.store import migrate, port, sqlite, tables

ROOT = Path(__file__).parents[3]


def take_steps(path: Path, to: str = "head") -> None:
    """From nothing, one after the other, as a database that is as old as the hub has taken them."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate.take_steps(connection, None, to=to)
        if to == "head":
            context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
            assert autogenerate.compare_metadata(context, tables.metadata) == []
    engine.dispose()


def schema_of(path: Path) -> dict[str, set[str]]:
    """Every index of every table with its condition, every table option: what the comparison above leaves out."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT tbl_name, sql FROM sqlite_master")
        found: dict[str, set[str]] = {}
        for table, sql in rows:
            if sql is not None and not table.startswith("sqlite_"):
                found.setdefault(table, set()).add(" ".join(sql.split()))
    connection.close()
    return found


def test_taking_the_steps_gives_the_same_database_as_creating_it(tmp_path: Path, path: Path) -> None:
    take_steps(tmp_path / "migrated.db")
    sqlite.SqliteStore.open(path).close()
    assert schema_of(tmp_path / "migrated.db") == schema_of(path)


@pytest.mark.parametrize("step", ["0001", "0007", "0012"])
def test_an_older_database_takes_the_steps_that_it_lacks(path: Path, tmp_path: Path, step: str) -> None:
    path.parent.mkdir()
    take_steps(path, step)
    sqlite.SqliteStore.open(path).close()
    sqlite.SqliteStore.open(tmp_path / "new.db").close()
    assert schema_of(path) == schema_of(tmp_path / "new.db")


def test_the_directory_in_force_is_the_first_that_is_remembered(path: Path) -> None:
    path.parent.mkdir()
    take_steps(path, "0014")
    add = "INSERT INTO directory_sets (standing, digest, files, at) VALUES (?, ?, ?, ?)"
    packed = zlib.compress(b"{}")
    with sqlite3.connect(path) as connection:
        connection.executemany(add, [("in_force", "sha256:a", packed, 5), ("proposed", "sha256:b", packed, 9)])
    connection.close()
    store = sqlite.SqliteStore.open(path)
    [kept] = store.reader().list_directories()
    store.close()
    assert (kept.digest, kept.files) == ("sha256:a", {})


def test_the_constant_names_the_newest_step() -> None:
    settings = config.Config()
    settings.set_main_option("script_location", "hub.store:migrations")
    assert script.ScriptDirectory.from_config(settings).get_heads() == [migrate.HEAD]


def test_a_new_and_a_current_database_open_without_alembic(path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from hub.store import sqlite\n"
        "for _ in range(2):\n"
        "    sqlite.SqliteStore.open(pathlib.Path(sys.argv[1])).close()\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT).returncode == 0


def test_refuses_a_database_of_a_newer_hub(path: Path) -> None:
    sqlite.SqliteStore.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(port.StoreUnavailable, match="step 9999, this hub knows up to"):
        sqlite.SqliteStore.open(path)


def test_a_migration_that_stops_half_way_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = migrate.upgrade

    def stop_before_the_end(connection: sa.Connection) -> None:
        upgrade(connection)
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "upgrade", stop_before_the_end)
        with pytest.raises(InterruptedError):
            sqlite.SqliteStore.open(path)
    assert schema_of(path) == {}
    sqlite.SqliteStore.open(path).close()
    assert "messages" in schema_of(path)
