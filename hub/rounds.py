"""Work that comes round again and again while the hub runs, and that may fail without harm to anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hub.commit_group import Overloaded
from hub.store.port import StoreUnavailable

log = structlog.get_logger()


class Rounds:
    """Calls `work` every `seconds`, the first time `at_once` or when so many have passed. `name` is for the log."""

    def __init__(
        self, work: Callable[[], Awaitable[None]], seconds: float, name: str, *, at_once: bool = False
    ) -> None:
        self._work = work
        self._seconds = seconds
        self._name = name
        self._at_once = at_once
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Ends after what is under way. Twice is fine."""
        self._closing.set()
        if self._task is not None:
            await self._task
            self._task = None

    @property
    def is_running(self) -> bool:
        return self._task is not None

    @property
    def is_stopping(self) -> bool:
        """Whether long work should come to its end."""
        return self._closing.is_set()

    async def _run(self) -> None:
        if self._at_once:
            await self._round()
        while not await self._is_over():
            await self._round()

    async def _round(self) -> None:
        try:
            await self._work()
        except (StoreUnavailable, Overloaded) as fault:
            log.warning("round_waits", work=self._name, reason=type(fault).__name__)
        except Exception:
            log.exception("round_fault", work=self._name)

    async def _is_over(self) -> bool:
        """False when the time for another round has come first."""
        try:
            await asyncio.wait_for(self._closing.wait(), self._seconds)
        except TimeoutError:
            return False
        return True
