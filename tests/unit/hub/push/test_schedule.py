"""When it is tried again, and when an endpoint is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.push import schedule, signing

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_waits_grow_and_fill_five_days() -> None:
    at, attempts = AT, 0
    while at < AT + schedule.PATIENCE:
        attempts += 1
        after = schedule.next_attempt(attempts, at, None, 0.5)
        assert after > at
        at = after
    assert 15 <= attempts <= 25


@pytest.mark.parametrize("attempts", [1, 5, 100])
def test_chance_spreads_those_that_failed_together(attempts: int) -> None:
    waits = [schedule.next_attempt(attempts, AT, None, chance) - AT for chance in (0.0, 0.5, 1.0)]
    assert waits == sorted(set(waits))
    assert waits[0] == waits[1] * 0.8
    assert waits[2] == waits[1] * 1.2


def test_what_the_endpoint_asks_for_counts_where_it_is_longer_and_no_longer_than_a_day() -> None:
    asked = [timedelta(hours=1), timedelta(seconds=1), timedelta(days=400), timedelta(seconds=-5)]
    waits = [schedule.next_attempt(1, AT, each, 0.5) - AT for each in asked]
    assert waits == [timedelta(hours=1), timedelta(seconds=5), timedelta(days=1), timedelta(seconds=5)]


def test_an_endpoint_rests_after_five_failures_longer_and_longer_up_to_an_hour() -> None:
    rests = [schedule.rests_until(failures, AT, None, 0.5) for failures in range(1, 20)]
    assert rests[:4] == [None] * 4
    lengths = [rest - AT for rest in rests[4:] if rest]
    assert lengths == sorted(lengths)
    assert lengths[0] == timedelta(seconds=30)
    assert lengths[-1] == timedelta(hours=1)
    assert schedule.rests_until(1, AT, timedelta(minutes=3), 0.5) == AT + timedelta(minutes=3)
    assert [schedule.most_at_once(failures, 4) for failures in (0, 4, 5, 50)] == [4, 4, 1, 1]


def test_a_new_secret_counts_beside_the_old_one_for_a_day_and_no_longer() -> None:
    known = (signing.Secret(signing.new_secret()),)
    known = signing.rotate(known, signing.new_secret(), AT)
    known = signing.rotate(known, signing.new_secret(), AT + timedelta(hours=1))

    def count(**later: float) -> int:
        return len(signing.sign(known, "id", AT + timedelta(**later), b"{}")["webhook-signature"].split())

    assert [count(hours=hours) for hours in (1, 23, 24, 25)] == [3, 3, 2, 1]
    assert signing.load(signing.dump(known)) == known
