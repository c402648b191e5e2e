"""Who sent how much to whom, as the control room asks it of a store."""

from __future__ import annotations

from datetime import date, timedelta

import orjson

from hub.store import port
from hub.store.records import Changes
from hub.store.survey import Announcement, CopyQuery, DayCount, Edge, TypeCount
from tests.contract import stored

DAY = stored.NOON.date()


def refusal(index: int, **changes: object) -> Changes:
    recipients = changes.pop("recipients", [{"unit": "af-stockholm", "verdict": "refuse", "code": "NO_AGREEMENT"}])
    entry = orjson.dumps({"action": "message_refused", "recipients": recipients})
    values = {"action": "message_refused", "entry": entry, "type": "plan.proposed", "code": "NO_AGREEMENT"}
    return Changes(audit=[stored.audit(index, **values | changes)])


def total(edges: list[Edge]) -> dict[tuple[str, str, str], int]:
    return {(edge.sender, edge.unit, edge.code): edge.messages for edge in edges}


async def test_counts_copies_and_refusals_of_each_day(store: port.Store) -> None:
    message = stored.message()
    both = Changes(messages=[message], deliveries=[stored.delivery(message), stored.refused(message, unit_id="af-1")])
    later = stored.sent(recorded_at=stored.NOON + timedelta(days=2))[0]
    await stored.keep(store, both, stored.sent()[0], later)
    await stored.keep(store, refusal(0), refusal(1, recipients=[], code="SCHEMA_INVALID"))
    reader = store.reader()
    assert total(reader.list_edges(DAY, DAY)) == {
        ("sd-farsta", "jt-sydost", ""): 2,
        ("sd-farsta", "af-1", "CONSENT_MISSING"): 1,
        ("sd-farsta", "af-stockholm", "NO_AGREEMENT"): 1,
        ("sd-farsta", "", "SCHEMA_INVALID"): 1,
    }
    assert total(reader.list_edges(DAY, DAY + timedelta(days=2)))["sd-farsta", "jt-sydost", ""] == 3
    assert {type(edge.messages) for edge in reader.list_edges(DAY, DAY)} == {int}
    assert reader.list_edges(DAY + timedelta(days=3), DAY + timedelta(days=9)) == []
    assert reader.list_days(DAY + timedelta(days=1), DAY + timedelta(days=9)) == [
        DayCount(DAY + timedelta(days=2), "", 1)
    ]
    assert reader.list_edge_types(DAY, DAY, sender="sd-farsta", unit="af-stockholm") == [
        TypeCount("plan.proposed", "NO_AGREEMENT", 1)
    ]


async def test_a_day_begins_at_midnight_utc(store: port.Store) -> None:
    midnight = stored.NOON.replace(hour=0)
    late = stored.sent(recorded_at=midnight - timedelta(microseconds=1))[0]
    await stored.keep(store, late, stored.sent(recorded_at=midnight)[0])
    assert [each.day for each in store.reader().list_days(date(2026, 1, 1), date(2026, 12, 31))] == [
        DAY - timedelta(days=1),
        DAY,
    ]


async def test_erasing_leaves_the_numbers(store: port.Store) -> None:
    await stored.keep(store, stored.sent()[0])
    await stored.keep(store, Changes(erased_bodies=[1]))
    await stored.keep(store, Changes(erased_metadata=[1]))
    assert total(store.reader().list_edges(DAY, DAY)) == {("sd-farsta", "jt-sydost", ""): 1}


