"""Buckets that fill up again, and what the hub does when one is empty."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import limits
from hub.clock import FixedClock
from hub.limits import Buckets, Limit, LimitReached, Limits
from hub.service import Hub
from hub.store.records import AuditQuery
from tests.support import events, judging, office, persons

NOON = judging.NOON
SECOND = timedelta(seconds=1)


def test_a_full_bucket_gives_what_it_holds_and_no_more() -> None:
    buckets = Buckets(1000)
    assert [buckets.take("a", NOON) for _ in range(1000)] == [None] * 1000
    assert buckets.take("a", NOON) == timedelta(seconds=3.6)


def test_whoever_waits_as_long_as_was_said_gets_one_more_and_only_one() -> None:
    buckets = Buckets(1000)
    for _ in range(1000):
        buckets.take("a", NOON)
    wait = buckets.take("a", NOON)
    assert wait is not None
    assert buckets.take("a", NOON + wait - SECOND) is not None
    assert buckets.take("a", NOON + wait) is None
    assert buckets.take("a", NOON + wait) is not None


def test_asking_in_vain_takes_nothing() -> None:
    buckets = Buckets(2)
    waits = [buckets.take("a", NOON) for _ in range(50)]
    assert set(waits[2:]) == {timedelta(minutes=30)}


def test_each_name_has_its_own() -> None:
    buckets = Buckets(1)
    assert buckets.take("a", NOON) is None
    assert buckets.take("b", NOON) is None
    assert buckets.take("a", NOON) is not None


def test_more_than_a_bucket_holds_is_taken_from_a_full_one_only() -> None:
    buckets = Buckets(10)
    assert buckets.take("a", NOON, 100) is None
    assert buckets.take("a", NOON, 1) is not None
    buckets.take("b", NOON)
    assert buckets.take("b", NOON, 100) is not None


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer_than_an_hour() -> None:
    buckets = Buckets(1)
    buckets.take("a", NOON + timedelta(days=300))
    wait = buckets.take("a", NOON)
    assert wait is not None
    assert wait <= timedelta(hours=1)


def test_full_buckets_are_forgotten() -> None:
    buckets = Buckets(1000)
    for second in range(5000):
        buckets.take(second, NOON + second * SECOND)
    assert len(buckets) <= limits._SWEPT_FROM


@given(
    size=st.integers(1, 50),
    steps=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 3)), max_size=60),
)
def test_nobody_gets_more_than_twice_its_size_in_any_hour(size: int, steps: list[tuple[int, int]]) -> None:
    """What it held, and what came to it meanwhile."""
    buckets, at, given_at = Buckets(size), NOON, []
    for seconds, amount in steps:
        at += seconds * SECOND
        given_at += [at for _ in range(amount) if buckets.take("a", at) is None]
    for begin in given_at:
        assert sum(begin <= each < begin + timedelta(hours=1) for each in given_at) <= 2 * size


def test_no_limit_is_none() -> None:
    free = Limits(requests=0, person_lookups=0)
    for _ in range(5000):
        free.count_requests("sd-farsta", NOON)
        free.count_lookup("sd-farsta", "0" * 32, NOON)


def test_that_it_is_reached_is_news_once_an_hour() -> None:
    strict = Limits(requests=1, person_lookups=0)

    def ask(after: timedelta) -> tuple[Limit, str, bool] | None:
        try:
            strict.count_requests("sd-farsta", NOON + after)
        except LimitReached as reached:
            return reached.limit, reached.unit_id, reached.is_news
        return None

    def told(*, is_news: bool) -> tuple[Limit, str, bool]:
        return Limit.REQUESTS, "sd-farsta", is_news

    minutes = [0, 1, 2, 50, 60, 61, 62]
    news, old = told(is_news=True), told(is_news=False)
    assert [ask(timedelta(minutes=each)) for each in minutes] == [None, news, old, old, None, news, old]


def alarms(hub: Hub) -> list[dict[str, object]]:
    rows = hub.reader.list_audit(AuditQuery(limit=5000))
    return [json.loads(row.entry) for row in rows if row.action == "limit_reached"]


async def ask_about(hub: Hub, unit: str, person: persons.Person) -> None:
    await office.tell(hub, "referral.submitted", unit, person=person)


async def test_the_1001st_question_about_a_person_in_an_hour_is_refused_and_told_in_the_log(hub: Hub) -> None:
    unit, asked = "sd-farsta", events.data("referral.submitted", at=hub.clock.now(), person=persons.ASTA)
    for _ in range(1000):
        hub.limits.count_lookup(unit, hub.vault.person_key(persons.ASTA.number), hub.clock.now())
    for _ in range(3):
        with pytest.raises(LimitReached) as reached:
            await office.send(hub, "referral.submitted", unit, asked)
    assert reached.value.retry_after == timedelta(seconds=3.6)
    (alarm,) = alarms(hub)
    assert (alarm["actor"], alarm["code"]) == (unit, "person_lookups")
    assert persons.ASTA.number not in json.dumps(alarm)


async def test_a_dry_run_counts_as_a_question(hub: Hub) -> None:
    hub.limits = Limits(requests=0, person_lookups=2)
    asked = events.data("referral.submitted", at=hub.clock.now(), person=persons.ASTA)
    event = events.event("referral.submitted", "sd-farsta", asked, at=hub.clock.now())
    for _ in range(2):
        await hub.explain(office.envelopes.parse_structured(event), "sd-farsta")
    with pytest.raises(LimitReached):
        await hub.explain(office.envelopes.parse_structured(event), "sd-farsta")
    with pytest.raises(LimitReached):
        await ask_about(hub, "sd-farsta", persons.ASTA)


async def test_what_one_unit_asks_is_not_counted_against_another_nor_for_another_person(hub: Hub) -> None:
    hub.limits = Limits(requests=0, person_lookups=1)
    await ask_about(hub, "sd-farsta", persons.ASTA)
    await ask_about(hub, "sd-farsta", persons.BO)
    await ask_about(hub, "sd-jarva", persons.ASTA)
    with pytest.raises(LimitReached):
        await ask_about(hub, "sd-farsta", persons.ASTA)


async def test_messages_of_a_known_case_ask_about_nobody(hub: Hub) -> None:
    case, _, _ = await office.refer(hub)
    hub.limits = Limits(requests=0, person_lookups=1)
    for _ in range(3):
        await office.tell(hub, "plan.decided", "sd-farsta", case)


async def test_after_the_time_that_was_told_the_unit_may_ask_again(hub: Hub) -> None:
    hub.limits = Limits(requests=0, person_lookups=1)
    await ask_about(hub, "sd-farsta", persons.ASTA)
    with pytest.raises(LimitReached) as reached:
        await ask_about(hub, "sd-farsta", persons.ASTA)
    clock = hub.clock
    assert isinstance(clock, FixedClock)
    clock.advance(reached.value.retry_after)
    await ask_about(hub, "sd-farsta", persons.ASTA)
