"""From the sender to the recipient and back: what was sent is counted against what arrived.

Full cycle: each of 32 workers sends a message, fetches it as its recipient and acknowledges it. End to end: senders
send, the recipient pages through its inbox, fetches, acknowledges and reports each message as handled. Fan-out: one
joint plan for five seats of a team, each of which fetches its copy and acknowledges it.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import accept
import load
import messages
import servers
import uvloop
from engines import DISTRIBUTED, EMBEDDED, Engine
from results import Results

from hub.demo import joint_plan

WORKERS = 32
PAGE = 200


def full_cycle(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    with servers.fresh_hub(engine) as server:
        ids = accept.record_consents(server, numbers)
        requests = accept.referrals(server, numbers, ids, server.token(messages.UNIT))
        arrived: Counter[str] = Counter()
        server.wait_until_settled()

        async def step(connection: load.Connection, request: bytes) -> int:
            status, receipt = await connection.ask(request)
            assert status == 202, (status, receipt)
            arrived.update(await take(connection, server, json.loads(receipt)))
            return status

        measured = uvloop.run(load.each(servers.LOCAL, server.port, requests, WORKERS, step))
        assert_each_once(arrived, len(requests))
        results.add("full cycle", "send, fetch, ack", "/s", measured.per_second, bar=_cycle_bar(engine))
        results.add("full cycle", "p99", "ms", measured.percentile(0.99) * 1000)


def _cycle_bar(engine: Engine) -> float | None:
    return 700.0 if engine.name == EMBEDDED else None


def fan_out(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    with servers.fresh_hub(engine) as server:
        ids = {number: str(uuid.uuid4()) for number in numbers}
        accept.post_all(server, joint_plan.FK, [messages.team_consent(*each) for each in ids.items()])
        opened = accept.post_all(server, joint_plan.FK, [messages.team_case(*each) for each in ids.items()])
        initiated = {str(receipt["id"]): str(receipt["case"]) for receipt in opened}
        assert len(initiated) == len(numbers)
        cases = _cases_by_person(server, numbers, ids, opened)
        arrived: Counter[str] = Counter()
        token = server.token(joint_plan.TEAM)

        async def step(connection: load.Connection, number: str) -> int:
            event = messages.joint_plan(number, ids[number], cases[number])
            body = json.dumps(event, ensure_ascii=False).encode()
            request = load.request_bytes("/v1/messages", server.host, body, token, messages.MEDIA)
            status, receipt = await connection.ask(request)
            assert status == 202, (status, receipt)
            arrived.update(await take(connection, server, json.loads(receipt)))
            return status

        measured = uvloop.run(load.each(servers.LOCAL, server.port, numbers, WORKERS, step))
        assert set(arrived.values()) == {len(messages.SEATS)}, Counter(arrived.values())
        assert len(arrived) == len(numbers)
        results.add("fan-out to five seats", "plans sent, fetched, acked", "/s", measured.per_second)
        results.add("fan-out to five seats", "copies", "/s", measured.per_second * len(messages.SEATS))


def _cases_by_person(
    server: servers.Served, numbers: Sequence[str], ids: Mapping[str, str], opened: Sequence[dict[str, Any]]
) -> dict[str, str]:
    """Receipts of a batch come in its order, batches in any: the consent in the receipt tells whose case it is."""
    by_consent = {receipt["recipients"][0]["basis"]["consent"]: receipt["case"] for receipt in opened}
    cases = {number: str(by_consent[ids[number]]) for number in numbers}
    called = [messages.screened(number, ids[number], cases[number]) for number in numbers]
    accept.post_all(server, joint_plan.TEAM, called)
    return cases


async def take(connection: load.Connection, server: servers.Served, receipt: Mapping[str, Any]) -> list[str]:
    """Every recipient fetches its copy and acknowledges it; the ids of what they found."""
    found = []
    for row in receipt["recipients"]:
        if row["delivery"] is not None:
            event = await fetch(connection, server, row["unit"], row["delivery"])
            found.append(str(event["id"]))
    return found


async def fetch(connection: load.Connection, server: servers.Served, unit: str, delivery: str) -> dict[str, Any]:
    token, path = server.token(unit), f"/v1/inbox/{delivery}"
    status, body = await connection.ask(load.request_bytes(path, server.host, b"", token, "", method="GET"))
    assert status == 200, (status, body)
    status, answer = await connection.ask(load.request_bytes(f"{path}/ack", server.host, b"", token, ""))
    assert status == 204, (status, answer)
    event: dict[str, Any] = json.loads(body)
    return event


def assert_each_once(arrived: Counter[str], sent: int) -> None:
    doubled = [name for name, times in arrived.items() if times > 1]
    assert not doubled, f"{len(doubled)} arrived more than once"
    assert len(arrived) == sent, f"{sent} sent, {len(arrived)} arrived"


def end_to_end(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    with servers.fresh_hub(engine) as server:
        ids = accept.record_consents(server, numbers)
        requests = accept.referrals(server, numbers, ids, server.token(messages.UNIT))
        server.wait_until_settled()
        handled, seconds = uvloop.run(_both_ends(server, requests))
        assert_each_once(handled, len(requests))
        bar = 600.0 if engine.name == DISTRIBUTED else None
        results.add("end to end", "sent until handled", "/s", len(requests) / seconds, bar=bar)


async def _both_ends(server: servers.Served, requests: Sequence[bytes]) -> tuple[Counter[str], float]:
    handled: Counter[str] = Counter()
    waiting: asyncio.Queue[str | None] = asyncio.Queue()
    newest = await find_newest(server, messages.JOBBTORG)
    started = time.perf_counter()
    receiving = [asyncio.create_task(_handle(server, waiting, handled)) for _ in range(WORKERS // 2)]
    paging = asyncio.create_task(_page(server, waiting, len(requests), newest))
    sent = await load.run(servers.LOCAL, server.port, requests, WORKERS)
    assert set(sent.statuses) == {202}, sent.statuses
    await paging
    for _ in receiving:
        waiting.put_nowait(None)
    await asyncio.gather(*receiving)
    return handled, time.perf_counter() - started


async def find_newest(server: servers.Served, unit: str) -> str:
    """The cursor behind everything that lies in the inbox already: the consents are told to the recipient, too."""
    connection = await load.connect(servers.LOCAL, server.port)
    cursor, token = "0", server.token(unit)
    while True:
        path = f"/v1/inbox?limit=500&cursor={cursor}"
        _, body = await connection.ask(load.request_bytes(path, server.host, b"", token, "", method="GET"))
        page = json.loads(body)
        if not page["items"]:
            connection.close()
            return cursor
        cursor = page["next"]


async def _page(server: servers.Served, waiting: asyncio.Queue[str | None], expected: int, cursor: str) -> None:
    """The recipient's own program: page after page, waiting where there is nothing yet."""
    connection = await load.connect(servers.LOCAL, server.port)
    token, seen = server.token(messages.JOBBTORG), 0
    while seen < expected:
        path = f"/v1/inbox?limit={PAGE}&wait=20&cursor={cursor}"
        status, body = await connection.ask(load.request_bytes(path, server.host, b"", token, "", method="GET"))
        page = json.loads(body)
        assert status == 200, page
        assert page["items"], f"{seen} of {expected} arrived, and nothing more"
        for claim in page["items"]:
            waiting.put_nowait(claim["delivery"])
        seen, cursor = seen + len(page["items"]), page["next"]
    connection.close()


async def _handle(server: servers.Served, waiting: asyncio.Queue[str | None], handled: Counter[str]) -> None:
    connection = await load.connect(servers.LOCAL, server.port)
    unit = messages.JOBBTORG
    while (delivery := await waiting.get()) is not None:
        event = await fetch(connection, server, unit, delivery)
        body, path = b'{"outcome":"handled"}', f"/v1/inbox/{delivery}/handled"
        request = load.request_bytes(path, server.host, body, server.token(unit), "application/json")
        status, answer = await connection.ask(request)
        assert status == 204, (status, answer)
        handled[str(event["id"])] += 1
    connection.close()
