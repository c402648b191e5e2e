"""A hub that is killed between the tiles and the checkpoint: the older checkpoint still verifies, and the next goes on.

The process is ended as `kill -9` ends it, at each step of taking entries in and signing over them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.audit import merkle, tiles, verifying
from hub.audit.checkpoints import Checkpoint
from hub.audit.sources import StoreSource
from tests.support.small_log import SmallLog

ROOT = Path(__file__).resolve().parents[4]
FIRST, MORE = 300, 400
KILLED = 137
# Name -> the method that is never left, and whether it is carried out before.
STEPS = {
    "when the tiles are reckoned": ("hub.commit_group.CommitGroup.submit", False),
    "in the commit of tiles and checkpoint": ("hub.store.sqlite.SqliteStore.commit", False),
    "after that commit": ("hub.commit_group.CommitGroup.submit", True),
    "before the anchor is written": ("hub.audit.anchor.Anchor.write", False),
    "after the anchor": ("hub.audit.anchor.Anchor.write", True),
}


def be_killed(folder: Path, step: str) -> None:
    """In a process of its own: a log that grows, and an end in the middle of signing it."""
    name, carried_out = STEPS[step]
    module, kind, method = name.rsplit(".", 2)
    __import__(module)
    owner = getattr(sys.modules[module], kind)
    real = getattr(owner, method)

    def end() -> None:
        os._exit(KILLED)  # nothing is flushed, closed or undone

    async def ended(*words: object) -> None:
        if carried_out:
            await real(*words)
        end()

    def ended_at_once(*words: object) -> None:
        if carried_out:
            real(*words)
        end()

    async def grow() -> None:
        async with SmallLog(folder) as log:
            await log.append(MORE)
            setattr(owner, method, ended if asyncio.iscoroutinefunction(real) else ended_at_once)
            await log.integrator.step()

    asyncio.run(grow())


async def verified(log: SmallLog, *saved: Checkpoint) -> int:
    found = await verifying.verify(StoreSource(log.store.reader()), [log.signer.verifier], saved=saved)
    assert found.entries == found.checkpoint.size
    return found.checkpoint.size


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_the_older_checkpoint_holds_and_the_log_goes_on(tmp_path: Path, step: str) -> None:
    async with SmallLog(tmp_path) as log:
        older = await log.grow_to(FIRST)
    words = [sys.executable, "-c", f"from {__name__} import *; be_killed(Path({str(tmp_path)!r}), {step!r})"]
    ended = await asyncio.to_thread(
        subprocess.run, words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == KILLED, ended.stderr
    async with SmallLog(tmp_path) as log:  # its start refuses a log that is not what was signed
        # What is served now verifies whole, and what was saved before is its beginning.
        assert await verified(log, older) in (FIRST, FIRST + MORE)
        proof = merkle.inclusion_proof(FIRST - 1, FIRST, tiles.reader_of(log.store.reader().list_log_hashes))
        leaf = log.store.reader().list_log_hashes(0, FIRST - 1, FIRST)[0]
        merkle.verify_inclusion(FIRST - 1, FIRST, leaf, proof, older.root)
        while await log.integrator.step():
            pass
        assert await verified(log, older) == FIRST + MORE
