"""Answers that must look alike are given at the end of one stretch of time."""

from __future__ import annotations

import asyncio

# Longer than deciding and committing take, and no burden to a program that waits.
SLOT_SECONDS = 0.02


class Slot:
    """A stretch of time that begins with a request. Whoever answers at its end answers alike, however long it took."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = loop.create_future()
        # Set at the beginning: a timer for the rest would carry the time that was used in its rounding.
        self._timer = loop.call_later(SLOT_SECONDS, self._end)

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def rest(self) -> None:
        """Waits for the end, and no longer for who has worked longer."""
        # libuv reckons how long to sleep from the time at which this turn of the loop began, so that what was done in
        # this turn would come on top. Another turn, and the time is read anew.
        await asyncio.sleep(0)
        await self._over

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, *raised: object) -> None:
        self._timer.cancel()


def open_slot() -> Slot:
    return Slot()
