"""Does a message cost more where many are stored? Three hubs with 10,000, 100,000 and 1,000,000 messages, in turn.

The stores are filled by rows that go through the store's own code, most of them handled long ago, the log included. One
caller asks at a time, so that the times are those of the questions and not of a queue; the hubs take turns, so that a
machine whose speed drifts does not favour one of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import accept
import load
import messages
import servers
import uvloop
from results import Results

from hub import bootstrap
from hub.clock import SystemClock
from hub.settings import load as load_settings
from hub.store.records import AuditRow, Changes, DataKey, DeliveryState, MessageKey, StoredCase, StoredDelivery
from hub.store.records import StoredMessage as Stored
from hub.store.sqlite import SqliteStore
from hub.vault import Vault
from routing.case import Case

SIZES = (10_000, 100_000, 1_000_000)
AT_ONCE = 5_000
OPEN = 500
JOBBTORGEN = ("jt-sydost", "jt-sydvast", "jt-innerstaden", "jt-vasterort", "jt-jarva")


def measure(
    numbers: Sequence[str], results: Results, *, sizes: Sequence[int] = SIZES, rounds: int = 5, each: int = 200
) -> None:
    """`each`: questions of every kind in one round."""
    asking = numbers[: (rounds + 1) * each]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        hubs: dict[int, tuple[servers.Served, dict[str, str], list[str]]] = {}
        for size in sizes:
            place = Path(folder) / str(size)
            cases = fill(place / "data", size)
            server = running.enter_context(servers.hub(place))
            _wait_for_tree(server, size)
            hubs[size] = server, accept.record_consents(server, asking), cases
        for turn in range(rounds + 1):
            part = asking[turn * each : (turn + 1) * each]
            for size, (server, ids, cases) in hubs.items():
                # The first round warms what a hub that has run for a while has warm.
                _ask_all(server, part, ids, cases, each, partial(_add, results, size) if turn else _forget)
        _compare(results, sizes)


def _wait_for_tree(server: servers.Served, size: int) -> None:
    """Until the hub has taken every entry into the log's tree: it does so from its start, beside everything else."""
    while _tree_size(server) < size:
        time.sleep(0.5)


def _tree_size(server: servers.Served) -> int:
    try:
        with urllib.request.urlopen(f"http://{server.host}/log/checkpoint", timeout=30) as answer:
            return int(answer.read().split(b"\n")[1])
    except urllib.error.HTTPError:
        return 0  # nothing is signed yet


def _add(results: Results, size: int, name: str, value: float) -> None:
    bar = 50.0 if name.startswith("case") else None
    results.add("growth", f"{name}, {size:,} stored", "ms", value, bar=bar, most=True)


def _forget(name: str, value: float) -> None:
    return None


def _compare(results: Results, sizes: Sequence[int]) -> None:
    for name in ("accept p95", "inbox p95"):
        least, most = (results.find("growth", f"{name}, {size:,} stored") for size in (sizes[0], sizes[-1]))
        assert least is not None
        assert most is not None
        for small, large in zip(least.rounds, most.rounds, strict=True):
            ratio = f"{name}, {sizes[-1]:,} / {sizes[0]:,}"
            results.add("growth", ratio, "", large / small, bar=1.3, most=True)


def _ask_all(
    server: servers.Served,
    numbers: Sequence[str],
    ids: dict[str, str],
    cases: Sequence[str],
    each: int,
    add: Callable[[str, float], None],
) -> None:
    sent = accept.referrals(server, numbers, ids, server.token(messages.UNIT))
    chosen = random.sample(cases, min(each, len(cases)))
    questions = {
        "accept p95": (sent, 202),
        "inbox p95": ([_get(server, messages.JOBBTORG, "/v1/inbox?limit=50")] * each, 200),
        "case's messages p95": ([_get(server, messages.UNIT, f"/v1/messages?case={name}") for name in chosen], 200),
        "case p95": ([_get(server, messages.UNIT, f"/v1/cases/{name}") for name in chosen], 200),
    }
    for name, (requests, status) in questions.items():
        measured = uvloop.run(load.run(servers.LOCAL, server.port, requests, 1))
        assert set(measured.statuses) == {status}, (name, measured.statuses)
        add(name, measured.percentile(0.95) * 1000)


