"""The reason for a look, on pages: asked for once, kept by the session, written into the log at every look."""

from __future__ import annotations

from aiohttp import web

from hub.api.keys import SESSION, hub_of
from hub.identity import reasons
from hub.identity.reasons import Reason
from hub.identity.staffing import KeepSession


def find_reason(request: web.Request) -> Reason | None:
    """The reason that this session looks for; None until one is given, and after it was taken back."""
    memory = request[SESSION].memory
    try:
        return reasons.read(memory.get("reason"), memory.get("reference"))
    except reasons.ReasonWrong:
        return None


async def keep_reason(request: web.Request) -> Reason:
    """Takes the form's `reason` and `reference` into the session. Raises `ReasonWrong`."""
    form = await request.post()
    reason = reasons.read(str(form.get("reason", "")), str(form.get("reference", "")))
    session = request[SESSION]
    memory = session.memory | {"reason": reason.code, "reference": reason.reference}
    await hub_of(request).group.submit(KeepSession(session.session_key, memory))
    return reason
