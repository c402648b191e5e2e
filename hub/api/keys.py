"""What a request carries for its handlers, typed."""

from __future__ import annotations

from aiohttp import web

from hub.identity.port import Caller
from hub.service import Hub

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)


def hub_of(request: web.Request) -> Hub:
    return request.app[HUB]


def caller_of(request: web.Request) -> Caller:
    """The unit that calls. Only routes whose access is not public may ask."""
    return request[CALLER]
