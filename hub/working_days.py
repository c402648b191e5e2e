"""Swedish working days: not Saturdays, Sundays, public holidays, midsommarafton, julafton or nyårsafton
(lag 1989:253 om allmänna helgdagar, lag 1930:173 om beräkning av lagstadgad tid)."""

from __future__ import annotations

import functools
from datetime import date

from holidays import DE_FACTO, PUBLIC, country_holidays


@functools.lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    return day.isoweekday() <= 5 and day not in _holidays()


@functools.cache
def _holidays() -> set[date] | dict[date, str]:
    # DE_FACTO are the three eves, which are no public holidays and yet counted like them.
    return country_holidays("SE", categories=(PUBLIC, DE_FACTO))
