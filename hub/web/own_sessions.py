"""The windows that a person is signed in with: to see, and to end, wherever they were left."""

from __future__ import annotations

from aiohttp import web

from hub.api.keys import SESSION, hub_of, staff_of
from hub.api.problems import call_problem
from hub.identity.staffing import EndSessions, Why
from hub.web import frame

PATH = "/sessions"


async def show(request: web.Request) -> web.Response:
    """Those that are running, the newest first."""
    hub, staff_id = hub_of(request), staff_of(request).staff_id
    found = await hub.store.ask(lambda: hub.reader.list_sessions(staff_id, hub.clock.now()))
    return frame.page(
        request,
        "sessions.html",
        sessions=found,
        mine=request[SESSION].session_key,
        most=hub.settings.sessions_per_person,
        ended="ended" in request.query,
    )


async def end(request: web.Request) -> web.Response:
    """The one that the form names, or all others. One of another person's is as one that is not there."""
    chosen = str((await request.post()).get("session", ""))
    staff, mine = staff_of(request), request[SESSION].session_key
    command = EndSessions(staff.actor, staff.staff_id, Why.CHOSEN, only=chosen or None, spared=mine)
    ended = await hub_of(request).group.submit(command)
    if chosen and not ended:
        raise call_problem("NOT_FOUND")
    return frame.see_other(f"{PATH}?ended")
