"""How many messages per second are accepted durably: the hub against its floor, in alternating rounds of one run."""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import load
import messages
import servers
import uvloop
from results import Results

SENDERS = 64


def floor_round(numbers: Sequence[str], results: Results, scene: str = "accept") -> None:
    with tempfile.TemporaryDirectory() as folder, servers.floor(Path(folder)) as server:
        ids = {number: str(uuid.uuid4()) for number in numbers}
        _measure(server, referrals(server, numbers, ids, ""), results, scene, "floor")


def hub_round(
    numbers: Sequence[str],
    results: Results,
    *,
    scene: str = "accept",
    environ: Mapping[str, str] | None = None,
) -> None:
    with tempfile.TemporaryDirectory() as folder, servers.hub(Path(folder), environ) as server:
        ids = record_consents(server, numbers)
        requests = referrals(server, numbers, ids, server.token(messages.UNIT))
        _measure(server, requests, results, scene, "hub")


def compare(results: Results, scene: str = "accept") -> None:
    """The bars that need both: pair by pair, since both rounds of a pair saw the machine at one speed."""
    hub, floor = results.find(scene, "hub"), results.find(scene, "floor")
    assert hub is not None
    assert floor is not None
    for one, other in zip(hub.rounds, floor.rounds, strict=True):
        results.add(scene, "hub / floor", "", one / other, bar=0.6)
    hub.bar = min(2000.0, 0.6 * floor.median)


def _measure(server: servers.Served, requests: list[bytes], results: Results, scene: str, which: str) -> None:
    warm = len(requests) // 10
    uvloop.run(load.run(servers.LOCAL, server.port, requests[:warm], SENDERS))
    before = server.cpu_seconds()
    measured = uvloop.run(load.run(servers.LOCAL, server.port, requests[warm:], SENDERS))
    used = server.cpu_seconds() - before
    assert set(measured.statuses) == {202}, measured.statuses
    is_hub = which == "hub"
    results.add(scene, which, "/s", measured.per_second)
    results.add(scene, f"{which}, p50", "ms", measured.percentile(0.50) * 1000)
    results.add(scene, f"{which}, p99", "ms", measured.percentile(0.99) * 1000, bar=100 if is_hub else None, most=True)
    results.add(scene, f"{which}, CPU per message", "µs", used / len(measured.latencies) * 1e6)
    results.add(scene, f"{which}, most in memory", "MiB", server.memory_mib(), bar=300 if is_hub else None, most=True)


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
