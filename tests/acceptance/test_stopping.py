"""The end of a process, in order and out of order: nothing that was promised is lost, nothing is there twice."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable

import aiohttp
import pytest

from tests.support import traffic
from tests.support.field import Field
from tests.support.hub_process import HubProcess

SENDERS = ["sd-farsta", "sd-skarpnack", "sd-bromma", "sd-jarva"]
RECEIVERS = ["sd-kungsholmen", "sd-sodermalm", "sd-skarholmen", "sd-hasselby-vallingby"]
pytestmark = pytest.mark.slow  # processes are started and stopped in each

UNITS = [*SENDERS, *RECEIVERS, "sd-enskede-arsta-vantor", "jt-sydost", "jt-sydvast", "jt-vasterort", "jt-jarva"]


async def test_stopping_answers_what_is_under_way_and_loses_nothing(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub()
    field = Field(session, hub)
    case = await field.enrol()
    promises, stop = traffic.Promises(), asyncio.Event()
    waiting = [asyncio.create_task(field.party("rg-stockholm").inbox(wait=30)) for _ in range(8)]
    work = [
        asyncio.create_task(traffic.keep_telling(field.party(sender), receiver, promises, stop))
        for sender, receiver in zip(SENDERS * 2, RECEIVERS * 2, strict=True)
    ]
    work.append(asyncio.create_task(traffic.keep_planning(case, promises, stop)))
    while len(promises.receipts) < 150:
        await asyncio.wait(work, timeout=0.01, return_when=asyncio.FIRST_EXCEPTION)
    began = time.monotonic()
    hub.signal(signal.SIGTERM)
    await asyncio.gather(*work)
    # Who waited for something is told that there is nothing, long before the thirty seconds are over.
    assert await asyncio.gather(*waiting) == [[]] * 8
    code = await asyncio.to_thread(hub.wait)
    assert code == 0
    assert time.monotonic() - began < 10
    assert set(promises.statuses) <= {200, 202, 503}

    hub.start()
    assert await traffic.find_faults(field, UNITS, promises) == []
    version = (await case.stadsdel.call("GET", f"/v1/cases/{case.case_id}")).json["plans"][case.plan_id]["latest"]
    assert version >= 1


async def test_stopping_twice_and_starting_again_is_quiet(start_hub: Callable[..., HubProcess]) -> None:
    hub = start_hub()
    for _ in range(2):
        assert await asyncio.to_thread(hub.stop) == 0
        hub.start()
    assert hub.errors.read_bytes() == b""
    assert b'"level":"error"' not in hub.output.read_bytes()


async def test_a_second_hub_on_the_same_directory_does_not_start(
    start_hub: Callable[..., HubProcess],
) -> None:
    hub = start_hub()
    second = HubProcess(hub.folder)
    with pytest.raises(AssertionError):
        second.start()
    assert second.wait() != 0
    assert hub.is_running


async def test_killed_twenty_times_under_load_and_nothing_promised_is_lost(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub()
    field = Field(session, hub)
    cases = [await field.enrol() for _ in range(3)]
    promises = traffic.Promises()
    chance = random.Random(20)
    for round_number in range(20):
        stop = asyncio.Event()
        work = [
            asyncio.create_task(traffic.keep_telling(field.party(sender), receiver, promises, stop))
            for sender, receiver in zip(SENDERS * 2, RECEIVERS * 2, strict=True)
        ]
        for case in cases:
            plans = (await case.stadsdel.call("GET", f"/v1/cases/{case.case_id}")).json["plans"]
            known = plans.get(case.plan_id, {"latest": 0, "in_force": None})
            if known["latest"] and known["in_force"] != known["latest"]:
                assert (await case.decide(known["latest"])).status == 202  # the kill fell between the two
            work.append(asyncio.create_task(traffic.keep_planning(case, promises, stop, known["latest"] + 1)))
        enough = len(promises.receipts) + chance.randrange(5, 120)
        while len(promises.receipts) < enough:
            await asyncio.wait(work, timeout=0.002, return_when=asyncio.FIRST_EXCEPTION)
        await asyncio.to_thread(hub.kill)
        await asyncio.gather(*work)
        await asyncio.to_thread(hub.start)
        assert promises.statuses.keys() <= {202}, round_number
    assert promises.cut >= 20  # calls were cut in the middle, or nothing has been tried here
    assert await traffic.find_faults(field, UNITS, promises) == []
