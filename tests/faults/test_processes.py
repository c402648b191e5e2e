"""Rows 1 and 2: the hub dies at any moment, and at each step where a death could hurt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import aiohttp
import pytest

from tests.faults import crashes, traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support.field import Field

pytestmark = pytest.mark.faults


async def test_row_1_killed_at_any_moment_under_load(
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
) -> None:
    hub = await asyncio.to_thread(start_faulty)
    cases = await traffic.open_cases(record, Field(opened, hub), 3)
    async with traffic.load(record, cases):
        for _ in range(runs(40, 1000)):
            await asyncio.sleep(chance.uniform(0.05, 0.8))
            await asyncio.to_thread(hub.kill)
            await asyncio.to_thread(worlds.note_log, record, hub.data_dir, {})
            await asyncio.to_thread(hub.start)
    worlds.note_end(record, hub.data_dir, {})


@pytest.mark.parametrize(
    ("step", "after"),
    [
        ("before_the_commit", 20),
        ("after_the_commit", 20),
        ("before_an_acknowledgement", 20),
        ("between_tile_and_checkpoint", 3),
        ("between_checkpoint_and_anchor", 3),
    ],
)
async def test_row_2_killed_at_each_step(
    step: str,
    after: int,
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
) -> None:
    """Also between the tree and its checkpoint: the one that was served before is a prefix of what comes after."""
    assert step in crashes.STEPS
    hub = await asyncio.to_thread(start_faulty)
    cases = await traffic.open_cases(record, Field(opened, hub), 2)
    async with traffic.load(record, cases):
        for _ in range(runs(1, 20)):
            await asyncio.to_thread(worlds.note_log, record, hub.data_dir, {})
            await asyncio.to_thread(hub.kill)
            hub.arm(step, after=after)
            await asyncio.to_thread(hub.start)
            assert await asyncio.to_thread(hub.wait) == 137
            worlds.note_anchor(record, hub.data_dir)
            hub.arm(None)
            await asyncio.to_thread(hub.start)
    worlds.note_end(record, hub.data_dir, {})


def test_a_plan_has_versions_for_a_whole_night() -> None:
    assert sum(map(traffic.pause_before, range(1, 999))) > 3 * 3600
