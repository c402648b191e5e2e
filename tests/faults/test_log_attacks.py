"""Row 20: somebody alters the log on the disk. What takes the signing key, too, is for a witness to find
(`tests/unit/hub/audit/test_witness.py`)."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from hub import bootstrap
from hub.audit import anchor, merkle
from hub.cli.main import app
from tests.faults import worlds
from tests.support.field import Field

pytestmark = pytest.mark.faults

FORGED = b'{"action":"nothing"}'


def cut_the_end_off(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM audit WHERE position > 3")  # more than five are signed


def rewrite_an_entry(database: sqlite3.Connection) -> None:
    database.execute("UPDATE audit SET entry = ?, leaf = ? WHERE position = 3", (FORGED, merkle.leaf_hash(FORGED)))


def rewrite_and_take_the_tree_away(database: sqlite3.Connection) -> None:
    """So that the hub grows and signs another over it."""
    rewrite_an_entry(database)
    for table in ("log_nodes", "log_checkpoints"):
        database.execute(f"DELETE FROM {table}")


def sign_something_else(database: sqlite3.Connection) -> None:
    database.execute("UPDATE log_checkpoints SET root = ?", (bytes(32),))


ATTACKS = (cut_the_end_off, rewrite_an_entry, rewrite_and_take_the_tree_away, sign_something_else)


def alter(hub: worlds.FaultyHub, attack: Callable[[sqlite3.Connection], None]) -> None:
    database = sqlite3.connect(hub.data_dir / bootstrap.DATABASE)
    try:
        with database:
            attack(database)
    finally:
        database.close()


async def signed_size(hub: worlds.FaultyHub, more_than: int) -> int:
    """Once a checkpoint is signed over more than so many entries, and stands in the file beside the database."""
    async with asyncio.timeout(30):
        while (size := int((hub.data_dir / anchor.NAME).read_text().split("\n")[1])) <= more_than:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return size


async def test_row_20_no_hub_starts_on_a_log_that_was_altered(
    start_faulty: Callable[..., worlds.FaultyHub], opened: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """And on an older one only after a word of the operator, which the log then tells of."""
    hub = await asyncio.to_thread(start_faulty)
    field, database, older = Field(opened, hub), hub.data_dir / bootstrap.DATABASE, tmp_path / "older"
    await field.enrol()
    await signed_size(hub, 5)
    assert await asyncio.to_thread(hub.stop) == 0
    size = await signed_size(hub, 5)
    shutil.copy(database, older)
    for attack in ATTACKS:
        alter(hub, attack)
        assert await asyncio.to_thread(hub.start_in_vain) == 1, attack.__name__
        assert "signed" in hub.errors.read_text().splitlines()[-1]
        shutil.copy(older, database)
    await asyncio.to_thread(hub.start)
    await field.enrol()
    await signed_size(hub, size)
    assert await asyncio.to_thread(hub.stop) == 0
    shutil.copy(older, database)
    assert await asyncio.to_thread(hub.start_in_vain) == 1
    words = ["audit", "resume", "--size", str(size), "--data-dir", str(hub.data_dir)]
    assert CliRunner().invoke(app, words).exit_code == 0
    await asyncio.to_thread(hub.start)
    assert b'"log_resumed"' in dump(hub)


def dump(hub: worlds.FaultyHub) -> bytes:
    """All entries of the log."""
    database = sqlite3.connect(f"file:{hub.data_dir / bootstrap.DATABASE}?mode=ro", uri=True)
    try:
        return b"\n".join(bytes(entry) for (entry,) in database.execute("SELECT entry FROM audit"))
    finally:
        database.close()
