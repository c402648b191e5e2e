"""Days, months and years as the rules count them."""

from __future__ import annotations

from datetime import date

import pytest

from routing import calendar


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 2, 2), 0, date(2026, 2, 2)),
    ],
)
def test_a_month_ends_where_it_has_no_such_day(day: date, months: int, expected: date) -> None:
    assert calendar.months_after(day, months) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2025, 2, 28), 16), (date(2025, 3, 1), 17), (date(2028, 2, 28), 19), (date(2028, 2, 29), 20)],
)
def test_who_is_born_on_a_leap_day_ages_on_the_first_of_march(on: date, expected: int) -> None:
    assert calendar.years(date(2008, 2, 29), on) == expected
