"""Rows 13 to 15: a disk that is full, calls to it that fail, and power that goes."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap
from tests.faults import traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support.field import Field, OpenCase
from tests.support.waiting import until

pytestmark = pytest.mark.faults

ON_DISK = {worlds.disk.VARIABLE: "disk"}
MEBIBYTE = 1 << 20


def assert_whole(hub: worlds.FaultyHub, folder: Path) -> None:
    """What is on the disk, looked at in a copy: opening it changes it."""
    copy = folder / "copy"
    copy.mkdir()
    for path in hub.data_dir.glob(bootstrap.DATABASE + "*"):
        shutil.copy(path, copy)
    database = sqlite3.connect(copy / bootstrap.DATABASE)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        database.close()
        shutil.rmtree(copy)


class SmallDisk:
    """A disk of 64 MiB, in memory. Mounting it takes a right that many containers do not have."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def fill(self, hub: worlds.FaultyHub, left: int) -> None:
        """All but so many bytes of it, which the hub goes on writing to."""
        for _ in range(100):
            with (self._place / "ballast").open("wb") as ballast, suppress(OSError):  # the hub was quicker
                os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(self._place).free - left)
                return
        raise AssertionError("the disk cannot be filled")

    def empty(self, hub: worlds.FaultyHub) -> None:
        (self._place / "ballast").unlink()


class ShortFiles:
    """The running hub can make no file longer than so many bytes, its log file included: the kernel refuses each write
    beyond (RLIMIT_FSIZE). That takes no right. The weakness: SQLite is told EFBIG, not ENOSPC, as row 14 tells it."""

    def fill(self, hub: worlds.FaultyHub, left: int) -> None:
        _, most = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (left, most))

    def empty(self, hub: worlds.FaultyHub) -> None:
        if hub.is_running:  # a limit ends with its process
            _, most = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.fixture(params=["by limit", "mounted"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk | ShortFiles]:
    """Where the first hub's files lie, with the room there in the test's hands."""
    if request.param == "by limit":
        yield ShortFiles()
        return
    place = tmp_path / "hub-0"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"by limit only, a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    yield SmallDisk(place)
    subprocess.run(["umount", "--lazy", place], check=True)


async def is_refused(case: OpenCase, version: int) -> bool:
    """Whether the hub says that it cannot take it now. A refusal for another reason has been written down, too."""
    party, event = traffic.plan_event(case, version, None)
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = await party.call("POST", "/v1/messages", json=event, headers=headers)
    assert answer.status in (202, 409, 503), answer.body
    return bool(answer.status == 503)


async def test_row_13_the_disk_is_full(
    room: SmallDisk | ShortFiles,
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    tmp_path: Path,
) -> None:
    """Senders are told so; what was begun leaves nothing half-written; with room again all goes on by itself."""
    hub = await asyncio.to_thread(start_faulty)
    cases = await traffic.open_cases(record, Field(opened, hub), 3)
    probe = cases.pop()
    async with traffic.load(record, cases):
        for number in range(1, runs(8, 64) + 1):
            await asyncio.to_thread(room.fill, hub, number * MEBIBYTE // 8)
            await until(partial(is_refused, probe, number), "a refusal")
            if number % 4 == 1:  # the process ends while there is no room
                await asyncio.to_thread(hub.kill)
                await asyncio.to_thread(assert_whole, hub, tmp_path)
            room.empty(hub)
            if not hub.is_running:
                await asyncio.to_thread(hub.start)
    await asyncio.to_thread(hub.kill)
    await asyncio.to_thread(assert_whole, hub, tmp_path)
    worlds.note_end(record, hub.data_dir, {})


async def test_row_14_the_nth_write_or_sync_fails(
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
    tmp_path: Path,
) -> None:
    """Each of the first calls from some moment on, once. At the end the power goes: what had a receipt is there."""
    hub = await asyncio.to_thread(lambda: start_faulty(**ON_DISK))
    cases = await traffic.open_cases(record, Field(opened, hub), 3)
    async with traffic.load(record, cases):
        for number in range(runs(50, 500)):
            hub.order(chance.choice(("EIO", "ENOSPC")), after=number)
            await until(lambda: not hub.disk_orders.exists(), "the failing call")
        await lose_power(hub, chance, record, tmp_path)
    worlds.note_end(record, hub.data_dir, {})


async def lose_power(hub: worlds.FaultyHub, chance: random.Random, record: History, folder: Path) -> None:
    """At a moment when the disk is written to; then the hub starts again."""
    hub.order("cut", after=chance.randrange(40), seed=chance.randrange(1 << 32))
    assert await asyncio.to_thread(hub.wait) == 137
    await asyncio.to_thread(assert_whole, hub, folder)
    await asyncio.to_thread(hub.start)
    await asyncio.to_thread(worlds.note_log, record, hub.data_dir, {})


async def test_row_15_the_power_goes(
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
    tmp_path: Path,
) -> None:
    """What was written and not synced is lost, torn or there."""
    hub = await asyncio.to_thread(lambda: start_faulty(**ON_DISK))
    cases = await traffic.open_cases(record, Field(opened, hub), 3)
    async with traffic.load(record, cases):
        for _ in range(runs(20, 500)):
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            await lose_power(hub, chance, record, tmp_path)
    worlds.note_end(record, hub.data_dir, {})
