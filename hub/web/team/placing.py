"""Where a form stands: its type, its unit, its case, and what the case already says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hub.api.answers import uuid_of
from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.web.team import cases, composing, desk, offering, presets
from hub.web.team.composing import Place
from routing.case import Case
from schemas.registry import UnknownSchema


@dataclass(frozen=True, slots=True)
class Around:
    """What the form's case and plan say, for what is filled in beforehand."""

    person: Mapping[str, Any] | None = None
    plan: Mapping[str, Any] | None = None
    consent: Mapping[str, Any] | None = None


async def find_place(request: web.Request) -> Place:
    """Where the form stands. A type that this unit does not send, and a case that is not its own, do not exist."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    name = request.match_info["type"]
    rule, unit = hub.rulebook.find_type(name), hub.directory.find_unit(unit_id)
    if rule is None or unit is None or unit.kind not in rule.senders:
        raise call_problem("NOT_FOUND")
    try:
        message_type = hub.registry.get_type(name)
    except UnknownSchema:
        raise call_problem("NOT_FOUND") from None
    case, answered = await hub.store.ask(lambda: (_case(request, unit_id), _answered(request, unit_id)))
    return Place(
        hub,
        desk.naming_for(request),
        unit_id,
        unit.kind,
        message_type,
        rule,
        case,
        composing.team_for(hub, unit_id, case, request.query.get("team", "")),
        answered,
    )


def _case(request: web.Request, unit_id: str) -> Case | None:
    given = request.query.get("case")
    if given is None:
        return None
    case_id = uuid_of(given)
    case = offering.find_case(hub_of(request), case_id, unit_id) if case_id else None
    if case is None:
        raise call_problem("NOT_FOUND")
    return case


def _answered(request: web.Request, unit_id: str) -> str | None:
    """The message that this one answers, by the copy that the unit has."""
    delivery_id = uuid_of(request.query.get("answers", ""))
    if delivery_id is None:
        return None
    view = hub_of(request).reader.find_deliveries([delivery_id]).get(delivery_id)
    if view is None or view.delivery.unit_id != unit_id:
        raise call_problem("NOT_FOUND")
    return view.message.key.message_id


async def look_around(request: web.Request, place: Place) -> Around:
    """The person and plan of the case, from what the seat has opened; the consent that the address names."""
    hub = place.hub
    consent = await hub.store.ask(lambda: _consent(request, place))
    if place.case is None:
        return Around(consent=consent)
    case = place.case
    sent, received = await hub.store.ask(lambda: cases.list_messages(hub, place.unit_id, case.case_id))
    opening = cases.Opening(request, case, sent, received)
    needs_plan = place.message_type.name in (presets.JOINT_PLAN, presets.FOLLOW_UP)
    plan = await opening.find_plan() if needs_plan else None
    return Around(await opening.find_person() if place.names_person else None, plan, consent)


def _consent(request: web.Request, place: Place) -> Mapping[str, Any] | None:
    consent_id = uuid_of(request.query.get("consent", ""))
    if consent_id is None or place.case is None:
        return None
    for strip in cases.list_strips(place.hub, place.case.person_key, place.unit_id):
        if strip.consent.consent_id == consent_id:
            edges = [(holder, each, told) for holder, recipients, told, _ in strip.edges for each in recipients]
            known = strip.consent
            return {
                "consent_id": known.consent_id,
                "version": known.version,
                "purpose": known.purpose,
                "edges": edges,
            }
    raise call_problem("NOT_FOUND")
