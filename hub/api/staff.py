"""The staff table over HTTP: for administrators, and for `samverkan staff` on the hub's own machine."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer, known_parameters, path_id
from hub.api.keys import hub_of, staff_of
from hub.api.looking import REASON_NAMES, record_usual_look
from hub.api.problems import call_problem
from hub.identity import roles
from hub.identity.roles import Grant
from hub.identity.staffing import ChangeStaff, EndSessions, RemoveStaff, Why
from hub.service import Hub
from hub.store.people import StaffMember
from routing.consent import STOCKHOLM
from schemas.registry import Fault

_NAMES = frozenset({"iss", "sub", "name", "roles"})


async def list_staff(request: web.Request) -> web.Response:
    """Everybody who may sign in, by name, also those who no longer may."""
    known_parameters(request, *REASON_NAMES)
    await record_usual_look(request, "staff")
    hub = hub_of(request)
    members = await hub.store.ask(hub.reader.list_staff)
    return answer({"items": [_row(member) for member in members]})


async def put_staff(request: web.Request) -> web.Response:
    """Adds a member, or replaces name and roles of the one with the same (iss, sub)."""
    hub = hub_of(request)
    given = await _read_body(request)
    faults = _faults(hub, given)
    if faults:
        raise call_problem("STAFF_WRONG", faults)
    grants = frozenset(roles.read_grant(text) for text in given["roles"])
    at = hub.clock.now()
    member = StaffMember(str(uuid.uuid4()), given["iss"], given["sub"], given["name"], grants, at)
    stored = await hub.group.submit(ChangeStaff(staff_of(request).actor, member))
    return answer(_row(stored))


async def remove_staff(request: web.Request) -> web.Response:
    """Ends a member: no more signing in, and open sessions are over."""
    hub = hub_of(request)
    if not await hub.group.submit(RemoveStaff(staff_of(request).actor, path_id(request, "id"))):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


async def end_sessions(request: web.Request) -> web.Response:
    """Ends all sessions of a member, who may sign in again."""
    hub, staff_id = hub_of(request), path_id(request, "id")
    if staff_id not in await hub.store.ask(lambda: hub.reader.find_staff([staff_id])):
        raise call_problem("NOT_FOUND")
    command = EndSessions(staff_of(request).actor, staff_id, Why.ADMINISTRATOR)
    return answer({"ended": await hub.group.submit(command)})


def _row(member: StaffMember) -> dict[str, Any]:
    return {
        "staff": member.staff_id,
        "iss": member.iss,
        "sub": member.sub,
        "name": member.name,
        "roles": sorted(str(grant) for grant in member.grants),
        "changed": member.changed_at.isoformat(),
        "ended": member.ended_at.isoformat() if member.ended_at else None,
    }


async def _read_body(request: web.Request) -> dict[str, Any]:
    given = await bodies.read_json(request)
    if not isinstance(given, dict) or given.keys() != _NAMES:
        raise call_problem("STAFF_WRONG", [Fault("", "object", "Ett objekt med " + ", ".join(sorted(_NAMES)))])
    return given


def _faults(hub: Hub, given: dict[str, Any]) -> list[Fault]:
    faults = [
        Fault(f"/{name}", "format", "Skrivbar ASCII utan mellanslag, högst 255 tecken.")
        for name in ("iss", "sub")
        if not isinstance(given[name], str) or not roles.is_subject(given[name])
    ]
    name = given["name"]
    if not isinstance(name, str) or not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        faults.append(Fault("/name", "format", "Ett namn, högst 100 tecken."))
    given_roles = given["roles"]
    if not isinstance(given_roles, list) or not given_roles or len(given_roles) > 100:
        return [*faults, Fault("/roles", "minItems", "Minst en roll, i en lista.")]
    return faults + [
        Fault(
            f"/roles/{index}", "role", "administrator, auditor, data_officer, handlaggare:ENHET, team_coordinator:TEAM"
        )
        for index, text in enumerate(given_roles)
        if not _is_grant(hub, text)
    ]


def _is_grant(hub: Hub, text: object) -> bool:
    try:
        grant = roles.read_grant(text) if isinstance(text, str) else None
    except roles.WrongGrant:
        return False
    return grant is not None and _unit_fits(hub, grant)


def _unit_fits(hub: Hub, grant: Grant) -> bool:
    """A coordinator is of a team, a handläggare of any unit, open today."""
    if not grant.unit:
        return True
    unit = hub.directory.find_unit(grant.unit)
    if unit is None or not unit.is_open(hub.clock.now().astimezone(STOCKHOLM).date()):
        return False
    return unit.kind == "team" or grant.role is not roles.Role.TEAM_COORDINATOR
