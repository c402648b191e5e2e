"""Both directions side by side, until a stop; or each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from adapters.filedrop.incoming import Incoming
from adapters.filedrop.outgoing import Outgoing
from adapters.filedrop.stopping import Backoff, Stop
from adapters.filedrop.tally import Tally
from adapters.filedrop.tokens import TokenSource

# How long the hub may hold back an empty inbox; below its limit of 30 s.
LISTENING: Final = timedelta(seconds=25)
# How long a step under way may take after a stop. Cut off later it is taken up again at the next start.
GRACE_SECONDS: Final = 15.0


async def run_once(outgoing: Outgoing, incoming: Incoming, tally: Tally, stop: Stop) -> bool:
    """Sends what is there, fetches what is there. False when something was refused, bad, or has to wait."""
    sent = await outgoing.send_waiting(stop)
    received = await incoming.receive_waiting(stop)
    return sent and received and not tally.holds_a_no


async def follow(outgoing: Outgoing, incoming: Incoming, tokens: TokenSource, stop: Stop, poll_seconds: float) -> None:
    """Both directions until the stop; the step under way is finished."""
    sending = _repeat(lambda: outgoing.send_waiting(stop), tokens, stop, poll_seconds)
    receiving = _repeat(lambda: incoming.receive_waiting(stop, LISTENING), tokens, stop, poll_seconds)
    tasks = [asyncio.create_task(sending), asyncio.create_task(receiving)]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        stop.ask()  # one that ended by itself has failed; the other is not left alone
        await asyncio.wait(tasks, timeout=GRACE_SECONDS)
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        ended = await asyncio.gather(*tasks, stopping, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception):
            raise result


async def _repeat(
    run_pass: Callable[[], Awaitable[bool]], tokens: TokenSource, stop: Stop, poll_seconds: float
) -> None:
    backoff = Backoff()
    while not stop.is_asked_for():
        if await run_pass():
            backoff.reset()
            await stop.pause(poll_seconds)
        elif not stop.is_asked_for():
            tokens.forget()
            await stop.pause(max(poll_seconds, backoff.next_seconds()))
