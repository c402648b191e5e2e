"""Another master key: nothing is lost, nothing waits, and no wrong key opens the hub."""

from __future__ import annotations

import asyncio
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from hub import bootstrap, clock, key_file, master_key, settings
from hub.delivery.reading import Opened
from hub.service import Hub
from hub.store.records import AuditQuery
from hub.vault import INDEX_LANE, Vault, VaultLocked
from tests.support import events, judging, office, persons


def key_lines(hub: Hub) -> list[str]:
    return (hub.settings.data_dir / "master.key").read_text().splitlines()


def kek_ids(hub: Hub) -> set[str]:
    return {key.kek_id for key in hub.reader.list_data_keys(after="", limit=10_000)}


def rebuild(data_dir: Path, **flags: Any) -> Hub:
    given = settings.load({"data_dir": str(data_dir), "allow_test_numbers": True, **flags}, {}, None)
    return bootstrap.build_hub(
        given,
        clock=clock.FixedClock(judging.NOON),
        registry=events.catalogue(),
        directory=judging.directory(),
        rulebook=judging.rules(),
    )


async def test_every_data_key_is_wrapped_by_the_new_key_and_the_old_one_is_gone(hub: Hub) -> None:
    _, delivery, _ = await office.refer(hub)
    before, lines = hub.vault.kek_id, key_lines(hub)
    done = await hub.rotation.rotate("staff:1")
    assert (done.before, done.after) == (before, hub.vault.kek_id)
    assert done.after != before
    assert done.keys >= 2
    assert kek_ids(hub) == {done.after}
    assert len(key_lines(hub)) == 1
    assert key_lines(hub) != lines
    assert stat.S_IMODE((hub.settings.data_dir / "master.key").stat().st_mode) == 0o600
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    (entry,) = [row for row in hub.reader.list_audit(AuditQuery(limit=1000)) if row.action == "key_rotated"]
    assert entry.actor == "staff:1"


async def test_persons_are_found_under_the_same_key_after_a_rotation_and_a_new_start(hub: Hub) -> None:
    case, delivery, _ = await office.refer(hub)
    person = hub.vault.person_key(persons.ASTA.number)
    commitment = hub.vault.unwrap(hub.reader.find_data_keys([case])[case]).commit(b"body")
    await hub.rotation.rotate()
    await hub.rotation.rotate()
    await hub.close()
    again = rebuild(hub.settings.data_dir)
    await again.open()
    assert again.vault.person_key(persons.ASTA.number) == person
    assert [found.case_id for found in again.reader.find_cases_of([person])[person]] == [case]
    assert again.vault.unwrap(again.reader.find_data_keys([case])[case]).commit(b"body") == commitment
    assert isinstance(await again.read(delivery, "jt-sydost"), Opened)
    await again.close()


async def test_three_rotations_during_load_fail_no_read(hub: Hub) -> None:
    _, delivery, _ = await office.refer(hub)
    outcomes: list[bool] = []
    over = asyncio.Event()

    async def read() -> None:
        while not over.is_set():
            outcomes.append(isinstance(await hub.read(delivery, "jt-sydost"), Opened))

    async def send() -> None:
        while not over.is_set():
            answer = await office.tell(hub, "consent.recorded", "sd-farsta")
            assert answer is not None

    loads = [asyncio.create_task(work()) for work in (read, read, read, send)]
    seen = {hub.vault.kek_id}
    for _ in range(3):
        seen.add((await hub.rotation.rotate()).after)
    over.set()
    await asyncio.gather(*loads)
    assert len(seen) == 4
    assert len(outcomes) > 10
    assert all(outcomes)


async def test_a_rotation_that_was_broken_off_goes_on_at_the_next_start(hub: Hub) -> None:
    _, delivery, _ = await office.refer(hub)
    await hub.rotation.rotate()
    old = key_file.load_all(hub.settings.data_dir / "master.key")
    await hub.close()
    # As after a crash between the new key and the first page.
    key_file.replace(hub.settings.data_dir / "master.key", [b"\x07" * 32, *old])
    again = rebuild(hub.settings.data_dir)
    await again.open()
    assert kek_ids(again) == {again.vault.kek_id}
    assert len(key_lines(again)) == 1
    assert isinstance(await again.read(delivery, "jt-sydost"), Opened)
    await again.close()


