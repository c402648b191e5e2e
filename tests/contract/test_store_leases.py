"""Claims of several relays on one outbox: each claim check is one relay's at a time, each lane too, and leases end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.store import port, records
from tests.contract import stored

AT = stored.NOON
LEASE = timedelta(seconds=30)


async def lease(store: port.Store, holder: str, at: datetime = AT, limit: int = 100) -> list[str]:
    group = store.begin()
    claims = group.lease_due_deliveries(holder, at=at, until=at + LEASE, limit=limit)
    await store.commit(group)
    return [claim.delivery_id for claim in claims]


async def put(store: port.Store, *lanes: str, unit_id: str = "jt-sydost") -> list[str]:
    """One copy in each of these lanes, in this order; the ids of the copies."""
    ids = []
    for lane_id in lanes:
        changes, _, copy = stored.sent(lane_id=lane_id, case_id=lane_id, unit_id=unit_id)
        await stored.keep(store, changes)
        ids.append(copy.delivery_id)
    return ids


async def publish(store: port.Store, *delivery_ids: str) -> None:
    await stored.keep(store, records.Changes(published=list(delivery_ids)))


def waiting(store: port.Store) -> Sequence[str]:
    return [claim.delivery_id for claim in store.reader().list_unpublished(limit=100)]


async def test_leases_what_waits_oldest_first(store: port.Store) -> None:
    ids = await put(store, "case-a", "case-b", "case-c")
    assert await lease(store, "one", limit=2) == ids[:2]
    assert await lease(store, "two") == ids[2:]


async def test_what_one_has_leased_no_other_gets(store: port.Store) -> None:
    ids = await put(store, "case-a", "case-b")
    assert await lease(store, "one") == ids
    assert await lease(store, "two", AT + LEASE - timedelta(seconds=1)) == []
    assert await lease(store, "one", AT + LEASE - timedelta(seconds=1)) == []


async def test_a_lease_ends_by_itself(store: port.Store) -> None:
    ids = await put(store, "case-a", "case-b")
    await lease(store, "one")
    assert await lease(store, "two", AT + LEASE) == ids
    assert await lease(store, "one", AT + LEASE + timedelta(seconds=1)) == []


async def test_a_lane_is_one_relays_at_a_time_and_holds_up_no_other(store: port.Store) -> None:
    first, _ = await put(store, "case-a", "case-b")
    assert await lease(store, "one", limit=1) == [first]
    await put(store, "case-a")
    theirs = await lease(store, "two")
    assert len(theirs) == 1
    await publish(store, *theirs)
    assert await lease(store, "two") == []
    await publish(store, first)
    assert len(await lease(store, "two")) == 1


async def test_the_same_case_to_another_unit_is_another_lane(store: port.Store) -> None:
    [first] = await put(store, "case-a")
    assert await lease(store, "one") == [first]
    [other] = await put(store, "case-a", unit_id="af-farsta")
    assert await lease(store, "two") == [other]


async def test_a_lease_that_a_clock_ahead_has_given_does_not_last_until_then(store: port.Store) -> None:
    ids = await put(store, "case-a", "case-b")
    assert await lease(store, "ahead", AT + timedelta(days=400)) == ids
    assert await lease(store, "right") == ids


async def test_a_lease_of_a_clock_that_is_a_little_ahead_counts(store: port.Store) -> None:
    ids = await put(store, "case-a", "case-b")
    assert await lease(store, "ahead", AT + timedelta(seconds=59)) == ids
    assert await lease(store, "right") == []


async def test_after_a_lease_has_ended_the_lane_goes_on_in_its_order(store: port.Store) -> None:
    [first] = await put(store, "case-a")
    await lease(store, "one")
    [second] = await put(store, "case-a")
    assert await lease(store, "two") == []
    assert await lease(store, "two", AT + LEASE) == [first, second]


async def test_leases_nothing_that_is_published_or_acknowledged(store: port.Store) -> None:
    published, acknowledged, waits = await put(store, "case-a", "case-b", "case-c")
    await publish(store, published)
    await stored.keep(store, records.Changes(acknowledged=[acknowledged]))
    assert await lease(store, "one") == [waits]


async def test_a_lease_that_is_rolled_back_is_none(store: port.Store) -> None:
    ids = await put(store, "case-a")
    group = store.begin()
    assert len(group.lease_due_deliveries("one", at=AT, until=AT + LEASE, limit=9)) == 1
    store.roll_back(group)
    assert await lease(store, "two") == ids


async def test_takes_back_what_a_broker_may_have_lost(store: port.Store) -> None:
    lost, acknowledged = await put(store, "case-a", "case-b")
    [theirs] = await put(store, "case-a", unit_id="af-farsta")
    await lease(store, "one")
    await publish(store, lost, acknowledged, theirs)
    await stored.keep(store, records.Changes(acknowledged=[acknowledged]))
    published_at = stored.NOON + timedelta(minutes=5)  # the clock of the stores under test
    group = store.begin()
    assert group.take_back(["jt-sydost"], before=published_at - timedelta(seconds=1)) == 0
    assert group.take_back([], before=published_at) == 0
    assert group.take_back(["jt-sydost"], before=published_at) == 1
    await store.commit(group)
    assert waiting(store) == [lost]
    # Whoever held it is done with it: it can be leased at once.
    assert await lease(store, "two") == [lost]
    assert store.reader().count_by_state() == {"notified": 3}
