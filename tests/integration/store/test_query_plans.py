"""No look-up walks through a table that grows: the planner is asked about every statement that the store makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.store import port, records, sqlite
from hub.store.dead_letters import DeadLetterQuery
from hub.store.records import DeliveryState
from tests.contract import stored

KEY = records.MessageKey("/units/sd-farsta", "message-1")
AT = stored.NOON
# One row per state, one per unit that has an endpoint (looked at up to the first), and the keys that the statement was
# given.
SMALL = {"delivery_counts", "webhooks", "value"}

Read = Callable[[port.Reader], object]

PAGES: dict[str, Read] = {
    "inbox": lambda reader: reader.list_inbox("jt-sydost", limit=10, after=3, at=AT),
    "inbox by state": lambda reader: reader.list_inbox(
        "jt-sydost", limit=10, at=AT, states=[DeliveryState.READ, DeliveryState.HANDLED]
    ),
    "unread due": lambda reader: reader.list_unread_due(AT, limit=10),
    "unpublished": lambda reader: reader.list_unpublished(limit=10),
    "oldest unpublished": lambda reader: reader.oldest_unpublished_at(),
    "sent": lambda reader: reader.list_sent("sd-farsta", limit=10),
    "sent after a cursor": lambda reader: reader.list_sent("sd-farsta", limit=10, before=1),
    "sent of a type": lambda reader: reader.list_sent("sd-farsta", limit=10, before=1, type="plan.proposed"),
    "sent since": lambda reader: reader.list_sent("sd-farsta", limit=10, since=AT, before=1),
    "log": lambda reader: reader.list_audit(records.AuditQuery()),
    "log after an index": lambda reader: reader.list_audit(records.AuditQuery(after=7)),
    "log since": lambda reader: reader.list_audit(records.AuditQuery(since=AT)),
    "log since of a unit": lambda reader: reader.list_audit(records.AuditQuery(since=AT, unit="af-farsta")),
    **{
        f"log by {field}": lambda reader, field=field: reader.list_audit(
            replace(records.AuditQuery(after=3), **{field: "x"})
        )
        for field in ("unit", "type", "message_id", "case_id", "code")
    },
}

READS: dict[str, Read] = {
    **PAGES,
    "messages": lambda reader: reader.find_messages([KEY]),
    "cases": lambda reader: reader.find_cases(["case-1"]),
    "cases of a person": lambda reader: reader.find_cases_of(["person-1"]),
    "due cases": lambda reader: reader.list_due_cases(stored.NOON, limit=10),
    "ending consents": lambda reader: reader.list_ending_consents("2026-12-31", told_days=30, limit=10),
    "earlier messages": lambda reader: reader.find_earlier(["message-1"]),
    "consents": lambda reader: reader.find_consents(person_keys=["person-1"], consent_ids=["consent-1"]),
    "data keys": lambda reader: reader.find_data_keys(["case-1"]),
    "deliveries": lambda reader: reader.find_deliveries(["delivery-1"]),
    "sequences": lambda reader: reader.find_sequences([("case-1", "jt-sydost")]),
    "size of the log": lambda reader: reader.audit_size(),
    "deliveries of a message": lambda reader: reader.list_deliveries(KEY),
    "received": lambda reader: reader.list_received("jt-sydost", "case-1"),
    "sent of a case": lambda reader: reader.list_sent("sd-farsta", limit=10, case_id="case-1", before=1),
    "files": lambda reader: reader.find_attachments(["file-1"]),
    "open uploads of a unit": lambda reader: reader.count_open_uploads("jt-sydost"),
    "stale files": lambda reader: reader.list_stale_attachments(AT, limit=10),
    "parts of a file": lambda reader: reader.list_part_numbers("file-1"),
    "one part": lambda reader: reader.find_part("file-1", 3),
    "dead letters": lambda reader: reader.list_dead_letters(DeadLetterQuery(unit_id="jt-sydost", after=3)),
    "dead letters by id": lambda reader: reader.list_dead_letters(DeadLetterQuery(delivery_ids=["delivery-1"])),
    "kept bodies": lambda reader: reader.list_kept_bodies(after=3, until=9),
    "keys in pages": lambda reader: reader.list_data_keys(after="case-1", limit=9),
    "oldest messages": lambda reader: reader.list_oldest_messages(after=3, limit=9),
    "last messages": lambda reader: reader.find_last_messages(["person:1"]),
    "cases with bodies": lambda reader: reader.list_cases_with_bodies(["case-1"]),
    "lane of a message": lambda reader: reader.find_lane_of("message-1"),
    "counts": lambda reader: reader.count_by_state(),
    "messages about a person": lambda reader: reader.list_messages_about(["case-1"], ["person:1"]),
    "copies": lambda reader: reader.list_copies([KEY]),
    "entries about messages": lambda reader: reader.list_entries_about(["message-1"]),
    "refusals about a person": lambda reader: reader.list_refusals_about("person-1", ["case-1"]),
    "leaves": lambda reader: reader.list_log_hashes(0, 0, 256),
    "nodes": lambda reader: reader.list_log_hashes(1, 0, 256),
    "entries": lambda reader: reader.list_log_entries(0, 256),
    "checkpoint": lambda reader: reader.find_checkpoint(records.CheckpointKind.SIGNED),
}


@pytest.fixture
def statements(store: sqlite.SqliteStore) -> list[tuple[str, Any]]:
    """What is executed from now on, with its parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        heard.append((statement, parameters[0] if many else parameters))

    for connection in (store._writer.connection, store._reader._wire.connection):
        sqlite.sa.event.listen(connection.engine, "before_cursor_execute", hear)
    return heard


