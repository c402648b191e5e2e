"""Backups are made while the hub works, and a restored one answers as it did, but for what was erased since."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from hub import backup, clock
from hub.backup import BackupWrong
from hub.delivery.reading import Opened
from hub.service import Hub
from hub.store.port import StoreUnavailable
from tests.support import judging, office
from tests.unit.hub.test_retention import closed_case
from tests.unit.hub.test_rotation import rebuild


async def test_a_backup_made_during_load_is_whole_and_answers(hub: Hub, tmp_path: Path) -> None:
    _, delivery, _ = await office.refer(hub)
    over = asyncio.Event()

    async def send() -> None:
        while not over.is_set():
            await office.tell(hub, "consent.recorded", "sd-farsta")

    load = [asyncio.create_task(send()) for _ in range(4)]
    await asyncio.sleep(0)
    made = await asyncio.to_thread(
        backup.make, hub.settings.data_dir, tmp_path / "copy", judging.NOON, keys_to=tmp_path / "keys"
    )
    over.set()
    await asyncio.gather(*load)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["hub.sqlite3", "manifest.json"]
    backup.restore(tmp_path / "copy", tmp_path / "again", keys_from=tmp_path / "keys")
    again = rebuild(tmp_path / "again")
    assert again.reader.audit_size() == made["log_size"]
    await again.open()
    assert isinstance(await again.read(delivery, "jt-sydost"), Opened)
    await again.close()


async def test_keys_are_kept_apart(hub: Hub, tmp_path: Path) -> None:
    backup.make(hub.settings.data_dir, tmp_path / "copy", judging.NOON)
    assert not list((tmp_path / "copy").glob("*.key"))
    with pytest.raises(BackupWrong, match="one folder"):
        backup.make(hub.settings.data_dir, tmp_path / "both", judging.NOON, keys_to=tmp_path / "both")
    for path in (tmp_path / "copy").iterdir():
        if path.name != "manifest.json":
            assert path.stat().st_mode & 0o077 == 0


async def test_a_backup_from_before_an_erasure_loses_it_again(hub: Hub, tmp_path: Path) -> None:
    case, _ = await closed_case(hub)
    backup.make(hub.settings.data_dir, tmp_path / "old", judging.NOON, keys_to=tmp_path / "keys")
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(days=93))
    await hub.gallring.run()
    backup.make(hub.settings.data_dir, tmp_path / "new", judging.NOON)
    await hub.close()
    # The list of the later backup is all that is left of the machine.
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "shreds.list").write_bytes((tmp_path / "new" / "shreds.list").read_bytes())
    backup.restore(tmp_path / "old", tmp_path / "again", keys_from=tmp_path / "keys")
    again = rebuild(tmp_path / "again")
    assert again.reader.find_data_keys([case])
    await again.open()
    assert again.reader.find_data_keys([case]) == {}
    await again.close()


async def test_no_backup_is_written_over_anything(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(BackupWrong, match="not empty"):
        backup.make(hub.settings.data_dir, tmp_path / "full", judging.NOON)
    backup.make(hub.settings.data_dir, tmp_path / "copy", judging.NOON)
    with pytest.raises(BackupWrong, match="has a database"):
        backup.restore(tmp_path / "copy", hub.settings.data_dir)


async def test_what_is_not_as_it_was_made_is_not_restored(hub: Hub, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    backup.make(hub.settings.data_dir, copy, judging.NOON)
    database = copy / "hub.sqlite3"
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    with pytest.raises(BackupWrong, match="not as it was"):
        backup.restore(copy, tmp_path / "again")
    database.unlink()
    with pytest.raises(BackupWrong, match="missing"):
        backup.restore(copy, tmp_path / "again")
    (copy / "manifest.json").write_text(json.dumps({"files": {"../../etc/passwd": ""}, "step": "1"}))
    with pytest.raises(BackupWrong, match="damaged"):
        backup.restore(copy, tmp_path / "again")
    with pytest.raises(BackupWrong, match="no backup"):
        backup.restore(tmp_path, tmp_path / "again")
    assert not (tmp_path / "again" / "hub.sqlite3").exists()


def test_where_there_is_no_database_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no database"):
        backup.make(tmp_path / "nothing", tmp_path / "copy", judging.NOON)


async def test_the_copy_is_one_file_that_sqlite_reads(hub: Hub, tmp_path: Path) -> None:
    await office.refer(hub)
    backup.make(hub.settings.data_dir, tmp_path / "copy", judging.NOON)
    with sqlite3.connect(tmp_path / "copy" / "hub.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] >= 2
    connection.close()
