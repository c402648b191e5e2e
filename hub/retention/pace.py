"""What may wait gives way to those who wait: on the embedded store gallring runs on the thread that serves every call.

Short runs rest not at all. A long one, when a million bodies come due at once, works a twentieth of the time and takes
its hours: a page is some ten milliseconds, which only one call in twenty then meets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

# Seconds: worked before the first rest; the longest rest, so that a hub that stops need not wait.
FREE: Final = 0.25
LONGEST: Final = 1.0
RESTS: Final = 19.0
"""How many times as long as the work."""


class Pace:
    """One run's. It begins when the run does."""

    def __init__(
        self,
        rests: float = RESTS,
        *,
        seconds: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._rests = rests
        self._seconds = seconds
        self._sleep = sleep
        self._owed = -FREE * rests
        self._since = seconds()

    async def give_way(self) -> None:
        """Between two pages: everybody else has a turn, and more than one after much work."""
        self._owed += (self._seconds() - self._since) * self._rests
        rest = min(max(self._owed, 0.0), LONGEST)
        await self._sleep(rest)
        self._owed -= rest
        self._since = self._seconds()
