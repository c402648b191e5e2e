"""What a verifier finds, whoever has altered the log, with or without its key; and what a stranger's verifier says."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tlog_scales import backend, reader, signing

from hub.audit import merkle, notes, tiles, verifying
from hub.audit.checkpoints import Checkpoint
from hub.audit.sources import FolderSource, StoreSource
from hub.audit.verifying import VerificationFailed, Verified
from tests.support import small_log
from tests.support.small_log import SIGNER, SmallLog

SIZES = [1, 2, 255, 256, 257]
LARGE = [65_535, 65_536, 65_537, 70_000]
FLIPS = 300


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SmallLog]:
    async with SmallLog(tmp_path / "hub") as log:
        yield log


async def verify(folder: Path, *saved: Checkpoint, **how: Any) -> Verified:
    return await verifying.verify(FolderSource(folder), [SIGNER.verifier], saved=saved, **how)


async def fault_of(folder: Path, *saved: Checkpoint, **how: Any) -> str:
    with pytest.raises(VerificationFailed) as failed:
        await verify(folder, *saved, **how)
    return str(failed.value)


def write_log(folder: Path, entries: list[bytes], signer: notes.Signer = SIGNER) -> Checkpoint:
    """A whole log of these entries, signed: what somebody with the key can make."""
    frontier, levels = merkle.Frontier(), {0: [merkle.leaf_hash(entry) for entry in entries]}
    for leaf in levels[0]:
        for height, _, hash_ in frontier.append(leaf):
            if height % 8 == 0:
                levels.setdefault(height // 8, []).append(hash_)
    for name in tiles.tiles_of(len(entries)):
        part = slice(name.first, name.first + name.width)
        path = folder / name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiles.pack(entries[part]) if name.level is None else b"".join(levels[name.level][part]))
    checkpoint = Checkpoint(signer.verifier.name, len(entries), frontier.root())
    (folder / "checkpoint").write_text(notes.join(checkpoint.text, [signer.sign(checkpoint.text)]))
    return checkpoint


# -- what is right -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_verifies_a_log_of_any_size(log: SmallLog, tmp_path: Path, size: int) -> None:
    await log.grow_to(size)
    found = await verify(log.export(tmp_path / "files"))
    assert (found.checkpoint, found.entries) == (log.checkpoint(), size)
    assert found.tiles == len(list(tiles.tiles_of(size)))
    assert await verifying.verify(StoreSource(log.store.reader()), [SIGNER.verifier])


async def test_verifies_an_empty_log(tmp_path: Path) -> None:
    checkpoint = write_log(tmp_path, [])
    assert checkpoint.root == merkle.EMPTY_ROOT
    assert (await verify(tmp_path)).tiles == 0


async def test_every_saved_checkpoint_is_the_beginning_of_every_later_log(log: SmallLog, tmp_path: Path) -> None:
    saved: list[Checkpoint] = []
    for size in (1, 2, 3, 4, 7, 8, 100, 255, 256, 257, 511, 512, 600):
        saved.append(await log.grow_to(size))
        found = await verify(log.export(tmp_path / "files"), *saved)
        assert found.older == tuple(older.size for older in saved)
    look_up = tiles.reader_of(log.store.reader().list_log_hashes)
    for at, first in enumerate(saved):
        for second in saved[at + 1 :]:
            proof = merkle.consistency_proof(first.size, second.size, look_up)
            merkle.verify_consistency(first.size, second.size, proof, first.root, second.root)


async def test_an_export_goes_on_where_the_last_one_ended(log: SmallLog, tmp_path: Path) -> None:
    await log.grow_to(300)
    log.export(tmp_path / "files")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "files").rglob("*") if path.name != "checkpoint"}
    await log.grow_to(700)
    log.export(tmp_path / "files")
    kept = {path: path.stat().st_mtime_ns for path in before if path.is_file()}
    assert kept.items() <= before.items()
    await verify(tmp_path / "files")


async def test_an_export_that_breaks_off_leaves_the_older_log_whole(
    log: SmallLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = await log.grow_to(300)
    files = log.export(tmp_path / "files")
    await log.grow_to(900)
    written = 0

    def write_some(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > 4:
            raise KeyboardInterrupt  # as near to kill -9 as a test in one process comes
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr("hub.audit.sources.write_durably", write_some)
        with pytest.raises(KeyboardInterrupt):
            log.export(files)
    assert (await verify(files)).checkpoint == older
    log.export(files)
    assert (await verify(files, older)).checkpoint.size == 900


async def test_without_entries_the_tiles_are_checked(log: SmallLog, tmp_path: Path) -> None:
    await log.grow_to(300)
    files = log.export(tmp_path / "files")
    shutil.rmtree(files / "tile" / "entries")
    assert (await verify(files, with_entries=False)).entries == 0
    assert "missing" in await fault_of(files)


async def test_takes_a_full_tile_in_the_place_of_a_partial_one(log: SmallLog, tmp_path: Path) -> None:
    await log.grow_to(200)
    files = log.export(tmp_path / "files")
    note = (files / "checkpoint").read_bytes()
    await log.grow_to(256)
    log.export(files)
    shutil.rmtree(files / "tile" / "0" / "000.p")
    shutil.rmtree(files / "tile" / "entries" / "000.p")
    (files / "checkpoint").write_bytes(note)
    assert (await verify(files)).checkpoint.size == 200


async def test_counts_how_often_the_clock_was_put_back(tmp_path: Path) -> None:
    hours = [1, 2, 1, 3, 0]
    write_log(tmp_path, [b'{"seq":%d,"t":"2026-03-02T0%d:00:00.000Z"}' % pair for pair in enumerate(hours)])
    assert (await verify(tmp_path)).clock_steps == 2


# -- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_finds_every_one_of_300_flipped_bits(log: SmallLog, tmp_path: Path) -> None:
    older = await log.grow_to(400)
    await log.grow_to(700)
    files = log.export(tmp_path / "files")
    needed = [files / name.path for name in tiles.tiles_of(700)] + [files / "checkpoint"]
    chance = random.Random(20260302)
    found = 0
    for _ in range(FLIPS):
        path = chance.choice(needed)
        whole = path.read_bytes()
        small_log.flip(path, chance)
        assert path.read_bytes() != whole
        await fault_of(files, older)
        path.write_bytes(whole)
        found += 1
    assert found == FLIPS
    await verify(files, older)


@pytest.mark.parametrize("index", [0, 255, 256, 299])
async def test_names_the_first_entry_that_is_bad(log: SmallLog, tmp_path: Path, index: int) -> None:
    await log.grow_to(300)
    files = log.export(tmp_path / "files")
    for bad in range(index, 300, 17):
        name = tiles.TileName(None, bad // 256, 256 if bad < 256 else 44)
        path = files / name.path
        entries = tiles.unpack(path.read_bytes())
        entries[bad % 256] = entries[bad % 256].replace(b"accepted", b"rejected")
        path.write_bytes(tiles.pack(entries))
    assert f"Entry {index} is the first" in await fault_of(files)


@pytest.mark.parametrize("size", [1, 5, 300])
async def test_finds_a_log_that_fits_itself_and_not_what_was_signed(tmp_path: Path, size: int) -> None:
    entries = [small_log.entry(index) for index in range(size)]
    write_log(tmp_path, entries)
    signed = (tmp_path / "checkpoint").read_bytes()
    write_log(tmp_path, [*entries[:-1], entries[-1].replace(b"accepted", b"refused")])
    (tmp_path / "checkpoint").write_bytes(signed)
    assert "is not the one that was signed" in await fault_of(tmp_path)
    assert "is not the one that was signed" in await fault_of(tmp_path, with_entries=False)


async def test_finds_an_entry_and_its_leaf_rewritten_together(log: SmallLog, tmp_path: Path) -> None:
    await log.grow_to(300)
    files = log.export(tmp_path / "files")
    bundle, tile = files / "tile/entries/000", files / "tile/0/000"
    entries = tiles.unpack(bundle.read_bytes())
    entries[7] = b"{}"
    bundle.write_bytes(tiles.pack(entries))
    tile.write_bytes(b"".join(map(merkle.leaf_hash, entries)))
    assert "Entries 0 to 255 do not lead to tile/1/000.p/1" in await fault_of(files)


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"])
async def test_finds_what_is_missing(log: SmallLog, tmp_path: Path, path: str) -> None:
    await log.grow_to(300)
    files = log.export(tmp_path / "files")
    (files / path).unlink()
    assert ("no checkpoint" if path == "checkpoint" else f"{path} is missing") in await fault_of(files)


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])
@pytest.mark.parametrize("change", [lambda content: content + b"\0\0", lambda content: content[:-1], lambda _: b""])
async def test_finds_what_is_longer_or_shorter(log: SmallLog, tmp_path: Path, path: str, change: Any) -> None:
    await log.grow_to(300)
    files = log.export(tmp_path / "files")
    (files / path).write_bytes(change((files / path).read_bytes()))
    await fault_of(files)


async def test_an_entry_that_says_another_number_is_found_though_the_tree_is_whole(tmp_path: Path) -> None:
    write_log(tmp_path, [small_log.entry(index) for index in (0, 1, 3)])
    assert "Entry 2 says that it is number 3" in await fault_of(tmp_path)


async def test_a_checkpoint_of_another_key_or_another_log_is_refused(tmp_path: Path) -> None:
    stranger = notes.Signer("hub.example/log", notes.Kind.ED25519, b"3" * 32)
    write_log(tmp_path, [b"{}"], stranger)
    assert "cannot be relied on" in await fault_of(tmp_path)
    checkpoint = Checkpoint("another.example/log", 1, merkle.leaf_hash(b"{}"))
    (tmp_path / "checkpoint").write_text(notes.join(checkpoint.text, [SIGNER.sign(checkpoint.text)]))
    assert "not signed by the key of the log" in await fault_of(tmp_path)


# -- row 20 of the fault matrix: the attacker has the key -------------------------------------------------------------

ENTRIES = [small_log.entry(index) for index in range(300)]


def rewritten(index: int) -> list[bytes]:
    return [*ENTRIES[:index], ENTRIES[index].replace(b"accepted", b"refused"), *ENTRIES[index + 1 :]]


ATTACKS: dict[str, list[bytes]] = {
    "the end is cut off": ENTRIES[:250],
    "one entry is cut off": ENTRIES[:299],
    "the first entry is rewritten and all is reckoned anew": rewritten(0),
    "an entry in a full tile is rewritten and all is reckoned anew": rewritten(123),
    "the last entry is rewritten": rewritten(299),
    "a second log of the same size": [*ENTRIES[:298], ENTRIES[299], ENTRIES[298]],
    "yesterday's backup with other entries since": [*ENTRIES[:200], *(b'{"seq":%d}' % at for at in range(200, 320))],
    "an entry is left out and the log goes on": [*ENTRIES[:50], *ENTRIES[51:], small_log.entry(299), b'{"seq":300}'],
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_with_the_key_shows_against_a_checkpoint_that_was_saved(tmp_path: Path, attack: str) -> None:
    saved = write_log(tmp_path / "before", ENTRIES)
    await verify(tmp_path / "before", saved)
    write_log(tmp_path / "after", ATTACKS[attack])
    fault = await fault_of(tmp_path / "after", saved)
    assert any(word in fault for word in ("cut off", "forked", "not those of the checkpoint", "says that it is number"))


# -- a verifier that nobody here wrote ---------------------------------------------------------------------------------


def ask_the_stranger(files: Path, size: int, chance: random.Random) -> None:
    """tlog-scales: the signature, the root from the tiles, proofs of inclusion for entries, proofs of consistency."""
    log = reader.TilesReader(backend.LocalBackend(files))
    checkpoint = log.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(SIGNER.verifier.vkey))
    assert (checkpoint.origin, checkpoint.size) == ("hub.example/log", size)
    assert log.calculate_root_hash() == checkpoint.root_hash
    for index in {0, size - 1, *(chance.randrange(size) for _ in range(20))} if size else ():
        entry = log.get_entry(index)
        assert entry == small_log.entry(index)
        log.get_inclusion_proof(index, size).check(merkle.leaf_hash(entry), checkpoint.root_hash)
    for older in {1, size // 2, size - 1} - {0, -1, size} if size > 1 else ():
        log.get_consistency_proof(older, size).check(log.mth(0, older), checkpoint.root_hash)


async def test_a_foreign_verifier_accepts_an_empty_log(tmp_path: Path) -> None:
    """As far as there is anything to accept: tlog-scales has the root of nothing, and no proof of anything in it."""
    write_log(tmp_path, [])
    ask_the_stranger(tmp_path, 0, random.Random(0))


@pytest.mark.parametrize("size", SIZES)
async def test_a_foreign_verifier_accepts_the_log(log: SmallLog, tmp_path: Path, size: int) -> None:
    await log.grow_to(size)
    ask_the_stranger(log.export(tmp_path / "files"), size, random.Random(size))


@pytest.mark.slow
async def test_a_foreign_verifier_accepts_a_large_log_as_it_grows(
    log: SmallLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.audit.sources.write_durably", lambda path, content: path.write_bytes(content))
    saved: list[Checkpoint] = []
    for size in LARGE:
        saved.append(await log.grow_to(size))
        files = log.export(tmp_path / "files")
        ask_the_stranger(files, size, random.Random(size))
        assert (await verify(files, *saved)).entries == size
    names = {name.path for name in tiles.tiles_of(70_000)}
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= names
