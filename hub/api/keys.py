"""What a request carries for its handlers, typed."""

from __future__ import annotations

from aiohttp import web

from hub.identity.port import Caller
from hub.identity.roles import Staff
from hub.service import Hub
from hub.store.people import Session

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
STAFF: web.RequestKey[Staff] = web.RequestKey("staff", Staff)
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
IS_PAGE: web.RequestKey[bool] = web.RequestKey("is_page", bool)


def hub_of(request: web.Request) -> Hub:
    return request.app[HUB]


def caller_of(request: web.Request) -> Caller:
    """The unit that calls. Only routes whose access is not public may ask."""
    return request[CALLER]


def staff_of(request: web.Request) -> Staff:
    """The person who calls. Only routes whose access is a role may ask."""
    return request[STAFF]
