"""Another master key, while the hub runs."""

from __future__ import annotations

import structlog
from aiohttp import web

from hub.api.answers import answer
from hub.api.keys import hub_of, staff_of
from hub.api.problems import call_problem
from hub.key_file import KeyLocked
from hub.vault import VaultLocked

log = structlog.get_logger()


async def rotate(request: web.Request) -> web.Response:
    """Makes a new key (or takes the one that the command prints first) and wraps every data key with it."""
    try:
        done = await hub_of(request).rotation.rotate(staff_of(request).actor)
    except (VaultLocked, KeyLocked):
        log.exception("key_not_rotated")
        raise call_problem("UNAVAILABLE") from None
    return answer({"before": done.before, "after": done.after, "keys": done.keys})