def _get(server: servers.Served, unit: str, path: str) -> bytes:
    return load.request_bytes(path, server.host, b"", server.token(unit), "", method="GET")


def fill(data_dir: Path, size: int) -> list[str]:
    """Makes a hub's store with so many messages, each of its own case; the ids of some of the cases."""
    bootstrap.prepare_data_dir(data_dir)
    chosen = load_settings({"data_dir": data_dir}, {}, None)
    vault = Vault.open(data_dir / bootstrap.MASTER_KEY, create=True)
    store = SqliteStore.open(bootstrap.database_path(chosen), clock=SystemClock())
    kept: list[str] = []
    try:
        asyncio.run(_fill(store, vault, size, kept))
    finally:
        store.close()
    return kept


async def _fill(store: SqliteStore, vault: Vault, size: int, kept: list[str]) -> None:
    began = datetime.now(UTC) - timedelta(days=300)
    for start in range(0, size, AT_ONCE):
        changes = Changes()
        for index in range(start, min(start + AT_ONCE, size)):
            at, is_open = began + timedelta(seconds=20 * index), index >= size - OPEN
            case_id = _add_message(changes, vault, index, at, is_open=is_open)
            if index % max(1, size // 1000) == 0:
                kept.append(case_id)
        group = store.begin()
        group.write(changes)
        await store.commit(group)


def _add_message(changes: Changes, vault: Vault, index: int, at: datetime, *, is_open: bool) -> str:
    """The rows of one referral, as the hub would have written them; the body is short, to save time and disk."""
    case_id, unit = str(uuid.uuid4()), JOBBTORGEN[index % len(JOBBTORGEN)]
    key = MessageKey(f"/units/{messages.UNIT}", str(uuid.uuid4()))
    row, _ = vault.new_data_key(case_id)
    entry = json.dumps({"seq": index, "action": "message_accepted", "message": key.message_id}).encode()
    receipt = {"id": key.message_id, "case": case_id, "status": "accepted", "recipients": [], "log": None}
    envelope = {"id": key.message_id, "source": key.source, "type": "se.samverkan.referral.submitted"}
    changes.messages.append(
        Stored(
            key, case_id, case_id, "referral.submitted", "1.0", messages.UNIT, key.message_id[:16].encode(), at, None,
            {**envelope, "dataschema": "/schemas/referral.submitted/1.0", "time": at.isoformat()}, receipt, b"0" * 300,
        )
    )  # fmt: skip
    state = DeliveryState.NOTIFIED if is_open else DeliveryState.HANDLED
    done = None if is_open else at + timedelta(hours=1)
    changes.deliveries.append(
        StoredDelivery(
            str(uuid.uuid4()), key, case_id, unit, "jt", 1, state, "deliver", None, "referral.submitted/jt",
            {"code": "CONSENT"}, (), at, acked_at=done, handled_at=done,
        )
    )  # fmt: skip
    case = Case(
        case_id, uuid.uuid4().hex, "referred", None, at, frozenset({messages.UNIT, unit}),
        responsible_stadsdel=messages.UNIT, responsible_jobbtorg=unit,
    )  # fmt: skip
    changes.cases[case_id] = StoredCase(case)
    changes.data_keys.append(DataKey(case_id, row.wrapped, row.kek_id))
    changes.sequences[(case_id, unit)] = 1
    changes.audit.append(
        AuditRow(
            index, entry, hashlib.sha256(b"\0" + entry).digest(), at, "message_accepted", messages.UNIT,
            type="referral.submitted", message_id=key.message_id, case_id=case_id,
        )
    )  # fmt: skip
    return case_id
