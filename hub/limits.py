"""How much one unit may ask in an hour: buckets that fill up again evenly, counted against the injected clock.

A count belongs to one process and starts anew with it: with several processes a unit may reach each of them once.
That is weaker than it looks on paper and strong enough for what it is for, to stop a program that tries persons one
by one and to tell a human of it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from routing.vocabulary import HUB

HOUR: Final = timedelta(hours=1)
_SWEPT_FROM: Final = 1024
_TOLD_AN_HOUR: Final = 60
TRIALS_AN_HOUR: Final = 120
"""Of the page that examines a connection, by address (`hub/api/forwarding.py`)."""


class Limit(StrEnum):
    """What is counted. Wire values of the log."""

    REQUESTS = "requests"
    PERSON_LOOKUPS = "person_lookups"
    TRIALS = "trials"


@dataclass(frozen=True, slots=True)
class LimitReached(Exception):
    """The unit has asked more than it may. `is_news`: nobody has been told of it within the hour."""

    limit: Limit
    unit_id: str
    retry_after: timedelta
    is_news: bool


class Buckets:
    """One bucket per name. It holds `size`, every call takes from it, and it fills up evenly over an hour.

    Only what was taken lately is remembered: a bucket that is full again is forgotten."""

    def __init__(self, size: int) -> None:
        self._drop = HOUR / size
        self._full_at: dict[Hashable, datetime] = {}
        self._swept_from = _SWEPT_FROM

    def take(self, name: Hashable, at: datetime, amount: int = 1) -> timedelta | None:
        """None when there was enough; else how long until there is, and nothing is taken. A call that asks for more
        than a bucket holds is let through by a full one, which then takes longer to fill."""
        known = self._full_at.get(name, at)
        # Not beyond an hour: a clock that was set back must not lock anybody out for longer.
        full_at = min(max(known, at), at + HOUR)
        wait = full_at + min(amount * self._drop, HOUR) - at - HOUR
        if wait > timedelta(0):
            return wait
        self._full_at[name] = full_at + amount * self._drop
        self._sweep(at)
        return None

    def __len__(self) -> int:
        return len(self._full_at)

    def _sweep(self, at: datetime) -> None:
        if len(self._full_at) < self._swept_from:
            return
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > at}
        self._swept_from = max(_SWEPT_FROM, 2 * len(self._full_at))


class Limits:
    """The limits of one hub. A size of 0 is no limit."""

    def __init__(self, *, requests: int, person_lookups: int) -> None:
        self._requests = Buckets(requests) if requests else None
        self._lookups = Buckets(person_lookups) if person_lookups else None
        self._trials = Buckets(TRIALS_AN_HOUR)
        self._news = Buckets(1)
        self._told = Buckets(_TOLD_AN_HOUR)

    def count_requests(self, unit_id: str, at: datetime, amount: int = 1) -> None:
        """Raises `LimitReached`."""
        if self._requests is not None:
            self._count(self._requests, Limit.REQUESTS, unit_id, unit_id, at, amount)

    def count_lookup(self, unit_id: str, person_key: str, at: datetime) -> None:
        """`unit_id` asks whether the hub knows this person. Counted for each unit by itself, so that the answer tells
        nobody what others have asked. Raises `LimitReached`."""
        if self._lookups is not None:
            self._count(self._lookups, Limit.PERSON_LOOKUPS, unit_id, (unit_id, person_key), at, 1)

    def count_trial(self, address: str, at: datetime) -> None:
        """Somebody at `address` tries whether a connection is right. Raises `LimitReached`, in the hub's own name."""
        wait = self._trials.take(address, at)
        if wait is not None:
            raise LimitReached(Limit.TRIALS, HUB, wait, self._news.take(Limit.TRIALS, at) is None)

    def is_worth_telling(self, what: str, unit_id: str, at: datetime) -> bool:
        """Whether the log should hear of another refusal: the first ones of an hour tell enough."""
        return self._told.take((what, unit_id), at) is None

    def _count(self, buckets: Buckets, limit: Limit, unit_id: str, name: Hashable, at: datetime, amount: int) -> None:
        wait = buckets.take(name, at, amount)
        if wait is not None:
            is_news = self._news.take((limit, name), at) is None
            raise LimitReached(limit, unit_id, wait, is_news)
