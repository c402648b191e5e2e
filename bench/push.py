"""How soon a recipient that listens hears of a message: by a held inbox call and by the stream of server-sent events.

A hundred messages per second, sent at their times whatever the answers do. Counted from the first byte that the sender
sends until the recipient has the claim check, so acceptance itself is in it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import accept
import aiohttp
import cycle
import load
import messages
import servers
import uvloop
from engines import Engine
from results import Results

PER_SECOND = 100
LISTENS = aiohttp.ClientTimeout(total=None, sock_read=60)
Listen = Callable[[aiohttp.ClientSession, str, asyncio.Event, str], AsyncIterator[str]]


def latency(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    for name, listen in LISTENERS.items():
        with servers.fresh_hub(engine) as server:
            ids = accept.record_consents(server, numbers)
            taken = uvloop.run(_run(server, numbers, ids, listen))
        results.add("push at 100/s", f"{name}, median", "ms", load.percentile(taken, 0.5) * 1000, bar=50, most=True)
        results.add("push at 100/s", f"{name}, p99", "ms", load.percentile(taken, 0.99) * 1000)


async def _run(server: servers.Served, numbers: Sequence[str], ids: Mapping[str, str], listen: Listen) -> list[float]:
    sent: dict[str, float] = {}
    heard: dict[str, float] = {}
    listening = asyncio.Event()
    newest = await cycle.find_newest(server, messages.JOBBTORG)

    async def hear() -> None:
        async with aiohttp.ClientSession(f"http://{server.host}", timeout=LISTENS) as session:
            async for message_id in listen(session, server.token(messages.JOBBTORG), listening, newest):
                heard[message_id] = time.perf_counter()
                if len(heard) == len(numbers):
                    return

    task = asyncio.create_task(hear())
    await listening.wait()
    await _send_evenly(server, numbers, ids, sent)
    await asyncio.wait_for(task, 60)
    return [heard[message_id] - at for message_id, at in sent.items()]


async def _send_evenly(
    server: servers.Served, numbers: Sequence[str], ids: Mapping[str, str], sent: dict[str, float]
) -> None:
    pool = [await load.connect(servers.LOCAL, server.port) for _ in range(16)]
    free: asyncio.Queue[load.Connection] = asyncio.Queue()
    for connection in pool:
        free.put_nowait(connection)

    async def send(number: str) -> None:
        event = messages.referral(number, ids[number])
        body = json.dumps(event, ensure_ascii=False).encode()
        request = load.request_bytes("/v1/messages", server.host, body, server.token(messages.UNIT), messages.MEDIA)
        connection = await free.get()
        sent[str(event["id"])] = time.perf_counter()
        status, answer = await connection.ask(request)
        assert status == 202, (status, answer)
        free.put_nowait(connection)

    started, tasks = time.perf_counter(), []
    for turn, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, started + turn / PER_SECOND - time.perf_counter()))
        tasks.append(asyncio.create_task(send(number)))
    await asyncio.gather(*tasks)
    for connection in pool:
        connection.close()


async def polled(
    session: aiohttp.ClientSession, token: str, listening: asyncio.Event, cursor: str
) -> AsyncIterator[str]:
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        listening.set()
        async with session.get(f"/v1/inbox?limit=500&wait=30&cursor={cursor}", headers=headers) as answer:
            page = await answer.json()
        for claim in page["items"]:
            yield claim["message"]
        cursor = page["next"] or cursor


async def streamed(
    session: aiohttp.ClientSession, token: str, listening: asyncio.Event, cursor: str
) -> AsyncIterator[str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"/v1/inbox/stream?cursor={cursor}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        listening.set()
        async for line in answer.content:
            if line.startswith(b"data:") and line.strip() != b"data:":
                claim = json.loads(line[5:])
                if isinstance(claim, dict) and "message" in claim:
                    yield claim["message"]


LISTENERS: Mapping[str, Listen] = {"long poll": polled, "stream": streamed}
