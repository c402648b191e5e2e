"""Answers that must look alike are given at the end of a stretch of time, all as long as each other."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

# Longer than deciding and committing take, and no burden to a program that waits.
SLOT_SECONDS = 0.02

# The loop's own timers reckon in whole milliseconds, from the time at which a turn began: what was done before one
# waits would come through in the fraction. A thread sleeps until the very instant. Whoever comes when all of them sleep
# waits in line.
_SLEEPERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="slot")


class Slot:
    """A stretch of time that begins with a request. Whoever answers at its end answers alike, however long it took.

    A busy hub may need longer than one stretch: then the answer comes at the end of the second, or of the third, so
    that making the hub busy does not make it talk.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def rest(self) -> None:
        """Waits for the end of the stretch that has begun."""
        await asyncio.get_running_loop().run_in_executor(_SLEEPERS, self._sleep)

    def _sleep(self) -> None:
        time.sleep((self._began - time.monotonic()) % SLOT_SECONDS)
