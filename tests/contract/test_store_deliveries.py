"""Copies on their way: inbox, outbox, states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.store import port, records
from hub.store.records import DeliveryState
from tests.contract import stored

NOON = stored.NOON


async def send(store: port.Store, **changes: Any) -> records.StoredDelivery:
    written, _, delivery = stored.sent(**changes)
    await stored.keep(store, written)
    return delivery


async def change(store: port.Store, delivery: records.StoredDelivery, **changes: Any) -> None:
    step = records.DeliveryChange(delivery.delivery_id, **changes)
    await stored.keep(store, records.Changes(delivery_changes=[step]))


def inbox(store: port.Store, unit_id: str = "jt-sydost", **changes: Any) -> list[str]:
    claims = store.reader().list_inbox(unit_id, **{"limit": 100, "at": NOON} | changes)
    return [claim.delivery_id for claim in claims]


def state_of(store: port.Store, delivery: records.StoredDelivery) -> DeliveryState:
    return store.reader().find_deliveries([delivery.delivery_id])[delivery.delivery_id].delivery.state


async def test_gives_a_delivery_back_as_it_was_with_its_message_and_body(store: port.Store) -> None:
    written, message, delivery = stored.sent(
        delivery={
            "acked_at": NOON,
            "handled_at": NOON + timedelta(hours=1),
            "outcome": "needs_info",
            "note": b"sealed note",
        }
    )
    await stored.keep(store, written)
    found = store.reader().find_deliveries([delivery.delivery_id, "delivery-unknown"])
    assert found == {delivery.delivery_id: records.DeliveryView(delivery, message)}


async def test_lists_every_copy_and_refusal_of_a_message_in_the_order_of_the_receipt(
    store: port.Store,
) -> None:
    message = stored.message()
    copies = [
        stored.delivery(message, unit_id="jt-sydost"),
        stored.refused(message, unit_id="af-farsta"),
        stored.delivery(message, unit_id="fk-sthlm", withheld=()),
    ]
    await stored.keep(store, records.Changes(messages=[message], deliveries=copies), stored.sent()[0])
    assert store.reader().list_deliveries(message.key) == copies
    assert store.reader().list_deliveries(records.MessageKey("/units/other", message.key.message_id)) == []


async def test_takes_a_further_copy_of_a_message_of_an_earlier_group(store: port.Store) -> None:
    written, message, delivery = stored.sent()
    await stored.keep(store, written)
    further = stored.delivery(message, unit_id="af-farsta")
    await stored.keep(store, records.Changes(deliveries=[further]))
    assert store.reader().list_deliveries(message.key) == [delivery, further]


async def test_a_copy_of_no_message_is_refused(store: port.Store) -> None:
    group = store.begin()
    with pytest.raises(port.StoreUnavailable):
        group.write(records.Changes(deliveries=[stored.delivery(stored.message())]))
    store.roll_back(group)


async def test_a_claim_check_says_where_to_fetch(store: port.Store) -> None:
    written, message, delivery = stored.sent()
    await stored.keep(store, written)
    [claim] = store.reader().list_inbox("jt-sydost", limit=10, at=NOON)
    assert replace(claim, position=0) == records.ClaimCheck(
        delivery_id=delivery.delivery_id,
        unit_id="jt-sydost",
        message_id=message.key.message_id,
        type=message.type,
        source=message.key.source,
        case_id="case-1",
        sequence=delivery.sequence or 0,
        recorded_at=delivery.recorded_at,
    )


async def test_the_inbox_is_the_units_own_oldest_first(store: port.Store) -> None:
    mine = [await send(store, recorded_at=NOON - timedelta(hours=number)) for number in range(3)]
    await send(store, unit_id="af-farsta")
    assert inbox(store) == [delivery.delivery_id for delivery in mine]


async def test_the_inbox_is_read_page_by_page_after_a_position(store: port.Store) -> None:
    mine = [(await send(store)).delivery_id for _ in range(5)]
    first = store.reader().list_inbox("jt-sydost", limit=2, at=NOON)
    assert [claim.delivery_id for claim in first] == mine[:2]
    assert inbox(store, limit=2, after=first[-1].position) == mine[2:4]
    assert inbox(store, after=first[-1].position) == mine[2:]


async def test_the_inbox_shows_what_is_read_but_not_acknowledged(store: port.Store) -> None:
    delivery = await send(store)
    for state in (DeliveryState.NOTIFIED, DeliveryState.READ):
        await change(store, delivery, state=state)
        assert inbox(store) == [delivery.delivery_id]


async def test_the_inbox_leaves_out_what_is_acknowledged(store: port.Store) -> None:
    delivery = await send(store)
    await change(store, delivery, acked_at=NOON)
    assert inbox(store) == []


@pytest.mark.parametrize("state", [DeliveryState.HANDLED, DeliveryState.EXPIRED, DeliveryState.DEAD])
async def test_the_inbox_leaves_out_what_is_over(store: port.Store, state: DeliveryState) -> None:
    delivery = await send(store)
    await change(store, delivery, state=state)
    assert inbox(store) == []


async def test_the_inbox_never_shows_a_refused_copy(store: port.Store) -> None:
    message = stored.message()
    await stored.keep(store, records.Changes(messages=[message], deliveries=[stored.refused(message)]))
    assert inbox(store) == []
    assert inbox(store, states=list(DeliveryState)) == []
    assert store.reader().list_unpublished(limit=10) == []
    assert store.reader().list_received("jt-sydost", "case-1") == []


async def test_the_inbox_leaves_out_what_has_expired_at_the_instant_asked_for(store: port.Store) -> None:
    ends = NOON + timedelta(hours=1)
    delivery = await send(store, expires_at=ends)
    assert inbox(store, at=ends - timedelta(microseconds=1)) == [delivery.delivery_id]
    assert inbox(store, at=ends) == []


async def test_a_dead_copy_that_is_tried_again_is_back_in_the_inbox(store: port.Store) -> None:
    delivery = await send(store)
    await change(store, delivery, state=DeliveryState.DEAD)
    await change(store, delivery, state=DeliveryState.PENDING)
    assert inbox(store) == [delivery.delivery_id]


async def test_the_inbox_by_states_is_in_order_across_them(store: port.Store) -> None:
    states = [DeliveryState.READ, DeliveryState.HANDLED, DeliveryState.PENDING, DeliveryState.READ]
    sent = []
    for state in states:
        sent.append(await send(store))
        await change(store, sent[-1], state=state, acked_at=NOON)
    ids = [delivery.delivery_id for delivery in sent]
    assert inbox(store, states=[DeliveryState.PENDING, DeliveryState.READ]) == [ids[0], ids[2], ids[3]]
    assert inbox(store, states=[DeliveryState.PENDING, DeliveryState.READ], limit=2) == [ids[0], ids[2]]
    assert inbox(store, states=[DeliveryState.HANDLED]) == [ids[1]]
    assert inbox(store, states=[]) == []
    first = store.reader().list_inbox("jt-sydost", limit=1, at=NOON, states=[DeliveryState.READ])
    assert [claim.state for claim in first] == [DeliveryState.READ]
    assert inbox(store, states=[DeliveryState.READ], after=first[0].position) == [ids[3]]


async def test_only_the_named_fields_of_a_delivery_change(store: port.Store) -> None:
    written, message, delivery = stored.sent()
    bystander = await send(store)
    await stored.keep(store, written)
    steps: list[dict[str, Any]] = [
        {"state": DeliveryState.READ},
        {"acked_at": NOON},
        {"state": DeliveryState.HANDLED, "handled_at": NOON + timedelta(days=1), "outcome": "handled"},
        {"note": b"sealed note"},
        {},
    ]
    expected = delivery
    for step in steps:
        await change(store, delivery, **step)
        expected = replace(expected, **step)
        found = store.reader().find_deliveries([delivery.delivery_id])
        assert found == {delivery.delivery_id: records.DeliveryView(expected, message)}
    assert state_of(store, bystander) is DeliveryState.PENDING


async def test_a_group_sees_its_own_change_of_a_delivery(store: port.Store) -> None:
    delivery = await send(store)
    group = store.begin()
    group.write(records.Changes(delivery_changes=[records.DeliveryChange(delivery.delivery_id, acked_at=NOON)]))
    assert group.list_inbox("jt-sydost", limit=10, at=NOON) == []
    assert inbox(store) == [delivery.delivery_id]
    store.roll_back(group)


async def test_the_outbox_lists_what_nobody_has_published_oldest_first(store: port.Store) -> None:
    sent = [await send(store, unit_id=unit) for unit in ("jt-sydost", "af-farsta", "fk-sthlm")]
    ids = [delivery.delivery_id for delivery in sent]
    assert [claim.delivery_id for claim in store.reader().list_unpublished(limit=10)] == ids
    assert [claim.delivery_id for claim in store.reader().list_unpublished(limit=2)] == ids[:2]
    await stored.keep(store, records.Changes(published=ids[:1]))
    assert [claim.delivery_id for claim in store.reader().list_unpublished(limit=10)] == ids[1:]


async def test_a_published_copy_is_notified(store: port.Store) -> None:
    delivery = await send(store)
    await stored.keep(store, records.Changes(published=[delivery.delivery_id]))
    assert state_of(store, delivery) is DeliveryState.NOTIFIED
    assert inbox(store) == [delivery.delivery_id]


@pytest.mark.parametrize(
    "state", [DeliveryState.READ, DeliveryState.HANDLED, DeliveryState.EXPIRED, DeliveryState.DEAD]
)
async def test_publishing_takes_no_copy_back_to_an_earlier_state(store: port.Store, state: DeliveryState) -> None:
    delivery = await send(store)
    await change(store, delivery, state=state)
    await stored.keep(store, records.Changes(published=[delivery.delivery_id]))
    assert state_of(store, delivery) is state
    assert store.reader().list_unpublished(limit=10) == []


async def test_an_acknowledged_copy_needs_no_publishing(store: port.Store) -> None:
    delivery, other = await send(store), await send(store)
    await stored.keep(store, records.Changes(acknowledged=[delivery.delivery_id]))
    left = [claim.delivery_id for claim in store.reader().list_unpublished(limit=10)]
    assert left == [other.delivery_id]
    await stored.keep(store, records.Changes(acknowledged=[delivery.delivery_id, "delivery-unknown"]))


async def test_says_since_when_something_waits_to_be_published(store: port.Store) -> None:
    assert store.reader().oldest_unpublished_at() is None
    oldest = await send(store, recorded_at=NOON - timedelta(minutes=5))
    await send(store)
    assert store.reader().oldest_unpublished_at() == NOON - timedelta(minutes=5)
    await stored.keep(store, records.Changes(published=[oldest.delivery_id]))
    assert store.reader().oldest_unpublished_at() == NOON


async def test_counts_the_deliveries_in_each_state(store: port.Store) -> None:
    first, second, third = [await send(store) for _ in range(3)]
    message = stored.message()
    await stored.keep(store, records.Changes(messages=[message], deliveries=[stored.refused(message)]))
    assert store.reader().count_by_state() == {"pending": 3, "refused": 1}
    both = [first.delivery_id, second.delivery_id]
    await stored.keep(store, records.Changes(published=both))
    assert store.reader().count_by_state() == {"pending": 1, "notified": 2, "refused": 1}
    await stored.keep(store, records.Changes(published=both))
    assert store.reader().count_by_state() == {"pending": 1, "notified": 2, "refused": 1}
    twice = [
        records.DeliveryChange(third.delivery_id, state=DeliveryState.READ),
        records.DeliveryChange(third.delivery_id, state=DeliveryState.HANDLED),
        records.DeliveryChange(first.delivery_id, acked_at=NOON),
        records.DeliveryChange("delivery-unknown", state=DeliveryState.READ),
    ]
    await stored.keep(store, records.Changes(delivery_changes=twice))
    assert store.reader().count_by_state() == {"notified": 2, "refused": 1, "handled": 1}


async def test_lists_what_a_unit_received_of_one_case_in_order_of_sequence(store: port.Store) -> None:
    second = await send(store, delivery={"sequence": 2})
    first = await send(store, delivery={"sequence": 1})
    await send(store, unit_id="af-farsta", delivery={"sequence": 1})
    await send(store, lane_id="case-2", case_id="case-2", delivery={"sequence": 1})
    await change(store, first, state=DeliveryState.READ, acked_at=NOON)
    received = store.reader().list_received("jt-sydost", "case-1")
    assert [claim.delivery_id for claim in received] == [first.delivery_id, second.delivery_id]


async def test_lists_what_a_unit_received_of_one_case_behind_a_sequence_number(store: port.Store) -> None:
    for number in (3, 1, 4, 2):
        await send(store, delivery={"sequence": number})

    def received(**parts: int) -> list[int]:
        return [claim.sequence for claim in store.reader().list_received("jt-sydost", "case-1", **parts)]

    assert received(after=1) == [2, 3, 4]
    assert received(after=1, limit=2) == [2, 3]
    assert received(after=4) == []


async def sent_messages(store: port.Store) -> None:
    for number in range(6):
        await send(
            store,
            message_id=f"m{number}",
            recorded_at=NOON + timedelta(seconds=number // 2),
            type="plan.proposed" if number % 2 else "plan.reviewed",
            case_id="case-1" if number < 3 else "case-2",
        )
    await send(store, source="/units/sd-skarpnack")


@pytest.mark.parametrize(
    ("narrowing", "expected"),
    [
        ({}, "543210"),
        ({"limit": 2}, "54"),
        ({"type": "plan.proposed"}, "531"),
        ({"case_id": "case-1"}, "210"),
        ({"since": NOON + timedelta(seconds=1)}, "5432"),
        ({"case_id": "case-2", "type": "plan.proposed", "since": NOON + timedelta(seconds=2)}, "5"),
        ({"type": "unknown"}, ""),
    ],
)
async def test_lists_what_a_unit_sent_newest_first(store: port.Store, narrowing: dict[str, Any], expected: str) -> None:
    await sent_messages(store)
    found = store.reader().list_sent("sd-farsta", **{"limit": 100} | narrowing)
    assert "".join(message.key.message_id[1:] for _, message in found) == expected
    assert all(message.sealed is None for _, message in found)


@pytest.mark.parametrize("narrowing", [{}, {"type": "plan.proposed"}, {"case_id": "case-1"}])
async def test_pages_of_sent_messages_join_without_gap_or_double(store: port.Store, narrowing: dict[str, Any]) -> None:
    await sent_messages(store)
    whole = store.reader().list_sent("sd-farsta", limit=100, **narrowing)
    paged: list[tuple[int, records.StoredMessage]] = []
    while page := store.reader().list_sent("sd-farsta", limit=2, before=paged[-1][0] if paged else None, **narrowing):
        paged += page
    assert paged == whole


async def test_a_cursor_beyond_the_newest_message_gives_the_first_page(store: port.Store) -> None:
    await sent_messages(store)
    found = store.reader().list_sent("sd-farsta", limit=100, before=10**9)
    assert len(found) == 6
