"""Hearing of what arrives as server-sent events (WHATWG HTML, 9.2), through every break of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp
import pydantic

from hub.client.answers import ClaimCheck
from hub.client.errors import AnswerNotUnderstood
from hub.client.listening import unless_stopped

Open = Callable[[str | None], AbstractAsyncContextManager[aiohttp.StreamReader]]

PAUSE: Final = timedelta(seconds=1)
# Three heartbeats: a connection that is silent for so long is dead, whatever the system says of it.
SILENCE: Final = timedelta(seconds=45)
LONGEST_LINE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; None for an id that it did not have."""

    id: str | None
    data: str


async def each_streamed(
    open_stream: Open, *, stop: asyncio.Event | None, pause: timedelta = PAUSE
) -> AsyncGenerator[ClaimCheck, None]:
    """Claim checks as they come until `stop`; after a break from behind the last one. `open_stream` takes its id."""
    last: str | None = None
    while stop is None or not stop.is_set():
        try:
            async with open_stream(last) as lines:
                events = read_events(lines)
                while (event := await unless_stopped(anext(events, None), stop)) is not None:
                    claim = _read_claim(event)
                    last = event.id or last
                    yield claim
        except (aiohttp.ClientError, TimeoutError):
            pass  # broken in the middle: what was not heard comes again
        await unless_stopped(asyncio.sleep(pause.total_seconds()), stop)


async def read_events(lines: aiohttp.StreamReader) -> AsyncIterator[ServerEvent]:
    """The events of a stream until it ends. Comments and fields of no use here are passed over. Raises
    `AnswerNotUnderstood` for a line that no hub writes."""
    event_id: str | None = None
    data: list[str] = []
    while line := await _read_line(lines):
        name, _, value = line.rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            event_id = value
        elif not name and not line.strip() and data:
            yield ServerEvent(event_id, "\n".join(data))
            event_id, data = None, []


async def _read_line(lines: aiohttp.StreamReader) -> str:
    try:
        raw = await lines.readline(max_line_length=LONGEST_LINE)
        return raw.decode() if raw.endswith(b"\n") else ""  # half a line is none: the stream broke off there
    except (ValueError, aiohttp.http_exceptions.LineTooLong):
        raise AnswerNotUnderstood("not a stream of events") from None


def _read_claim(event: ServerEvent) -> ClaimCheck:
    try:
        return ClaimCheck.model_validate_json(event.data)
    except pydantic.ValidationError:
        raise AnswerNotUnderstood("not a ClaimCheck") from None
