"""How many messages per second are accepted durably: the hub against its floor, in alternating rounds of one run."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence

import load
import messages
import servers
import uvloop
from engines import EMBEDDED, Engine
from results import Results

SENDERS = 64


def floor_round(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    with servers.floor(engine) as server:
        ids = {number: str(uuid.uuid4()) for number in numbers}
        _measure(server, referrals(server, numbers, ids, ""), results, "floor")


def hub_round(engine: Engine, numbers: Sequence[str], results: Results) -> None:
    with servers.fresh_hub(engine) as server:
        ids = record_consents(server, numbers)
        requests = referrals(server, numbers, ids, server.token(messages.UNIT))
        _measure(server, requests, results, "hub", slowest=100 if engine.name == EMBEDDED else None)


def compare(engine: Engine, results: Results) -> None:
    """Pair by pair, since both rounds of a pair saw the machine at one speed. The bars are those of the embedded
    engine: on the other one its servers share the cores."""
    hub, floor = results.find("accept", "hub"), results.find("accept", "floor")
    if hub is None or floor is None:
        return
    has_bar = engine.name == EMBEDDED
    for one, other in zip(hub.rounds, floor.rounds, strict=False):
        results.add("accept", "hub / floor", "", one / other, bar=0.6 if has_bar else None)
    hub.bar = min(2000.0, 0.6 * floor.median) if has_bar else None


def _measure(
    server: servers.Served, requests: list[bytes], results: Results, which: str, *, slowest: float | None = None
) -> None:
    """`slowest`: what p99 must be below, in milliseconds."""
    warm = len(requests) // 10
    uvloop.run(load.run(servers.LOCAL, server.port, requests[:warm], SENDERS))
    server.wait_until_settled()
    before = server.cpu_seconds()
    measured = uvloop.run(load.run(servers.LOCAL, server.port, requests[warm:], SENDERS))
    used = server.cpu_seconds() - before
    assert set(measured.statuses) == {202}, measured.statuses
    results.add("accept", which, "/s", measured.per_second)
    results.add("accept", f"{which}, p50", "ms", measured.percentile(0.50) * 1000)
    results.add("accept", f"{which}, p99", "ms", measured.percentile(0.99) * 1000, bar=slowest, most=True)
    results.add("accept", f"{which}, CPU per message", "µs", used / len(measured.latencies) * 1e6)
    most = 300 if which == "hub" else None
    results.add("accept", f"{which}, most in memory", "MiB", server.memory_mib(), bar=most, most=True)


def referrals(server: servers.Served, numbers: Sequence[str], ids: Mapping[str, str], token: str) -> list[bytes]:
    """One prepared request for each person."""
    bodies = (json.dumps(messages.referral(number, ids[number]), ensure_ascii=False).encode() for number in numbers)
    return [load.request_bytes("/v1/messages", server.host, body, token, messages.MEDIA) for body in bodies]


def record_consents(server: servers.Served, numbers: Sequence[str]) -> dict[str, str]:
    """A consent of every person; their ids."""
    ids = {number: str(uuid.uuid4()) for number in numbers}
    post_all(server, messages.UNIT, [messages.consent(number, consent_id) for number, consent_id in ids.items()])
    return ids


def post_all(server: servers.Served, unit: str, events: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Sends in batches of a hundred; the receipts. Stops the run when one is not accepted."""
    token = server.token(unit)
    batches = [json.dumps(events[start : start + 100]).encode() for start in range(0, len(events), 100)]
    receipts: list[dict[str, object]] = []

    async def post(connection: load.Connection, body: bytes) -> int:
        request = load.request_bytes("/v1/messages", server.host, body, token, messages.BATCH)
        status, answer = await connection.ask(request)
        entries = json.loads(answer)
        assert status == 200, (status, entries)
        assert all(entry["status"] == 202 for entry in entries), entries
        receipts.extend(entry["body"] for entry in entries)
        return status

    asyncio.run(load.each(servers.LOCAL, server.port, batches, 8, post))
    return receipts
