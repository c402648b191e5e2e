"""The time, as something that is handed over: whoever needs it receives a `Clock`, so that no test waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


# This version was written after it, so a clock before it is wrong.
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
# So far may the clocks of several hubs be apart.
TOLERATED_STEP: Final = timedelta(minutes=1)


def find_fault(now: datetime, last_entry_at: datetime | None) -> str | None:
    """What is wrong with a clock that says `now` when the log's last entry was written then."""
    if now < EARLIEST:
        return "the clock says a time before this program was"
    if last_entry_at is not None and last_entry_at > now + TOLERATED_STEP:
        return f"the log's last entry is {(last_entry_at - now).total_seconds():.0f} s ahead of the clock"
    return None


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """Stands still until it is advanced. Raises `ValueError` for an instant without an offset."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("an instant needs an offset from UTC")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by
