"""When a claim check is sent again, and when an endpoint is left in peace. Pure: chance and time are arguments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

PATIENCE: Final = timedelta(days=5)
"""As Standard Webhooks recommends: a long weekend and a day to find out."""

_WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 12 * 3600)
)
_JITTER: Final = 0.2
LONGEST_RETRY_AFTER: Final = timedelta(days=1)

FAILURES_TO_OPEN: Final = 5
_FIRST_REST: Final = timedelta(seconds=30)
_LONGEST_REST: Final = timedelta(hours=1)


def next_attempt(attempts: int, at: datetime, retry_after: timedelta | None, chance: float) -> datetime:
    """When to try again after `attempts` of them; `chance` from 0 to 1 spreads those that failed together. What the
    endpoint asked for counts where it is longer, up to a day."""
    wait = _spread(_WAITS[min(attempts, len(_WAITS)) - 1], chance)
    asked = min(max(retry_after or timedelta(0), timedelta(0)), LONGEST_RETRY_AFTER)
    return at + max(wait, asked)


def rests_until(failures: int, at: datetime, retry_after: timedelta | None, chance: float) -> datetime | None:
    """Until when nothing is sent to an endpoint that failed so many times in a row; None: it goes on at once."""
    asked = at + min(retry_after, LONGEST_RETRY_AFTER) if retry_after and retry_after > timedelta(0) else None
    if failures < FAILURES_TO_OPEN:
        return asked
    rest = at + _spread(min(_FIRST_REST * 2 ** min(failures - FAILURES_TO_OPEN, 10), _LONGEST_REST), chance)
    return rest if asked is None else max(rest, asked)


def most_at_once(failures: int, most: int) -> int:
    """An endpoint that has been failing gets one claim check to show that it is back."""
    return 1 if failures >= FAILURES_TO_OPEN else most


def _spread(wait: timedelta, chance: float) -> timedelta:
    return wait * (1 + _JITTER * (2 * chance - 1))
