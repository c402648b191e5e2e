"""Row 18: a consent is withdrawn at one hub while copies that rest on it are accepted, waiting and read at others."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime

import aiohttp
import pytest

from tests.faults import traffic
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support import events
from tests.support.field import Field, OpenCase
from tests.support.hub_cluster import HubCluster
from tests.support.party import Party

pytestmark = pytest.mark.faults

# Between one round of reading and the next, so that those who write get at the processors, too.
BREATH = 0.005


async def plan(record: History, case: OpenCase, versions: range) -> list[str]:
    """Proposals and their approval; the stadsdel's copies. Until the hub takes none after the withdrawal."""
    copies: list[str] = []
    for version in versions:
        for decision in (None, "approved"):
            answer = await traffic.send(record, *traffic.plan_event(case, version, decision))
            assert answer.status in (202, 403), answer.body
            if answer.status == 403:
                return copies
            copies += [row["delivery"] for row in answer.json["recipients"] if row["unit"] == case.stadsdel.unit]
    return copies


async def keep_reading(record: History, party: Party, case: OpenCase, copies: list[str], stop: asyncio.Event) -> None:
    while not stop.is_set():
        for delivery in copies:
            began = round(time.monotonic(), 4)
            answer = await traffic.call(party, "GET", f"/v1/inbox/{delivery}")
            assert answer.status in (200, 410), answer.body
            if answer.status == 200:
                record.note("read", delivery=delivery, unit=party.unit, lane=case.case_id, began=began)
        await asyncio.sleep(BREATH)


async def withdraw(record: History, case: OpenCase) -> None:
    body = events.withdrawal(case.consent_id, at=datetime.now(UTC), person=case.person)
    answer = await traffic.send(record, case.stadsdel, case.stadsdel.event("consent.withdrawn", body))
    assert answer.status in (200, 202), answer.body
    record.note("withdrawn", lane=case.case_id)


async def test_row_18_a_consent_is_withdrawn_at_one_hub_while_others_read(
    cluster: HubCluster, opened: aiohttp.ClientSession, record: History, chance: random.Random
) -> None:
    field = Field(opened, cluster)  # type: ignore[arg-type]
    for _ in range(runs(20, 200)):
        [case] = await traffic.open_cases(record, field, 1)
        copies, stop = await plan(record, case, range(1, 4)), asyncio.Event()
        readers = [
            asyncio.create_task(keep_reading(record, Party(opened, hub, case.stadsdel.unit), case, copies, stop))
            for hub in cluster.hubs
        ]
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        await asyncio.gather(withdraw(record, case), plan(record, case, range(4, 7)))
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        stop.set()
        await asyncio.gather(*readers)
        for hub in cluster.hubs:  # what nobody has opened yet is not given out by anybody
            for delivery in copies:
                assert (await Party(opened, hub, case.stadsdel.unit).read(delivery)).status == 410
        for party in (case.stadsdel, case.jobbtorg):
            await take_everything(record, party, case)


async def take_everything(record: History, party: Party, case: OpenCase) -> None:
    """Also what the withdrawal has called back, which no inbox lists any more."""
    of_the_case = (await traffic.call(party, "GET", f"/v1/inbox?case={case.case_id}&after=0&limit=500")).json["items"]
    waiting = (await traffic.call(party, "GET", "/v1/inbox?limit=500")).json["items"]
    for item in [*of_the_case, *(item for item in waiting if item["subject"] != case.case_id)]:
        if not record.has_taken(party.unit, item["delivery"]):
            await traffic.take(record, party, item)
