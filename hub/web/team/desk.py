"""Which unit somebody works for at the desk just now, and what every page of the desk begins with."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.api.keys import SESSION, hub_of, staff_of
from hub.api.problems import call_problem
from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.identity.staffing import KeepSession
from hub.service import Hub
from hub.web import frame
from hub.web.naming import Naming
from hub.web.team import showing
from routing.directory import Unit


def unit_of(request: web.Request) -> str:
    """The unit that the person works for: the one chosen, else the first of the person's own."""
    chosen = request[SESSION].memory.get("unit", "")
    staff = staff_of(request)
    return chosen if staff.may_act_for(chosen) else staff.units[0]


def naming_for(request: web.Request) -> Naming:
    return Naming(hub_of(request), frame.words_for(request))


def known_unit(hub: Hub, unit_id: str) -> Unit:
    """The unit's row. One that has gone from the directory has no desk."""
    unit = hub.directory.find_unit(unit_id)
    if unit is None:
        raise call_problem("NOT_FOUND")
    return unit


async def choose_unit(request: web.Request) -> web.Response:
    """Somebody who works for several units goes over to another."""
    chosen = str((await request.post()).get("unit", ""))
    if not staff_of(request).may_act_for(chosen):
        raise call_problem("NOT_FOUND")
    session = request[SESSION]
    await hub_of(request).group.submit(KeepSession(session.session_key, session.memory | {"unit": chosen}))
    return frame.see_other("/team")


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page of the desk."""
    naming, unit_id = naming_for(request), unit_of(request)
    units = [(each, naming.unit(each)) for each in staff_of(request).units]
    common: dict[str, Any] = {"n": naming, "unit_id": unit_id, "unit_name": naming.unit(unit_id), "units": units}
    common["in_words"] = lambda value: showing.say(value, naming) if value else ""
    return frame.page(request, template, status=status, **common, **values)


async def record_paper(request: web.Request, paper: str, *, case_id: str | None) -> None:
    """Says in the log that a paper was made, before it leaves the hub."""
    detail = {"document": paper}
    event = RecordEvent(AuditAction.DOCUMENT_MADE, detail, staff_of(request).actor, unit_of(request), case_id=case_id)
    await hub_of(request).group.submit(event)


async def record_act(
    request: web.Request, act: str, *, message_id: str | None = None, case_id: str | None = None, **detail: str
) -> None:
    """Says in the log which person acted for the unit; the unit's own entry stands beside it."""
    event = RecordEvent(
        AuditAction.STAFF_ACTED,
        {"act": act, **detail},
        staff_of(request).actor,
        unit_of(request),
        message_id,
        case_id,
    )
    await hub_of(request).group.submit(event)
