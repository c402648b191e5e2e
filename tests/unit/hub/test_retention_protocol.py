"""What the log tells of gallring: each run, by which rules, and everything that it erased."""

from __future__ import annotations

import json
from collections import Counter

from hub.audit.merkle import leaf_hash
from hub.service import Hub
from hub.store.records import AuditQuery
from routing.retention import Kind
from tests.unit.hub.test_retention import DAY, advance, closed_case, erasures


async def test_every_run_has_its_protocol_and_the_log_verifies(hub: Hub) -> None:
    await closed_case(hub)
    advance(hub, 100 * DAY)
    run = await hub.gallring.run("staff:1")
    assert hub.reader.list_retention_runs(limit=5) == [run]
    assert run.rulebook == hub.rulebook.digest
    found = hub.reader.list_audit(AuditQuery(limit=1000))
    (entry,) = [row for row in found if row.action == "retention_run"]
    assert entry.actor == "staff:1"
    told = json.loads(entry.entry)
    assert (told["run"], told["counts"], told["rulebook"]) == (run.run_id, run.counts, run.rulebook)
    assert [row.index for row in found] == list(range(len(found)))
    assert all(leaf_hash(row.entry) == row.leaf for row in found)


async def test_what_each_run_erased_stands_in_the_log_kind_by_kind(hub: Hub) -> None:
    await closed_case(hub)
    counts: Counter[str] = Counter()
    for days in (8, 93, 366 * 5):
        advance(hub, days * DAY)
        counts.update((await hub.gallring.run()).counts)
    told: Counter[str] = Counter()
    for entry in erasures(hub):
        told.update(entry.get("counts") or {entry["what"]: 1})
    assert told == counts
    assert {Kind.DELIVERED_BODY, Kind.CASE, Kind.METADATA} <= counts.keys()
