"""Ending between two steps, and waiting that ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_FIRST_WAIT_SECONDS: Final = 1.0
_LONGEST_WAIT_SECONDS: Final = 60.0


class Stop:
    """Asked for once, by a signal; looked at by everything that runs."""

    def __init__(self) -> None:
        self._asked_for = asyncio.Event()

    def ask(self) -> None:
        self._asked_for.set()

    def is_asked_for(self) -> bool:
        return self._asked_for.is_set()

    async def wait(self) -> None:
        await self._asked_for.wait()

    async def pause(self, seconds: float) -> None:
        """Waits, but not longer than until the stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked_for.wait(), seconds)

    async def unless(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work gives; None, and the work cancelled, when the stop comes first. For work without effect."""
        working, stopping = asyncio.create_task(work), asyncio.create_task(self.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)


class Backoff:
    """Growing waits with a random part, so that many adapters do not come back at the same moment."""

    def __init__(self) -> None:
        self._next = _FIRST_WAIT_SECONDS

    def reset(self) -> None:
        self._next = _FIRST_WAIT_SECONDS

    def next_seconds(self) -> float:
        seconds = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
        self._next = min(self._next * 2, _LONGEST_WAIT_SECONDS)
        return seconds
