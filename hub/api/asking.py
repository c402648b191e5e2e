"""Calls that only look something up, off the event loop where the store is another machine."""

from __future__ import annotations

import functools
from collections.abc import Callable

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.routes import Handler


def asking(look_up: Callable[[web.Request], web.Response]) -> Handler:
    """The handler that carries `look_up` out where its waiting for the store holds up nobody else. It reads of the
    request only what is there when it begins: path, query and caller."""

    @functools.wraps(look_up)
    async def handle(request: web.Request) -> web.Response:
        return await hub_of(request).store.ask(lambda: look_up(request))

    return handle
