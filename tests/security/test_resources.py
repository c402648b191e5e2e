"""Callers who want to take all there is: memory, connections, time (S12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.support import raw_http
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import STRUCTURED
from tests.support.raw_http import request

GROWTH_MIB = 100.0
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


@pytest.fixture
def hub(start_hub: Callable[..., HubProcess]) -> HubProcess:
    return start_hub(environ={"SAMVERKAN_BODY_TIMEOUT_SECONDS": "5"})


def memory_mib(hub: HubProcess) -> float:
    assert hub._process is not None
    lines = Path(f"/proc/{hub._process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def slowest_of_others(field: Field, count: int = 100) -> float:
    """The time within which 99 of a hundred calls of somebody else are answered."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        assert (await field.get("/livez")).status == 200
        taken.append(time.perf_counter() - began)
    return sorted(taken)[int(0.99 * count) - 1]


@pytest.mark.slow
async def test_five_hundred_who_send_a_header_byte_by_byte_do_not_hold_up_others(
    hub: HubProcess, session: aiohttp.ClientSession
) -> None:
    before = memory_mib(hub)
    slow = await asyncio.gather(*(raw_http.connect(hub.url) for _ in range(500)))
    for number in range(10):
        for _, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\nX" if number == 0 else b"x")
        await asyncio.gather(*(writer.drain() for _, writer in slow))
    assert await slowest_of_others(Field(session, hub)) < 1.0
    assert memory_mib(hub) - before < GROWTH_MIB
    await asyncio.gather(*(raw_http.close(writer) for _, writer in slow))


@pytest.mark.slow
async def test_a_body_without_end_is_cut_off(hub: HubProcess, session: aiohttp.ClientSession) -> None:
    """Ten gigabytes are promised by chunks; the hub hears out one mebibyte and a little."""
    before = memory_mib(hub)
    token = hub.token("sd-farsta")
    head = request(
        "POST",
        "/v1/messages",
        f"Authorization: Bearer {token}",
        f"Content-Type: {STRUCTURED}",
        "Transfer-Encoding: chunked",
    )
    reader, writer = await raw_http.connect(hub.url)
    writer.write(head)
    sent = 0
    try:
        while sent < 10 * 2**30 and not reader.at_eof():
            writer.write(CHUNK)
            sent += len(CHUNK)
            await writer.drain()
            if sent > 64 * 2**20:
                break
    except ConnectionError:
        pass
    answer = await asyncio.wait_for(reader.read(4096), 20)
    assert b" 413 " in answer
    assert memory_mib(hub) - before < GROWTH_MIB
    assert await slowest_of_others(Field(session, hub)) < 1.0
    await raw_http.close(writer)


@pytest.mark.slow
async def test_bombs_and_huge_pages_cost_nothing(hub: HubProcess, session: aiohttp.ClientSession) -> None:
    import zlib

    before, field = memory_mib(hub), Field(session, hub)
    farsta = field.party("sd-farsta")
    bomb = zlib.compress(b"\0" * 900 * 2**20, 9)
    assert len(bomb) < 2**20
    for encoding in ("gzip", "deflate"):
        answer = await farsta.post(bomb, STRUCTURED, **{"Content-Encoding": encoding})
        assert answer.status == 400
    for query in ("limit=1000000000", "limit=501", "limit=-1", "limit=1e9", "cursor=99999999999999999999"):
        assert (await farsta.call("GET", f"/v1/inbox?{query}")).status == 400
    for deep in (b"[" * 100_000, b'{"a":' * 100_000):
        assert (await farsta.post(deep)).status == 400
    assert memory_mib(hub) - before < GROWTH_MIB
    assert await slowest_of_others(field) < 1.0