async def test_a_key_of_another_database_or_a_damaged_file_stops_the_start(hub: Hub) -> None:
    await office.refer(hub)
    await hub.close()
    path = hub.settings.data_dir / "master.key"
    right = path.read_bytes()
    key_file.replace(path, [b"\x01" * 32])
    with pytest.raises(VaultLocked, match="another database"):
        rebuild(hub.settings.data_dir)
    for damaged in (right[:-5], right + b"rest\n", right * 20, b""):
        path.write_bytes(damaged)
        with pytest.raises(VaultLocked):
            rebuild(hub.settings.data_dir)
    path.unlink()
    with pytest.raises(VaultLocked, match="missing"):
        rebuild(hub.settings.data_dir)


def command(tmp_path: Path, body: str) -> str:
    script = tmp_path / "print_key.py"
    script.write_text(body)
    return f"{sys.executable} {script}"


async def test_a_command_gives_the_key_and_the_hub_rotates_to_its_first_line(tmp_path: Path) -> None:
    keys = tmp_path / "kms"
    key_file.replace(keys, [b"\x01" * 32])
    given = command(tmp_path, f"print(open({str(keys)!r}).read(), end='')")
    hub = rebuild(tmp_path / "data", master_key_command=given)
    await hub.open()
    assert not (tmp_path / "data" / "master.key").exists()
    _, delivery, _ = await office.refer(hub)
    same = await hub.rotation.rotate()
    assert same.before == same.after
    key_file.replace(keys, [b"\x02" * 32, b"\x01" * 32])
    done = await hub.rotation.rotate()
    assert done.after != done.before
    key_file.replace(keys, [b"\x02" * 32])
    await hub.close()
    again = rebuild(tmp_path / "data", master_key_command=given)
    await again.open()
    assert isinstance(await again.read(delivery, "jt-sydost"), Opened)
    await again.close()


async def test_a_command_that_fails_or_takes_its_time_holds_nobody_up(tmp_path: Path) -> None:
    keys = tmp_path / "kms"
    key_file.replace(keys, [b"\x01" * 32])
    waits = (
        "import pathlib, time\n"
        f"keys = pathlib.Path({str(keys)!r})\n"
        "while not keys.exists(): time.sleep(0.01)\n"
        "print(keys.read_text(), end='')\n"
    )
    hub = rebuild(tmp_path / "data", master_key_command=command(tmp_path, waits))
    await hub.open()
    _, delivery, _ = await office.refer(hub)
    before = hub.vault.kek_id
    keys.unlink()
    rotating = asyncio.create_task(hub.rotation.rotate())
    for _ in range(20):
        assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    assert not rotating.done()
    key_file.replace(keys, [b"\x02" * 32, b"\x01" * 32])
    assert (await rotating).before == before
    known = hub.vault.kek_id
    keys.write_text("no key")
    with pytest.raises(VaultLocked):
        await hub.rotation.rotate()
    assert hub.vault.kek_id == known
    hub.vault.forget_all()
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    assert kek_ids(hub) == {known}
    await hub.close()


@pytest.mark.parametrize("body", ["raise SystemExit(1)", "print('no key')", ""])
def test_a_command_that_gives_no_key_stops_the_start(tmp_path: Path, body: str) -> None:
    with pytest.raises(VaultLocked):
        rebuild(tmp_path / "data", master_key_command=command(tmp_path, body))


def test_a_command_that_fails_after_a_key_stops_the_start(tmp_path: Path) -> None:
    keys = tmp_path / "kms"
    key_file.replace(keys, [b"\x01" * 32])
    body = f"print(open({str(keys)!r}).read(), end='')"
    rebuild(tmp_path / "right", master_key_command=command(tmp_path, body)).store.close()
    with pytest.raises(VaultLocked, match="failed"):
        rebuild(tmp_path / "wrong", master_key_command=command(tmp_path, body + "; raise SystemExit(1)"))


def test_a_command_that_never_ends_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_key, "_SECONDS", 0.05)
    with pytest.raises(VaultLocked, match="gave no key within"):
        rebuild(tmp_path / "data", master_key_command=command(tmp_path, "import time; time.sleep(600)"))


def test_a_command_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(VaultLocked, match="master_key_command"):
        rebuild(tmp_path / "data", master_key_command=str(tmp_path / "nothing"))


def test_the_row_of_index_keys_opens_for_no_other_master_key() -> None:
    row = Vault(b"\x01" * 32).index_row()
    assert row.lane_id == INDEX_LANE
    with pytest.raises(VaultLocked):
        Vault(b"\x02" * 32).adopt_index(row)
