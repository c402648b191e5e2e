"""What recipients did not take: copies that wait, and dead letters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.store import port, records
from hub.store.dead_letters import DeadLetter, DeadLetterQuery, DeathReason
from hub.store.records import DeliveryState
from tests.contract import stored

NOON = stored.NOON


async def send(store: port.Store, **changes: Any) -> records.StoredDelivery:
    written, _, delivery = stored.sent(**changes)
    await stored.keep(store, written)
    return delivery


async def bury(store: port.Store, delivery: records.StoredDelivery, **changes: Any) -> DeadLetter:
    letter = DeadLetter(
        **{"reason": DeathReason.POISON, "attempts": 5, "died_at": NOON} | changes, delivery_id=delivery.delivery_id
    )
    step = records.DeliveryChange(delivery.delivery_id, state=DeliveryState.DEAD)
    changed = records.Changes(buried=[letter], delivery_changes=[step], acknowledged=[delivery.delivery_id])
    await stored.keep(store, changed)
    return letter


def letters(store: port.Store, **query: Any) -> list[str]:
    return [each.letter.delivery_id for each in store.reader().list_dead_letters(DeadLetterQuery(**query))]


def due(store: port.Store, **after: float) -> list[str]:
    return store.reader().list_unread_due(NOON + timedelta(**after), limit=10)


async def test_names_unread_copies_whose_time_has_come_the_longest_overdue_first(store: port.Store) -> None:
    later = await send(store, delivery={"next_at": NOON + timedelta(hours=2)})
    sooner = await send(store, delivery={"next_at": NOON + timedelta(hours=1)})
    await send(store)
    assert due(store, minutes=59) == []
    assert due(store, hours=1) == [sooner.delivery_id]
    assert due(store, hours=3) == [sooner.delivery_id, later.delivery_id]
    assert store.reader().list_unread_due(NOON + timedelta(days=1), limit=1) == [sooner.delivery_id]


@pytest.mark.parametrize(
    "step",
    [
        {"state": DeliveryState.READ},
        {"state": DeliveryState.DEAD},
        {"acked_at": NOON},
        {"next_at": NOON + timedelta(days=9)},
    ],
)
async def test_names_no_copy_that_was_read_taken_over_given_up_or_put_off(
    store: port.Store, step: dict[str, Any]
) -> None:
    delivery = await send(store, delivery={"next_at": NOON})
    assert due(store) == [delivery.delivery_id]
    await stored.keep(store, records.Changes(delivery_changes=[records.DeliveryChange(delivery.delivery_id, **step)]))
    assert due(store, days=1) == []


async def test_a_dead_letter_tells_what_it_was(store: port.Store) -> None:
    written, message, delivery = stored.sent()
    await stored.keep(store, written)
    letter = await bury(store, delivery)
    (found,) = store.reader().list_dead_letters(DeadLetterQuery())
    assert found.letter == letter
    assert (found.unit_id, found.sequence) == (delivery.unit_id, delivery.sequence)
    assert (found.message_id, found.type, found.sender) == (message.key.message_id, message.type, message.sender)
    assert store.reader().list_unpublished(limit=10) == []


async def test_looks_for_dead_letters_by_unit_reason_type_and_id_page_by_page(store: port.Store) -> None:
    one = await send(store)
    two = await send(store, unit_id="af-farsta")
    three = await send(store, type="plan.proposed")
    await bury(store, three, reason=DeathReason.UNROUTABLE)
    for each in (two, one):
        await bury(store, each)
    assert letters(store) == [one.delivery_id, two.delivery_id, three.delivery_id]
    assert letters(store, unit_id="af-farsta") == [two.delivery_id]
    assert letters(store, reason=DeathReason.UNROUTABLE) == [three.delivery_id]
    assert letters(store, type="referral.submitted") == [one.delivery_id, two.delivery_id]
    assert letters(store, delivery_ids=[three.delivery_id, "unknown"]) == [three.delivery_id]
    assert letters(store, delivery_ids=[]) == []
    first, second = store.reader().list_dead_letters(DeadLetterQuery(limit=2))
    assert letters(store, after=second.position) == [three.delivery_id]
    assert first.position < second.position
    assert store.reader().count_dead_letters() == 3


async def test_reviving_puts_a_dead_letter_into_the_outbox_again(store: port.Store) -> None:
    delivery, other = await send(store), await send(store)
    for each in (delivery, other):
        await bury(store, each)
    step = records.DeliveryChange(delivery.delivery_id, state=DeliveryState.PENDING, next_at=NOON)
    await stored.keep(store, records.Changes(revived=[delivery.delivery_id], delivery_changes=[step]))
    assert letters(store) == [other.delivery_id]
    (claim,) = store.reader().list_unpublished(limit=10)
    assert (claim.delivery_id, claim.sequence) == (delivery.delivery_id, delivery.sequence)
    assert store.reader().count_by_state() == {"pending": 1, "dead": 1}


async def test_dropping_takes_a_dead_letter_off_the_list_only(store: port.Store) -> None:
    delivery = await send(store)
    await bury(store, delivery)
    await stored.keep(store, records.Changes(dropped=[delivery.delivery_id, "unknown"]))
    assert letters(store) == []
    assert store.reader().count_by_state() == {"dead": 1}
    assert store.reader().list_unpublished(limit=10) == []
