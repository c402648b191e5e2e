"""A unit's inbox as server-sent events (WHATWG HTML, 9.2): claim checks only, each with its position as the event's id.

A listener that comes back with `Last-Event-ID` goes on behind that position; without it everything that is not yet
acknowledged comes first. The stream ends with the token that opened it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import orjson
import structlog
from aiohttp import web

from hub.api.answers import PRIVATE, bad_parameter, cursor, known_parameters
from hub.api.inbox import claim_check
from hub.api.keys import caller_of, hub_of
from hub.api.problems import call_problem
from hub.delivery.following import TooManyListeners
from hub.store.port import StoreUnavailable
from hub.store.records import ClaimCheck
from hub.transport.port import TransportUnavailable

log = structlog.get_logger()

MEDIA_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "Last-Event-ID"
# Whoever has not taken one page in so long is not reading; the position is kept where it was, by the listener.
STALLED_SECONDS: Final = 60.0
_RETRY: Final = b"retry: 2000\n\n"
_HEARTBEAT: Final = b": vi finns kvar\n\n"


class _Stalled(Exception):
    """The listener does not take what is sent."""


async def stream_inbox(request: web.Request) -> web.StreamResponse:
    """Claim checks as they come, until the listener leaves, its token ends or the hub stops."""
    known_parameters(request, "cursor")
    after = _last_event_id(request)
    try:
        with hub_of(request).following.place(caller_of(request).unit_id):
            return await _stream(request, after)
    except TooManyListeners:
        raise call_problem("TOO_MANY_STREAMS", Retry_After="15") from None


async def _stream(request: web.Request, after: int) -> web.StreamResponse:
    # A proxy that gathers an answer before it passes it on would hold the events back.
    response = web.StreamResponse(headers={**PRIVATE, "Content-Type": MEDIA_TYPE, "X-Accel-Buffering": "no"})
    await response.prepare(request)
    try:
        await _write(response, _RETRY)
        await _follow(request, response, after)
    except _Stalled:
        log.info("stream_stalled", unit=caller_of(request).unit_id)
        if request.transport is not None:
            request.transport.abort()
    except (StoreUnavailable, TransportUnavailable, ConnectionError):
        pass  # the answer has begun, so all that can be said is that it ends; the listener comes back
    return response


async def _follow(request: web.Request, response: web.StreamResponse, after: int) -> None:
    hub, caller = hub_of(request), caller_of(request)
    left = (caller.expires_at - hub.clock.now()).total_seconds()
    hub.metrics.inbox_streams.inc()
    try:
        async with asyncio.timeout(left), aclosing(hub.following.follow(caller.unit_id, after)) as pages:
            async for page in pages:
                await _write(response, _as_events(page))
    except TimeoutError:
        return  # the token has ended: whoever still has a right to listen comes with a new one
    finally:
        hub.metrics.inbox_streams.dec()


def _as_events(page: Sequence[ClaimCheck]) -> bytes:
    if not page:
        return _HEARTBEAT
    return b"".join(b"id: %d\ndata: %s\n\n" % (claim.position, orjson.dumps(claim_check(claim))) for claim in page)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    """Returns when the connection has room again."""
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await response.write(data)
    except TimeoutError:
        raise _Stalled from None


def _last_event_id(request: web.Request) -> int:
    """Where to go on: the header that every listener sends when it comes back, else the parameter of the first call."""
    text = request.headers.get(LAST_EVENT_ID)
    if not text:
        return cursor(request) or 0
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise bad_parameter(LAST_EVENT_ID, "Numret på den sista händelsen som kom fram.")
