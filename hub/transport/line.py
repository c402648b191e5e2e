"""A connection to the broker that has one owner, who rebuilds it whatever happens to it.

The library's own robust connection is not used: what it does while it reconnects cannot be told from here (its issues
#636, #508, #231, #256). A plain one is closed at the first doubt and made anew, after a pause that grows and differs
between processes. The library also lets `asyncio.CancelledError` out when a connection dies under it; that is
told apart from being cancelled by asking the task.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from yarl import URL

from hub.transport.port import TransportUnavailable

log = structlog.get_logger()

HEARTBEAT_SECONDS: Final = 10  # a silent broker is given up after (10 + 1) * 3 s
CONNECT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 2.0
FIRST_PAUSE: Final = 0.5
# Two lines for each process: a broker that comes back is not hurt by so many, and nobody waits long after it.
LONGEST_PAUSE: Final = 5.0

Equipment = TypeVar("Equipment")


class Line(Generic[Equipment]):
    """`equip` makes of a fresh connection what the user of the line works with: channels, queues, consumers.
    `on_return` is called when it is up again after having been lost."""

    def __init__(
        self,
        url: str,
        name: str,
        equip: Callable[[AbstractConnection], Awaitable[Equipment]],
        *,
        on_return: Callable[[], None] | None = None,
    ) -> None:
        self._url = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS)
        self._name = name
        self._equip = equip
        self._on_return = on_return
        self._was_up = False
        self._equipment: Equipment | None = None
        self._is_up = asyncio.Event()
        self._is_broken = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None
        self._is_closed = False

    async def get(self, timeout: float) -> Equipment:
        """What the line is equipped with, once it is up. Raises `TransportUnavailable` after `timeout` seconds."""
        if self._is_closed:
            raise TransportUnavailable("the transport is closed")
        if self._owner is None or self._owner.done():
            self._owner = asyncio.create_task(self._own(), name=f"broker-{self._name}")
        if self._equipment is None:
            try:
                async with asyncio.timeout(timeout):
                    await self._is_up.wait()
            except TimeoutError:
                raise TransportUnavailable("the broker is not reached") from None
        if self._equipment is None:
            raise TransportUnavailable("the broker was lost at once")
        return self._equipment

    def give_up(self, equipment: Equipment) -> None:
        """Something went wrong with it: the owner makes another, unless it has already."""
        if self._equipment is equipment:
            self._break()

    def _break(self, *_: Any) -> None:
        self._equipment = None
        self._is_up.clear()
        self._is_broken.set()

    async def close(self) -> None:
        """Twice is fine."""
        self._is_closed = True
        owner, self._owner = self._owner, None
        while owner is not None and not owner.done():
            # Not once: while a connection is being made the library may swallow it.
            owner.cancel()
            await asyncio.wait([owner], timeout=CLOSE_SECONDS)

    async def _own(self) -> None:
        pause = FIRST_PAUSE
        while True:
            lived = False
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection = await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)
                lived = await self._use(connection)
            except (Exception, asyncio.CancelledError) as fault:
                if is_cancelled():
                    raise
                log.warning("broker_lost", line=self._name, reason=type(fault).__name__)
            self._break()
            pause = FIRST_PAUSE if lived else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come at once

    async def _use(self, connection: AbstractConnection) -> bool:
        """True once it has been up; it is broken then."""
        try:
            self._is_broken.clear()
            connection.close_callbacks.add(self._break)
            async with asyncio.timeout(CONNECT_SECONDS):
                self._equipment = await self._equip(connection)
            if is_cancelled():
                raise asyncio.CancelledError
            if self._is_broken.is_set():  # while it was being equipped
                return False
            self._is_up.set()
            log.info("broker_reached", line=self._name)
            if self._on_return is not None and self._was_up:
                self._on_return()
            self._was_up = True
            await self._is_broken.wait()
            return True
        finally:
            self._break()
            await close(connection)


async def close(connection: AbstractConnection) -> None:
    """Also one that does not answer any more."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.close()
    except (Exception, asyncio.CancelledError):
        if is_cancelled():
            raise


def is_cancelled() -> bool:
    """Whether somebody wants the running task to end, as opposed to a `CancelledError` that a library let out."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
