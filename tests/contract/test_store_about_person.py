"""What a register extract asks: all of one person, and nothing of another."""

from __future__ import annotations

from hub.store import port, records
from tests.contract import stored


async def test_finds_messages_of_the_cases_and_of_lanes_without_a_case_in_order(store: port.Store) -> None:
    kept = [
        stored.sent(lane_id="case-1", case_id="case-1"),
        stored.sent(lane_id="case-2", case_id="case-2"),
        stored.sent(lane_id="consent:1", case_id=None),
        stored.sent(lane_id="person:2", case_id=None),
        stored.sent(lane_id="case-1", case_id="case-1"),
    ]
    await stored.keep(store, *(changes for changes, *_ in kept))
    found = store.reader().list_messages_about(["case-1"], ["consent:1", "case-2"])
    assert [message.key for message in found] == [kept[at][1].key for at in (0, 2, 4)]
    assert store.reader().list_messages_about([], []) == []


async def test_finds_copies_of_these_messages_only(store: port.Store) -> None:
    changes, message, copy = stored.sent()
    same_id = stored.sent(message_id=message.key.message_id, source="/units/sd-bromma")[0]
    changes.deliveries.append(refused := stored.refused(message, unit_id="af-stockholm"))
    await stored.keep(store, changes, same_id)
    found = store.reader().list_copies([message.key])
    assert [each.delivery_id for each in found] == [copy.delivery_id, refused.delivery_id]


async def test_finds_entries_about_messages_in_the_order_of_the_log(store: port.Store) -> None:
    entries = [stored.audit(index, message_id=f"message-{index % 2}") for index in range(4)]
    await stored.keep(store, records.Changes(audit=[*entries, stored.audit(4)]))
    assert [row.index for row in store.reader().list_entries_about(["message-1"])] == [1, 3]


async def test_finds_what_was_refused_about_a_person_or_in_a_case_once(store: port.Store) -> None:
    refused = {"action": "message_refused"}
    entries = [
        stored.audit(0, **refused),
        stored.audit(1, **refused, case_id="case-1"),
        stored.audit(2, case_id="case-1"),
        stored.audit(3, **refused, case_id="case-2"),
        stored.audit(4, **refused),
    ]
    links = [("person-1", 0), ("person-1", 1), ("person-2", 4), ("person-1", 0)]
    await stored.keep(store, records.Changes(audit=entries, person_entries=links))
    assert [row.index for row in store.reader().list_refusals_about("person-1", ["case-1"])] == [0, 1]
    assert [row.index for row in store.reader().list_refusals_about("person-2", [])] == [4]


async def test_whoever_is_made_unreadable_is_led_to_by_no_refusal(store: port.Store) -> None:
    changes = records.Changes(audit=[stored.audit(0, action="message_refused")], person_entries=[("person-1", 0)])
    await stored.keep(store, changes)
    await stored.keep(store, records.Changes(shreds=[records.Shred({}, "person-1", "replacement")]))
    assert store.reader().list_refusals_about("person-1", []) == []
    assert len(store.reader().list_audit(records.AuditQuery())) == 1
