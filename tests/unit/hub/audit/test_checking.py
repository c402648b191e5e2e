"""A single entry is held against what was signed, not against what the database says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.audit import checking, merkle
from hub.audit.checking import Standing
from hub.audit.notes import Kind, Signer
from hub.store.records import AuditQuery
from tests.support.small_log import SmallLog, tamper

SIZE = 300


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SmallLog]:
    async with SmallLog(tmp_path) as made:
        await made.grow_to(SIZE)
        yield made


def check(log: SmallLog, *indices: int) -> checking.Checked:
    reader = log.store.reader()
    rows = [row for index in indices for row in reader.list_audit(AuditQuery(after=index - 1, limit=1))]
    return checking.check(reader, rows, log.signer.verifier)


async def test_entries_under_the_checkpoint_hold_and_younger_ones_wait(log: SmallLog) -> None:
    await log.append(1)
    found = check(log, 0, 255, 256, SIZE - 1, SIZE)
    assert found.standings == {
        **dict.fromkeys((0, 255, 256, SIZE - 1), Standing.HOLDS),
        SIZE: Standing.NOT_YET,
    }
    assert (found.size, found.waiting, found.is_broken) == (SIZE, 1, False)


async def test_an_altered_entry_does_not_hold_nor_does_one_whose_leaf_was_made_to_fit(log: SmallLog) -> None:
    forged = b'{"action":"message_refused","seq":7}'
    tamper(log.folder, ("UPDATE audit SET entry = ? WHERE position = 7", (forged,)))
    assert check(log, 6, 7, 8).standings[7] is Standing.BROKEN
    # Entry and leaf agree now, as the page used to ask; the tree that was signed does not.
    tamper(log.folder, ("UPDATE audit SET leaf = ? WHERE position = 7", (merkle.leaf_hash(forged),)))
    found = check(log, 7, SIZE - 1)  # its neighbours' proofs lead over it, those of another tile do not
    assert found.standings == {7: Standing.BROKEN, SIZE - 1: Standing.HOLDS}
    assert found.is_broken


async def test_what_another_key_has_signed_holds_nothing(log: SmallLog) -> None:
    alien = Signer(log.signer.verifier.name, Kind.ED25519, b"another log key of the tests: 32")
    found = checking.check(log.store.reader(), log.store.reader().list_audit(AuditQuery(limit=2)), alien.verifier)
    assert set(found.standings.values()) == {Standing.BROKEN}
    assert found.size is None


async def test_without_a_checkpoint_nothing_holds_yet(tmp_path: Path) -> None:
    async with SmallLog(tmp_path / "new") as log:
        await log.append(2)
        assert check(log, 0, 1).standings == {0: Standing.NOT_YET, 1: Standing.NOT_YET}