def plan_of(store: sqlite.SqliteStore, statements: list[tuple[str, Any]]) -> list[str]:
    driver = store._writer.connection.connection.driver_connection
    assert driver is not None
    return [
        step[3]
        for statement, parameters in statements
        if not statement.startswith(("BEGIN", "PRAGMA"))
        for step in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]


def walks(plan: list[str]) -> list[str]:
    """Steps that go through a whole table or index."""
    found = [re.match(r"SCAN (\w+)", step) for step in plan]
    return [match.string for match in found if match and match[1] not in SMALL]


@pytest.mark.parametrize("name", READS)
async def test_finds_by_an_index(store: sqlite.SqliteStore, statements: list[tuple[str, Any]], name: str) -> None:
    await stored.keep(store, stored.sent()[0])
    statements.clear()
    READS[name](store.reader())
    plan = plan_of(store, statements)
    assert plan
    if name in ("log", "unpublished", "oldest unpublished"):
        # These begin at the first row of an index that holds only what is asked for, and stop at the limit.
        assert all("SCAN audit" in step or "SEARCH" in step or "ix_outbox_unpublished" in step for step in plan)
    else:
        assert walks(plan) == []


@pytest.mark.parametrize("name", PAGES)
async def test_reads_a_page_in_the_order_of_its_index(
    store: sqlite.SqliteStore, statements: list[tuple[str, Any]], name: str
) -> None:
    """Sorting would mean fetching everything that comes before and after the page, too."""
    await stored.keep(store, stored.sent()[0])
    statements.clear()
    PAGES[name](store.reader())
    assert [step for step in plan_of(store, statements) if "TEMP B-TREE" in step] == []


def test_the_open_inbox_passes_over_nothing_that_is_done(
    store: sqlite.SqliteStore, statements: list[tuple[str, Any]]
) -> None:
    READS["inbox"](store.reader())
    assert "USING INDEX ix_deliveries_open (unit_id=? AND position>?)" in " ".join(plan_of(store, statements))


@pytest.mark.parametrize("name", ["sent after a cursor", "sent of a type", "sent since"])
async def test_a_later_page_of_sent_messages_begins_at_its_cursor(
    store: sqlite.SqliteStore, statements: list[tuple[str, Any]], name: str
) -> None:
    await stored.keep(store, stored.sent()[0])
    statements.clear()
    READS[name](store.reader())
    assert "recorded_at<?" in " ".join(plan_of(store, statements))


@pytest.mark.parametrize("more", [{}, {"type": "plan.proposed"}, {"since": AT}, {"before": 1}])
async def test_a_case_is_looked_up_among_its_own_messages_and_not_among_all_of_the_sender(
    store: sqlite.SqliteStore, statements: list[tuple[str, Any]], more: dict[str, Any]
) -> None:
    await stored.keep(store, stored.sent()[0])
    statements.clear()
    store.reader().list_sent("sd-farsta", limit=10, case_id="case-1", **more)
    assert "SEARCH messages USING INDEX ix_messages_of_case (case_id=?)" in plan_of(store, statements)


async def test_writes_by_an_index(store: sqlite.SqliteStore, statements: list[tuple[str, Any]]) -> None:
    changes, _, delivery = stored.sent()
    changes.cases["case-1"] = stored.case("case-1")
    changes.consents.append(stored.consent())
    changes.data_keys.append(records.DataKey("case-1", b"wrapped", "kek-1"))
    changes.sequences["case-1", "jt-sydost"] = 1
    changes.audit.append(stored.audit(0))
    await stored.keep(store, changes)
    later = records.Changes(
        delivery_changes=[records.DeliveryChange(delivery.delivery_id, state=DeliveryState.READ, acked_at=AT)],
        published=[delivery.delivery_id],
        acknowledged=[delivery.delivery_id],
    )
    await stored.keep(store, later)
    assert len(statements) > 12
    assert walks(plan_of(store, statements)) == []


async def test_a_page_of_the_inbox_costs_the_same_however_much_was_handled_before(
    store: sqlite.SqliteStore,
) -> None:
    """Counted in steps of SQLite's machine: no clock, no chance."""

    async def handle(count: int) -> None:
        sent = [stored.sent() for _ in range(count)]
        await stored.keep(store, *(changes for changes, _, _ in sent))
        done = [
            records.DeliveryChange(copy.delivery_id, state=DeliveryState.HANDLED, acked_at=AT + timedelta(1))
            for _, _, copy in sent
        ]
        await stored.keep(store, records.Changes(delivery_changes=done))

    def steps_of_a_page() -> int:
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        driver = store._reader._wire.connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 1)
        store.reader().list_inbox("jt-sydost", limit=10, at=AT)
        driver.set_progress_handler(None, 1)
        return steps

    await handle(10)
    before = steps_of_a_page()
    await handle(500)
    assert steps_of_a_page() <= before + 5
