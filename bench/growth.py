"""Does a message cost more where many are stored? Three hubs with 10,000, 100,000 and 1,000,000 messages, in turn.

Some thousand rows of each store go through the store's own code, the log included, and are then copied within the
tables under other ids and instants (`copies.py`): handled long ago, but for the newest. One caller asks at a time, so
that the times are those of the questions and not of a queue; the hubs take turns, so that a machine whose speed drifts
does not favour one of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import tempfile
import urllib.error
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import accept
import copies
import load
import messages
import servers
import uvloop
import waiting
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
AT_ONCE = 2_500
OPEN = 500
SECONDS_BETWEEN = 20
# Bodies that were handled long ago would all be erased during the measurement, at the cost of what is measured.
NO_GALLRING = {"SAMVERKAN_RETENTION_HOURS": "0"}
ACCEPT = "accept p95"
IN_TURN = 20
JOBBTORGEN = ("jt-sydost", "jt-sydvast", "jt-innerstaden", "jt-vasterort", "jt-jarva")


@dataclass(slots=True)
class Store:
    """One hub and what it is asked about."""

    size: int
    server: servers.Served
    consents: dict[str, str]
    cases: list[str]

    def questions(self, numbers: Sequence[str]) -> dict[str, list[bytes]]:
        """As many requests of each kind as there are numbers."""
        chosen = random.choices(self.cases, k=len(numbers))
        return {
            ACCEPT: accept.referrals(self.server, numbers, self.consents, self.server.token(messages.UNIT)),
            "inbox p95": [self._get(messages.JOBBTORG, "/v1/inbox?limit=50")] * len(numbers),
            "case's messages p95": [self._get(messages.UNIT, f"/v1/messages?case={name}") for name in chosen],
            "case p95": [self._get(messages.UNIT, f"/v1/cases/{name}") for name in chosen],
        }

    def _get(self, unit: str, path: str) -> bytes:
        return load.request_bytes(path, self.server.host, b"", self.server.token(unit), "", method="GET")


def measure(
    numbers: Sequence[str], results: Results, *, sizes: Sequence[int] = SIZES, rounds: int = 5, each: int = 200
) -> None:
    """`each`: questions of every kind in one round."""
    asking = numbers[: (rounds + 1) * each]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        stores = []
        for size in sizes:
            place = Path(folder) / str(size)
            cases = fill(place / "data", size)
            server = running.enter_context(servers.hub(place, NO_GALLRING))
            _wait_for_tree(server, size)
            stores.append(Store(size, server, accept.record_consents(server, asking), cases))
        for turn in range(rounds + 1):
            taken = _ask_all(stores, asking[turn * each : (turn + 1) * each])
            if turn:  # the first round warms what a hub that has run for a while has warm
                _add(results, taken)
        _compare(results, sizes)


def _wait_for_tree(server: servers.Served, size: int) -> None:
    """Until the hub has taken every entry into the log's tree: it does so from its start, beside everything else."""
    waiting.until(lambda: _tree_size(server) >= size, 600, f"the tree over {size:,} entries")


def _tree_size(server: servers.Served) -> int:
    try:
        with urllib.request.urlopen(f"http://{server.host}/log/checkpoint", timeout=30) as answer:
            return int(answer.read().split(b"\n")[1])
    except urllib.error.HTTPError:
        return 0  # nothing is signed yet


def _ask_all(stores: Sequence[Store], numbers: Sequence[str]) -> dict[tuple[str, int], list[float]]:
    """Seconds of every answer, by question and size. The hubs take turns every few questions."""
    taken: dict[tuple[str, int], list[float]] = defaultdict(list)
    asked = {store.size: store.questions(numbers) for store in stores}
    for name in asked[stores[0].size]:
        for start in range(0, len(numbers), IN_TURN):
            for store in stores:
                requests = asked[store.size][name][start : start + IN_TURN]
                measured = uvloop.run(load.run(servers.LOCAL, store.server.port, requests, 1))
                assert set(measured.statuses) == {202 if name == ACCEPT else 200}, (name, measured.statuses)
                taken[name, store.size] += measured.latencies
    return taken


def _add(results: Results, taken: dict[tuple[str, int], list[float]]) -> None:
    for (name, size), seconds in taken.items():
        bar = 50.0 if name.startswith("case") else None
        value = load.percentile(seconds, 0.95) * 1000
        results.add("growth", f"{name}, {size:,} stored", "ms", value, bar=bar, most=True)


def _compare(results: Results, sizes: Sequence[int]) -> None:
    for name in (ACCEPT, "inbox p95"):
        least, most = (results.find("growth", f"{name}, {size:,} stored") for size in (sizes[0], sizes[-1]))
        assert least is not None
        assert most is not None
        for small, large in zip(least.rounds, most.rounds, strict=True):
            ratio = f"{name}, {sizes[-1]:,} / {sizes[0]:,}"
            results.add("growth", ratio, "", large / small, bar=1.3, most=True)


def fill(data_dir: Path, size: int) -> list[str]:
    """Makes a hub's store with so many messages, each of its own case; the ids of some of the cases."""
    bootstrap.prepare_data_dir(data_dir)
    chosen = load_settings({"data_dir": data_dir}, {}, None)
    vault = Vault.open(data_dir / bootstrap.MASTER_KEY, create=True)
    path = bootstrap.database_path(chosen)
    times = max(1, (size - OPEN) // AT_ONCE)
    began = datetime.now(UTC) - timedelta(seconds=SECONDS_BETWEEN * size)
    kept = _write(path, vault, range(AT_ONCE), began, is_open=False)
    copies.multiply(path, times, AT_ONCE, timedelta(seconds=SECONDS_BETWEEN * AT_ONCE))
    done = times * AT_ONCE
    late = _write(path, vault, range(done, size - OPEN), began, is_open=False)
    late += _write(path, vault, range(size - OPEN, size), began, is_open=True)
    return [*(copies.renamed(name, turn) for turn in range(times) for name in kept[:: 1 + times // 8]), *late[::10]]


def _write(path: Path, vault: Vault, indexes: range, began: datetime, *, is_open: bool) -> list[str]:
    """These messages, through the store's own code; their cases."""
    store = SqliteStore.open(path, clock=SystemClock())
    try:
        return asyncio.run(_write_groups(store, vault, indexes, began, is_open=is_open))
    finally:
        store.close()


async def _write_groups(
    store: SqliteStore, vault: Vault, indexes: range, began: datetime, *, is_open: bool
) -> list[str]:
    cases = []
    for start in range(0, len(indexes), AT_ONCE):
        changes = Changes()
        for index in indexes[start : start + AT_ONCE]:
            at = began + timedelta(seconds=SECONDS_BETWEEN * index)
            cases.append(add_message(changes, vault, index, at, is_open=is_open))
        group = store.begin()
        group.write(changes)
        await store.commit(group)
    return cases


def add_message(changes: Changes, vault: Vault, index: int, at: datetime, *, is_open: bool) -> str:
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
    delivery_id = str(uuid.uuid4())
    if not is_open:
        changes.acknowledged.append(delivery_id)  # it lies in the outbox no more
    changes.deliveries.append(
        StoredDelivery(
            delivery_id, key, case_id, unit, "jt", 1, state, "deliver", None, "referral.submitted/jt",
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
