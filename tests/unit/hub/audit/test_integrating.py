"""The tree grows with the log, and never signs two that contradict each other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.audit import merkle, notes
from hub.audit.anchor import LogBroken
from hub.audit.checkpoints import Checkpoint
from hub.audit.notes import Kind, Signer
from hub.store.port import StoreUnavailable
from hub.store.records import Changes
from tests.contract import stored
from tests.support import small_log
from tests.support.small_log import SmallLog


def root_of(size: int) -> bytes:
    frontier = merkle.Frontier()
    for index in range(size):
        list(frontier.append(merkle.leaf_hash(small_log.entry(index))))
    return frontier.root()


def assert_broken(folder: Path, why: str) -> None:
    log = SmallLog(folder)
    with pytest.raises(LogBroken, match=why):
        log.integrator.check()
    log.store.close()


async def test_signs_what_is_there(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        for size in (1, 2, 255, 256, 257, 700):
            checkpoint = await log.grow_to(size)
            assert checkpoint == Checkpoint("hub.example/log", size, root_of(size))
            assert notes.open_note(log.note(), [log.signer.verifier])


async def test_signs_nothing_where_nothing_is_new(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(3)
        before = log.note()
        assert await log.integrator.step() is False
        assert log.note() == before


async def test_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(300)
    async with SmallLog(tmp_path) as log:
        assert log.integrator.size == 300
        assert (await log.grow_to(777)).root == root_of(777)


async def test_takes_a_long_log_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.audit.integrating.MOST", 100)
    monkeypatch.setattr("hub.audit.integrating.SLICE", 7)
    async with SmallLog(tmp_path) as log:
        await log.append(1000)
        assert await log.integrator.step() is True
        assert log.checkpoint().size == 100
        assert (await log.grow_to(1000)).root == root_of(1000)


async def test_of_two_that_try_at_once_one_is_kept_and_the_other_goes_on_from_it(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(10)
        other = log.new_integrator()
        other.check()
        await log.grow_to(20)
        await log.append(5)
        assert await other.step() is True
        assert other.size == 20
        await other.step()
        assert (log.checkpoint().size, log.checkpoint().root) == (25, root_of(25))


async def test_a_commit_that_fails_leaves_the_older_checkpoint_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(5)
        before = log.note()
        await log.append(300)

        async def fail(group: object) -> None:
            log.store.roll_back(group)  # type: ignore[arg-type]
            raise StoreUnavailable("full")

        with monkeypatch.context() as patch:
            patch.setattr(log.store, "commit", fail)
            with pytest.raises(StoreUnavailable):
                await log.integrator.step()
        assert log.note() == before
        assert log.store.reader().list_log_hashes(1, 0, 9) == []
        assert (await log.grow_to(305)).root == root_of(305)


async def test_the_anchor_follows_the_checkpoint(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        for size in (4, 9):
            assert await log.grow_to(size) == log.anchor.read(log.signer.verifier)


async def test_a_crash_before_the_anchor_is_written_is_no_attack(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(4)
        note = log.note()
        await log.grow_to(9)
        log.anchor.write(note)
    async with SmallLog(tmp_path) as log:
        assert log.integrator.size == 9


@pytest.mark.parametrize("size", [3, 256, 300])
async def test_does_not_start_on_an_entry_that_was_rewritten(tmp_path: Path, size: int) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(size)
    forged = small_log.row(2, b'{"action":"nothing"}')
    small_log.tamper(
        tmp_path,
        ("UPDATE audit SET leaf = ? WHERE position = ?", (forged.leaf, size - 1)),
        ("UPDATE log_nodes SET hash = ?", (bytes(32),)),
    )
    assert_broken(tmp_path, "not those that were signed")


async def test_does_not_start_where_the_end_was_cut_off(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(10)
    small_log.tamper(tmp_path, ("DELETE FROM audit WHERE position > ?", (6,)))
    assert_broken(tmp_path, "missing")


async def test_does_not_start_on_an_older_database(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(5)
    backup = (tmp_path / "hub.sqlite3").read_bytes()
    async with SmallLog(tmp_path) as log:
        await log.grow_to(9)
    (tmp_path / "hub.sqlite3").write_bytes(backup)
    assert_broken(tmp_path, "ends at 5 entries, but 9 were signed")


async def test_does_not_start_on_another_log_of_the_same_size(tmp_path: Path) -> None:
    async with SmallLog(tmp_path / "one") as log:
        await log.grow_to(5)
        note = log.note()
    async with SmallLog(tmp_path / "other") as other:
        await other.append(4)
        await other.append(1, shown=b"{}")
        await other.integrator.step()
        other.anchor.write(note)
    assert_broken(tmp_path / "other", "not those that were signed")


async def test_does_not_start_with_another_key(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(5)
    log = SmallLog(tmp_path, Signer("hub.example/log", Kind.ED25519, b"2" * 32))
    with pytest.raises(LogBroken, match="log key"):
        log.integrator.check()
    log.store.close()


async def test_stops_signing_where_entries_are_missing(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(2)
        await stored.keep(log.store, Changes(audit=[small_log.row(2), small_log.row(4)]))
        await log.integrator.try_step()
        assert log.integrator.fault is not None
        assert log.checkpoint().size == 2


async def test_the_age_of_the_checkpoint_counts_from_the_last_time_that_all_was_covered(tmp_path: Path) -> None:
    async with SmallLog(tmp_path) as log:
        await log.grow_to(2)
        start = log.clock.now()
        log.clock.advance(timedelta(hours=5))
        assert log.integrator.age_at(log.clock.now()) == log.clock.now() - start
        await log.integrator.step()
        assert not log.integrator.age_at(log.clock.now())


def test_a_node_is_over_full_tiles_only() -> None:
    frontier, kept = merkle.Frontier(), []
    for index in range(70_000):
        kept += [(height, at) for height, at, _ in frontier.append(bytes([index % 256]) * 32) if height % 8 == 0]
    assert [at for height, at in kept if height == 8] == list(range(273))
    assert [(height, at) for height, at in kept if height > 8] == [(16, 0)]
