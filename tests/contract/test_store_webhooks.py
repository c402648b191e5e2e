"""Endpoints of units, and claim checks on their way there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.store import port, records
from hub.store.dead_letters import DeadLetter, DeathReason
from hub.store.records import DeliveryState
from hub.store.webhooks import Webhook
from tests.contract import stored

NOON = stored.NOON
LATER = datetime(2100, 1, 1, tzinfo=NOON.tzinfo)  # the store's own clock gives the first `next_at`


def webhook(unit_id: str = "jt-sydost", **changes: Any) -> Webhook:
    values: dict[str, Any] = {"url": "https://vaxel.example.se/", "sealed": b"sealed secrets", "changed_at": NOON}
    return Webhook(**values | changes, unit_id=unit_id)


async def register(store: port.Store, *many: Webhook) -> None:
    await stored.keep(store, records.Changes(webhooks=list(many)))


async def send(store: port.Store, **changes: Any) -> str:
    written, _, delivery = stored.sent(**changes)
    await stored.keep(store, written)
    return delivery.delivery_id


def due(store: port.Store, unit_id: str = "jt-sydost", at: datetime = LATER, limit: int = 10) -> list[str]:
    return [each.push.delivery_id for each in store.reader().list_due_pushes(unit_id, at, limit=limit)]


async def test_keeps_an_endpoint_and_gives_it_back(store: port.Store) -> None:
    plain = webhook()
    failing = webhook(
        "af-farsta",
        failures=7,
        failing_since=NOON,
        rests_until=NOON + timedelta(hours=1),
        is_active=False,
        ended_by="gone",
    )
    await register(store, plain, failing)
    found = store.reader().find_webhooks(["jt-sydost", "af-farsta", "sd-farsta"])
    assert found == {"jt-sydost": plain, "af-farsta": failing}
    assert store.reader().list_webhook_units() == {"jt-sydost"}
    changed = replace(plain, url="https://annan.example.se/")
    await register(store, changed)
    assert store.reader().find_webhooks(["jt-sydost"]) == {"jt-sydost": changed}


async def test_what_comes_for_a_unit_with_an_endpoint_is_on_its_way_in_the_same_commit(store: port.Store) -> None:
    await register(store, webhook(), webhook("af-farsta", is_active=False))
    mine = await send(store)
    await send(store, unit_id="af-farsta")
    await send(store, unit_id="sd-skarpnack")
    message = stored.message()
    refused = records.Changes(messages=[message], deliveries=[stored.refused(message)])
    await stored.keep(store, refused)
    assert due(store) == [mine]
    assert due(store, "af-farsta") == due(store, "sd-skarpnack") == []
    (found,) = store.reader().list_due_pushes("jt-sydost", LATER, limit=10)
    assert (found.push.attempts, found.push.leased_until) == (0, None)
    assert (found.claim.delivery_id, found.claim.unit_id) == (mine, "jt-sydost")
    assert store.reader().oldest_push_at() == found.push.created_at


async def test_within_a_case_only_the_oldest_is_due_and_other_cases_do_not_wait(store: port.Store) -> None:
    await register(store, webhook())
    first, second = [await send(store, delivery={"sequence": number}) for number in (1, 2)]
    other = await send(store, lane_id="case-2", case_id="case-2", delivery={"sequence": 1})
    assert due(store) == [first, other]
    await stored.keep(store, records.Changes(finished_pushes=[first]))
    assert sorted(due(store)) == sorted([second, other])


async def test_what_is_leased_or_put_off_is_not_due_and_what_follows_in_its_case_waits(
    store: port.Store,
) -> None:
    await register(store, webhook())
    first, _ = [await send(store, delivery={"sequence": number}) for number in (1, 2)]
    push = store.reader().find_pushes([first, "unknown"])[first]
    leased = replace(push, attempts=1, leased_until=LATER + timedelta(minutes=1))
    await stored.keep(store, records.Changes(pushes=[leased]))
    assert store.reader().find_pushes([first]) == {first: leased}
    assert due(store) == []
    assert due(store, at=LATER + timedelta(minutes=1)) == [first]
    put_off = replace(push, attempts=1, next_at=LATER + timedelta(hours=1))
    await stored.keep(store, records.Changes(pushes=[put_off]))
    assert due(store) == []
    tried = store.reader().find_announcements([first])[first]
    assert (tried.attempts, tried.next_at) == (1, put_off.next_at)
    assert due(store, at=LATER + timedelta(hours=1)) == [first]


async def test_names_endpoints_that_have_something_due_and_do_not_rest(store: port.Store) -> None:
    await register(store, webhook(), webhook("af-farsta", rests_until=LATER), webhook("sd-farsta"))
    await send(store)
    await send(store, unit_id="af-farsta")
    early = LATER - timedelta(microseconds=1)
    assert [each.unit_id for each in store.reader().list_due_webhooks(early)] == ["jt-sydost"]
    assert [each.unit_id for each in store.reader().list_due_webhooks(LATER)] == ["af-farsta", "jt-sydost"]


async def test_a_new_endpoint_gets_what_is_unread_once(store: port.Store) -> None:
    unread = await send(store)
    read = await send(store, lane_id="case-2", delivery={"state": DeliveryState.READ})
    taken = await send(store, lane_id="case-3", delivery={"acked_at": NOON})
    for _ in range(2):
        await stored.keep(store, records.Changes(webhooks=[webhook()], pushed_anew=["jt-sydost"]))
    assert due(store) == [unread]
    assert not {read, taken} & set(due(store))


@pytest.mark.parametrize("ended", [True, False])
async def test_an_endpoint_that_ended_or_is_removed_loses_what_was_on_its_way(store: port.Store, ended: bool) -> None:
    await register(store, webhook(), webhook("af-farsta"))
    await send(store)
    kept = await send(store, unit_id="af-farsta")
    changes = (
        records.Changes(webhooks=[webhook(is_active=False, ended_by="gone")])
        if ended
        else records.Changes(removed_webhooks=["jt-sydost"])
    )
    await stored.keep(store, changes)
    assert due(store) == []
    assert due(store, "af-farsta") == [kept]
    assert ("jt-sydost" in store.reader().find_webhooks(["jt-sydost"])) is ended


async def test_a_revived_dead_letter_is_on_its_way_again_with_no_attempt_made(store: port.Store) -> None:
    await register(store, webhook())
    delivery = await send(store)
    buried = records.Changes(
        buried=[DeadLetter(delivery, DeathReason.PUSH_EXHAUSTED, 20, NOON)],
        delivery_changes=[records.DeliveryChange(delivery, state=DeliveryState.DEAD)],
        acknowledged=[delivery],
        finished_pushes=[delivery],
    )
    await stored.keep(store, buried)
    assert due(store) == []
    step = records.DeliveryChange(delivery, state=DeliveryState.PENDING)
    await stored.keep(store, records.Changes(revived=[delivery], delivery_changes=[step]))
    assert due(store) == [delivery]
    assert store.reader().find_pushes([delivery])[delivery].attempts == 0


async def test_names_what_has_been_on_its_way_too_long_to_endpoints_that_fail(store: port.Store) -> None:
    await register(store, webhook(failures=3, failing_since=NOON), webhook("af-farsta"))
    failing = await send(store)
    await send(store, unit_id="af-farsta")
    created = store.reader().find_pushes([failing])[failing].created_at
    assert store.reader().list_exhausted_pushes(created - timedelta(microseconds=1), limit=10) == []
    assert store.reader().list_exhausted_pushes(LATER, limit=10) == [failing]


@pytest.mark.parametrize("erased", ["erased_bodies", "erased_metadata"])
async def test_what_is_erased_by_schedule_is_not_told_of_any_more(store: port.Store, erased: str) -> None:
    await register(store, webhook())
    await send(store)
    await stored.keep(store, records.Changes(**{erased: [store.reader().last_message_position()]}))
    assert due(store) == []
    assert store.reader().oldest_push_at() is None


async def test_a_person_that_is_forgotten_leaves_no_trace_in_what_is_on_its_way(store: port.Store) -> None:
    await register(store, webhook())
    first, second = [await send(store, delivery={"sequence": number}) for number in (1, 2)]
    await stored.keep(store, records.Changes(shreds=[records.Shred({"case-1": "case-shredded"})]))
    assert due(store) == [first]
    await stored.keep(store, records.Changes(finished_pushes=[first]))
    assert due(store) == [second]
