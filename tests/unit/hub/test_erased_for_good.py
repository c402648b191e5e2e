"""Bar 3: of an erased case no body opens, with everything that lies on the disk and the master key; its person's names
are in no file; and the log, which told of it all, still verifies whole."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import backup, bootstrap
from hub.cli.main import app
from hub.ledger import consent_lane
from hub.master_key import KeyFile
from hub.service import Hub
from hub.store.records import DataKey
from hub.vault import SealBroken, SealingKey, Vault, body_aad
from tests.support import canary, judging, office, persons
from tests.unit.hub.test_retention import DAY, advance, closed_case

PIECE = 16
"""Bytes of a key or body that would be noticed anywhere."""


@dataclass(frozen=True, slots=True)
class Loot:
    """What a thief kept of a case before it was erased: its sealed bodies and the wrapped key."""

    key: DataKey
    bodies: dict[bytes, bytes]
    """Sealed body -> what binds it to its place."""

    def open_with(self, keys: list[SealingKey]) -> list[bytes]:
        found = []
        for key in keys:
            for sealed, aad in self.bodies.items():
                try:
                    found.append(key.open(sealed, aad=aad))
                except SealBroken:
                    continue
        return found

    def pieces(self) -> Iterator[bytes]:
        for whole in (self.key.wrapped, *self.bodies):
            for begin in range(0, len(whole) - PIECE + 1, PIECE):
                yield whole[begin : begin + PIECE]


def steal(hub: Hub, lane: str) -> Loot:
    with sqlite3.connect(hub.settings.data_dir / "hub.sqlite3") as connection:
        asked = "SELECT sealed, source, message_id, type, version FROM messages WHERE lane_id = ?"
        rows = connection.execute(asked, (lane,)).fetchall()
    connection.close()
    assert all(sealed for sealed, *_ in rows)
    return Loot(hub.reader.find_data_keys([lane])[lane], {sealed: body_aad(lane, *rest) for sealed, *rest in rows})


def every_key(data_dir: Path) -> list[SealingKey]:
    """Each key that the database still has, unwrapped with the master key by a vault that remembers nothing."""
    vault = Vault.of(KeyFile(data_dir / bootstrap.MASTER_KEY, create=False))
    with sqlite3.connect(data_dir / "hub.sqlite3") as connection:
        rows = connection.execute("SELECT lane_id, wrapped, kek_id FROM data_keys").fetchall()
    connection.close()
    vault.adopt_index(next((DataKey(*row) for row in rows if row[0] == "hub:index"), None))
    return [vault.unwrap(DataKey(*row)) for row in rows if row[0] != "hub:index"]


def remains(folder: Path, loot: Loot) -> list[str]:
    """Where a piece of the key or of a body lies, whatever file it is in."""
    pieces = set(loot.pieces())
    files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return [path.name for path, content in files.items() if any(piece in content for piece in pieces)]


def verify(data_dir: Path) -> int:
    """As `samverkan audit verify`; the size of the log that holds."""
    done = CliRunner().invoke(app, ["audit", "verify", "--data-dir", str(data_dir), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["verified"]
    assert told["entries"] == told["size"]
    return int(told["size"])


@pytest.fixture
def scanner() -> canary.Scanner:
    return canary.Scanner([persons.ASTA, persons.BO])


async def test_of_an_erased_case_nothing_opens_and_nothing_is_left(
    hub: Hub, tmp_path: Path, scanner: canary.Scanner
) -> None:
    data = hub.settings.data_dir
    case, _ = await closed_case(hub)
    loot = steal(hub, case)
    assert len(loot.bodies) >= 2
    # The attack works while the case is there: its bodies open, and their pieces lie in the files.
    assert any(persons.ASTA.number.encode() in body for body in loot.open_with(every_key(data)))
    assert remains(data, loot)
    advance(hub, 93 * DAY)
    await hub.gallring.run()

    # While the hub still runs, with its log of commits beside the file.
    assert hub.reader.find_data_keys([case]) == {}
    assert loot.open_with(every_key(data)) == []
    assert remains(data, loot) == []
    assert scanner.find_below(data) == []

    # A backup made afterwards knows no more.
    backup.make(data, tmp_path / "copy", judging.NOON, keys_to=tmp_path / "keys")
    backup.restore(tmp_path / "copy", tmp_path / "again", keys_from=tmp_path / "keys")
    for folder in (tmp_path / "copy", tmp_path / "again"):
        assert remains(folder, loot) == []
        assert scanner.find_below(folder) == []
    assert loot.open_with(every_key(tmp_path / "again")) == []

    # And the log is whole, with the entries about the case in it.
    size = hub.reader.audit_size()
    await hub.close()
    assert loot.open_with(every_key(data)) == []
    assert remains(data, loot) == []
    assert await asyncio.to_thread(verify, data) >= size


async def test_the_case_of_a_protected_person_leaves_nothing_at_once(hub: Hub, scanner: canary.Scanner) -> None:
    case, _, consent = await office.refer(hub)
    loots = [steal(hub, lane) for lane in (case, consent_lane(consent))]
    await office.tell(hub, "plan.decided", "sd-farsta", case, handling={"protected_identity": "sekretessmarkering"})
    for loot in loots:
        assert loot.open_with(every_key(hub.settings.data_dir)) == []
        assert remains(hub.settings.data_dir, loot) == []
    assert scanner.find_below(hub.settings.data_dir) == []
    await hub.close()
    await asyncio.to_thread(verify, hub.settings.data_dir)


async def test_a_body_that_went_before_its_case_is_in_no_file_either(hub: Hub) -> None:
    case, delivery, _ = await office.refer(hub)
    await hub.acknowledge(delivery, "jt-sydost")
    loot = steal(hub, case)
    advance(hub, 8 * DAY)
    await hub.gallring.run()
    assert hub.reader.find_data_keys([case])  # the case goes on, and with it the key
    bodies = Loot(DataKey("", b"", ""), loot.bodies)
    assert remains(hub.settings.data_dir, bodies) == []


async def test_who_reads_just_then_puts_it_off_and_no_more(hub: Hub) -> None:
    case, _ = await closed_case(hub)
    loot = steal(hub, case)
    with sqlite3.connect(hub.settings.data_dir / "hub.sqlite3") as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM messages").fetchone()
        advance(hub, 93 * DAY)
        await hub.gallring.run()
        assert remains(hub.settings.data_dir, loot)
        assert loot.open_with(every_key(hub.settings.data_dir)) == []
    reading.close()
    await office.tell(hub, "consent.recorded", "sd-farsta", person=persons.BO)
    assert remains(hub.settings.data_dir, loot) == []


async def test_a_master_key_that_was_replaced_opens_nothing_more(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    old = KeyFile(hub.settings.data_dir / bootstrap.MASTER_KEY, create=False).load()[0]
    stolen = hub.reader.find_data_keys([case])[case]
    await hub.rotation.rotate("staff:operator")
    assert stolen.wrapped not in b"".join(
        path.read_bytes() for path in hub.settings.data_dir.rglob("*") if path.is_file()
    )
    with pytest.raises(bootstrap.VaultLocked):
        Vault(old).unwrap(hub.reader.find_data_keys([case])[case])