async def test_finds_copies_newest_first_by_everything_that_is_asked(store: port.Store) -> None:
    old = stored.sent(message_id="message-old", lane_id="case-9", case_id="case-9")[0]
    message = stored.message("message-new", type="plan.proposed", recorded_at=stored.NOON + timedelta(hours=1))
    new = Changes(messages=[message], deliveries=[stored.delivery(message), stored.refused(message, unit_id="af-1")])
    await stored.keep(store, old, new)
    reader = store.reader()

    def ids(**query: object) -> list[tuple[str, str]]:
        return [(each.message_id, each.unit_id) for each in reader.search_copies(CopyQuery(**query))]  # type: ignore[arg-type]

    assert ids() == [("message-new", "jt-sydost"), ("message-new", "af-1"), ("message-old", "jt-sydost")]
    assert ids(limit=1) == [("message-new", "jt-sydost")]
    assert ids(unit="af-1") == ids(verdict="refuse") == ids(code="CONSENT_MISSING") == [("message-new", "af-1")]
    assert ids(case_id="case-9") == ids(message_id="message-old") == [("message-old", "jt-sydost")]
    assert ids(type="plan.proposed", sender="sd-farsta") == [("message-new", "jt-sydost"), ("message-new", "af-1")]
    assert ids(until=stored.NOON + timedelta(minutes=1)) == [("message-old", "jt-sydost")]
    assert ids(since=stored.NOON + timedelta(minutes=1), unit="jt-sydost") == [("message-new", "jt-sydost")]
    assert ids(sender="af-1") == []


async def test_finds_whole_refusals_newest_first(store: port.Store) -> None:
    await stored.keep(
        store, refusal(0), Changes(audit=[stored.audit(1)]), refusal(2, actor="jt-sydost", code="EXPIRED")
    )
    reader = store.reader()
    assert [row.index for row in reader.list_refusals(CopyQuery())] == [2, 0]
    assert [row.index for row in reader.list_refusals(CopyQuery(sender="jt-sydost"))] == [2]
    assert [row.index for row in reader.list_refusals(CopyQuery(code="NO_AGREEMENT", type="plan.proposed"))] == [0]
    assert reader.list_refusals(CopyQuery(until=stored.NOON)) == []


async def test_counts_consents_by_their_newest_version(store: port.Store) -> None:
    consents = [
        stored.consent("consent-1", valid_to="2026-03-05"),
        stored.consent("consent-1", version=2, valid_to="2026-12-31"),
        stored.consent("consent-2", valid_to="2026-03-05"),
        stored.consent("consent-3", status="withdrawn", valid_to="2026-03-05"),
    ]
    await stored.keep(store, Changes(consents=consents))
    counted = {(each.recorded_by, each.status): each.consents for each in store.reader().count_consents()}
    assert counted == {("sd-farsta", "active"): 2, ("sd-farsta", "withdrawn"): 1}
    assert store.reader().count_ending_consents(date(2026, 3, 10)) == {"sd-farsta": 1}


async def test_entries_are_found_by_what_happened_newest_first_and_counted_by_code(store: port.Store) -> None:
    entries = [
        stored.audit(0, action="rules_changed", actor="hub"),
        stored.audit(1, code="OSL_10_2"),
        stored.audit(2, action="directory_changed", actor="staff:1"),
        stored.audit(3, code="OSL_10_2"),
        stored.audit(4, code="OSL_10_2", actor="sd-jarva"),
    ]
    await stored.keep(store, Changes(audit=entries))
    reader = store.reader()
    wanted = ("rules_changed", "directory_changed", "never")
    assert [row.index for row in reader.list_actions(wanted, limit=9)] == [2, 0]
    assert [row.index for row in reader.list_actions(wanted, limit=1)] == [2]
    counted = reader.count_codes(("OSL_10_2", "NEVER"), entries[3].at)
    assert {(each.actor, each.entries) for each in counted} == {("sd-farsta", 1), ("sd-jarva", 1)}


async def test_tells_how_far_a_copys_claim_check_has_come_until_it_is_acknowledged(store: port.Store) -> None:
    message = stored.message()
    waits, told = stored.delivery(message), stored.delivery(message, unit_id="sd-farsta")
    refused, reader = stored.refused(message, unit_id="af-1"), store.reader()
    ids = [waits.delivery_id, told.delivery_id, refused.delivery_id, "nobody's"]
    await stored.keep(store, Changes(messages=[message], deliveries=[waits, told, refused]))
    await stored.keep(store, Changes(published=[told.delivery_id]))
    found = reader.find_announcements(ids)
    assert found.keys() == {waits.delivery_id, told.delivery_id}
    assert found[waits.delivery_id] == Announcement(None)
    assert found[told.delivery_id].announced_at is not None
    await stored.keep(store, Changes(acknowledged=[told.delivery_id]))
    assert reader.find_announcements(ids).keys() == {waits.delivery_id}
