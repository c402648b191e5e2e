"""Keys where several processes share a database: what one destroys is in nobody's memory, what one rotates all open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub import bootstrap, clock, settings
from hub.delivery.reading import Gone, Opened
from hub.ledger import consent_lane
from hub.service import Hub
from tests.support import events, judging, office
from tests.support.waiting import until

JOBBTORG = "jt-sydost"


@pytest.fixture
async def hubs(tmp_path: Path, database_url: str) -> AsyncIterator[list[Hub]]:
    """Three over one database, living by one clock."""
    environ = {"SAMVERKAN_DATABASE_URL": database_url}
    given = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True}, environ, None)
    await bootstrap.prepare(given)
    time = clock.FixedClock(judging.NOON)
    hubs = [
        bootstrap.build_hub(
            given, clock=time, registry=events.catalogue(), directory=judging.directory(), rulebook=judging.rules()
        )
        for _ in range(3)
    ]
    for hub in hubs:
        await hub.open()
    yield hubs
    for hub in hubs:
        await hub.close()


async def test_a_key_that_one_destroys_leaves_the_memory_of_all(hubs: list[Hub]) -> None:
    one, *others = hubs
    case, delivery, consent = await office.refer(one)
    content = {"decision": "returned", "return_reason": "incomplete", "appointment": None}
    await office.accepted(others[0], "referral.answered", JOBBTORG, case, content=content)
    for hub in others:
        assert isinstance(await hub.read(delivery, JOBBTORG), Opened)
        assert hub.vault.remembers(case)
        assert hub.vault.remembers(consent_lane(consent))
    for unit in (JOBBTORG, "sd-farsta"):
        for claim in await one.list_inbox(unit, limit=100):
            await one.acknowledge(claim.delivery_id, unit)
    time = one.clock
    assert isinstance(time, clock.FixedClock)
    time.advance(timedelta(days=93))
    await one.gallring.run()
    assert one.reader.find_data_keys([case]) == {}
    for hub in hubs:
        await until(lambda hub=hub: not hub.vault.remembers(case), f"the key to go from {hubs.index(hub)}")
        assert isinstance(await hub.read(delivery, JOBBTORG), Gone)
        assert not hub.vault.remembers(case)


async def test_the_key_is_rotated_three_times_under_load_and_nobody_fails_to_read(hubs: list[Hub]) -> None:
    """New cases get their keys in all of them meanwhile, each in turn rotates, and old copies are read everywhere."""
    one, *_ = hubs
    _, delivery, _ = await office.refer(one)
    done = asyncio.Event()

    async def keep_reading(hub: Hub) -> int:
        reads = 0
        while not done.is_set():
            assert isinstance(await hub.read(delivery, JOBBTORG), Opened)
            hub.vault.forget_all()  # so that each read asks for the master key
            reads += 1
        return reads

    async def keep_recording(hub: Hub) -> int:
        """Each consent has a key of its own."""
        many = 0
        while not done.is_set():
            await office.accepted(hub, "consent.recorded", "sd-farsta", content=None)
            many += 1
        return many

    work = [asyncio.create_task(each(hub)) for hub in hubs for each in (keep_reading, keep_recording)]
    before = one.vault.kek_id
    for hub in hubs:
        assert (await hub.rotation.rotate()).keys > 0
    done.set()
    assert min(await asyncio.gather(*work)) > 0
    [after] = {key.kek_id for key in one.reader.list_data_keys(after="", limit=10_000)}
    assert after != before
    assert len((one.settings.data_dir / bootstrap.MASTER_KEY).read_text().splitlines()) == 1
    for hub in hubs:
        hub.vault.forget_all()
        assert isinstance(await hub.read(delivery, JOBBTORG), Opened)
        assert hub.vault.kek_id == after
