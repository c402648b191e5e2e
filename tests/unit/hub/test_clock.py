from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub import clock


def test_the_system_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    now = clock.SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_a_fixed_clock_stands_still_until_it_is_advanced() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    fixed = clock.FixedClock(noon)
    assert fixed.now() == fixed.now() == noon
    fixed.advance(timedelta(minutes=5))
    assert fixed.now() == noon + timedelta(minutes=5)


def test_a_fixed_clock_tells_utc_whatever_it_was_set_by() -> None:
    fixed = clock.FixedClock(datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    assert fixed.now().tzinfo is UTC
    assert fixed.now().hour == 12


def test_a_fixed_clock_refuses_an_instant_without_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.FixedClock(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point
