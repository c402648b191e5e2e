"""A backup of PostgreSQL is made while hubs work; a restored one answers as it did, but for what was erased since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from hub import backup, bootstrap, clock, settings
from hub.backup import BackupWrong
from hub.cli.main import app
from hub.delivery.reading import Opened
from hub.service import Hub
from hub.store import postgres_backup
from hub.store.port import StoreUnavailable
from tests.support import canary, judging, office, persons
from tests.support.postgres_server import PostgresServer
from tests.unit.hub.test_retention import closed_case
from tests.unit.hub.test_rotation import rebuild


@pytest.fixture
async def hub(tmp_path: Path, database_url: str) -> AsyncIterator[Hub]:
    data = tmp_path / "data"
    await bootstrap.prepare(settings.load({"data_dir": data, "database_url": database_url}, {}, None))
    hub = rebuild(data, database_url=database_url)
    await hub.open()
    yield hub
    await hub.close()


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    with postgres.database(empty=True) as url:
        yield url


async def make(hub: Hub, folder: Path, keys: Path | None = None) -> dict[str, object]:
    url = hub.settings.database_url
    data = hub.settings.data_dir
    return await asyncio.to_thread(backup.make, data, folder, judging.NOON, keys_to=keys, database_url=url)


async def restore(folder: Path, data: Path, url: str, keys: Path | None = None) -> None:
    await asyncio.to_thread(backup.restore, folder, data, keys_from=keys, database_url=url)


async def test_a_backup_made_during_load_is_whole_and_answers(hub: Hub, tmp_path: Path, empty: str) -> None:
    _, delivery, _ = await office.refer(hub)
    over = asyncio.Event()

    async def send() -> None:
        while not over.is_set():
            await office.tell(hub, "consent.recorded", "sd-farsta")

    load = [asyncio.create_task(send()) for _ in range(4)]
    made = await make(hub, tmp_path / "copy", tmp_path / "keys")
    over.set()
    await asyncio.gather(*load)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["hub.dump", "manifest.json"]
    assert canary.Scanner([persons.ASTA]).find_below(tmp_path / "copy") == []
    await restore(tmp_path / "copy", tmp_path / "again", empty, tmp_path / "keys")
    again = rebuild(tmp_path / "again", database_url=empty)
    assert again.reader.audit_size() == made["log_size"]
    assert again.vault.kek_id == made["master_key"]
    await again.open()
    assert isinstance(await again.read(delivery, "jt-sydost"), Opened)
    await again.close()


async def test_a_backup_from_before_an_erasure_loses_it_again(hub: Hub, tmp_path: Path, empty: str) -> None:
    case, _ = await closed_case(hub)
    await make(hub, tmp_path / "old", tmp_path / "keys")
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(days=93))
    await hub.gallring.run()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "shreds.list").write_bytes((hub.settings.data_dir / "shreds.list").read_bytes())
    await restore(tmp_path / "old", tmp_path / "again", empty, tmp_path / "keys")
    again = rebuild(tmp_path / "again", database_url=empty)
    assert again.reader.find_data_keys([case])
    await again.open()
    assert again.reader.find_data_keys([case]) == {}
    await again.close()


async def test_nothing_is_written_over_and_nothing_of_the_other_engine_is_taken(
    hub: Hub, tmp_path: Path, empty: str
) -> None:
    await make(hub, tmp_path / "copy")
    assert hub.settings.database_url is not None
    with pytest.raises(StoreUnavailable, match="has tables"):
        await restore(tmp_path / "copy", tmp_path / "again", hub.settings.database_url)
    with pytest.raises(BackupWrong, match="other engine"):
        backup.restore(tmp_path / "copy", tmp_path / "again")
    with pytest.raises(StoreUnavailable, match="migrated"):
        await asyncio.to_thread(postgres_backup.copy, empty, tmp_path / "nothing")
    dump = bytearray((tmp_path / "copy" / "hub.dump").read_bytes())
    dump[len(dump) // 2] ^= 1
    (tmp_path / "copy" / "hub.dump").write_bytes(dump)
    with pytest.raises(BackupWrong, match="not as it was"):
        await restore(tmp_path / "copy", tmp_path / "again", empty)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


async def test_the_commands_do_it_and_the_password_is_on_no_command_line(
    hub: Hub, tmp_path: Path, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    run = postgres_backup.subprocess.run

    def watch(words: list[str], **more: object) -> object:
        seen.extend(words)
        return run(words, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(postgres_backup.subprocess, "run", watch)
    runner, own = CliRunner(), hub.settings.database_url
    words = ["backup", str(tmp_path / "copy"), "--keys-to", str(tmp_path / "keys"), "--json"]
    made = await asyncio.to_thread(
        runner.invoke,
        app,
        [*words, "--data-dir", str(hub.settings.data_dir)],
        env={"SAMVERKAN_DATABASE_URL": own},
    )
    assert made.exit_code == 0, made.output
    assert set(json.loads(made.stdout)["files"]) == {"hub.dump"}
    words = ["restore", str(tmp_path / "copy"), "--keys-from", str(tmp_path / "keys")]
    done = await asyncio.to_thread(
        runner.invoke, app, [*words, "--data-dir", str(tmp_path / "again")], env={"SAMVERKAN_DATABASE_URL": empty}
    )
    assert done.exit_code == 0, done.output
    password = psycopg.conninfo.conninfo_to_dict(empty)["password"]
    assert seen
    assert not [word for word in seen if str(password) in word]


def test_without_the_tools_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres_backup, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match="pg_dump is not on this machine"):
        postgres_backup.copy("postgresql://nobody@127.0.0.1:9/none", tmp_path / "copy")


def test_why_a_tool_failed_is_told_without_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text(
        "#!/bin/sh\n"
        "echo 'pg_dump: warning: something' >&2\n"
        """echo 'pg_dump: error: COPY failed: ERROR: invalid input: "19121212-1212"' >&2\n"""
        "echo 'CONTEXT: COPY people, line 1: 19121212-1212 Asta' >&2\n"
        "exit 1\n"
    )
    tool.chmod(0o700)
    with pytest.raises(StoreUnavailable) as told:
        postgres_backup._run([str(tool)], "postgresql://nobody@127.0.0.1:9/none")
    assert str(told.value) == 'pg_dump ended with 1: COPY failed: ERROR: invalid input: "..."'
