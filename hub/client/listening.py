"""Hearing of everything that arrives, in order, without asking all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

from hub.client.answers import ClaimCheck, InboxPage

Ask = Callable[[str | None], Coroutine[Any, Any, InboxPage]]

T = TypeVar("T")

PAUSE: Final = timedelta(seconds=1)


async def each_claim(
    ask: Ask, *, stop: asyncio.Event | None, pause: timedelta = PAUSE
) -> AsyncGenerator[ClaimCheck, None]:
    """What is in the inbox and what comes, oldest first, each once, until `stop`.

    `ask` gives the page behind a cursor and waits for something to be there. Whoever answers at once with
    nothing new is asked again only after `pause`.
    """
    cursor: str | None = None
    seen: frozenset[str] = frozenset()
    clock = asyncio.get_running_loop().time
    while stop is None or not stop.is_set():
        asked_at = clock()
        page = await unless_stopped(ask(cursor), stop)
        if page is None:
            return
        fresh = [claim for claim in page.items if claim.delivery not in seen]
        for claim in fresh:
            yield claim
        if page.next is not None and page.next != cursor:
            cursor, seen = page.next, frozenset()
        else:  # no cursor behind the last page: it will be asked for again, with what is known
            seen = frozenset(claim.delivery for claim in page.items)
        if not fresh and clock() - asked_at < pause.total_seconds():
            await unless_stopped(asyncio.sleep(pause.total_seconds()), stop)


async def unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event | None) -> T | None:
    """What the work gives; None, and the work cancelled, when `stop` comes first."""
    if stop is None:
        return await work
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
