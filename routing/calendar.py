"""Days, months and years as the rules count them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta


def years(born_on: date, on: date) -> int:
    """The age in whole years. Who is born on 29 February has a birthday on 1 March in other years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def birthday(born_on: date, age: int) -> date:
    """The day on which somebody reaches the age; as `years` counts."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return date(born_on.year + age, 3, 1)


def months_after(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def working_day_at_or_after(day: date, is_working_day: Callable[[date], bool]) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def working_days_after(day: date, count: int, is_working_day: Callable[[date], bool]) -> date:
    """The working day `count` working days later. The day itself is not counted."""
    for _ in range(count):
        day = working_day_at_or_after(day + timedelta(days=1), is_working_day)
    return day
