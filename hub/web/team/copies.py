"""Opening a message: a disclosure, decided and logged as for every other reader. And what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from aiohttp import web

from hub.api.answers import path_id
from hub.api.inbox import NOTE_LONGEST
from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.delivery.answering import AlreadyAnswered, Outcome
from hub.delivery.reading import Gone, NotYours, Opened
from hub.service import Hub
from hub.store.records import DeliveryState, DeliveryView
from hub.web import frame
from hub.web.team import desk, offering, showing
from hub.web.team.inbox import UNREAD
from routing import screening
from schemas.registry import UnknownSchema


async def show_copy(request: web.Request) -> web.Response:
    """What has been opened before is shown again; what has not, waits behind a button."""
    view = await _own(request)
    if view.delivery.state in UNREAD:
        return _closed(request, view)
    return await _open(request, view)


async def open_copy(request: web.Request) -> web.Response:
    """The button: from here on the unit has seen it."""
    return await _open(request, await _own(request))


async def _own(request: web.Request) -> DeliveryView:
    hub, delivery_id = hub_of(request), path_id(request, "delivery")
    view = await hub.store.ask(lambda: hub.reader.find_deliveries([delivery_id]).get(delivery_id))
    if view is None or view.delivery.unit_id != desk.unit_of(request) or view.delivery.sequence is None:
        raise call_problem("NOT_FOUND")
    return view


def _closed(request: web.Request, view: DeliveryView) -> web.Response:
    return desk.page(request, "team/closed_copy.html", view=view, sender=view.message.sender)


async def _open(request: web.Request, view: DeliveryView) -> web.Response:
    hub, delivery_id = hub_of(request), view.delivery.delivery_id
    answered = await hub.read(delivery_id, desk.unit_of(request))
    match answered:
        case Opened(event):
            await desk.record_act(request, "open", message_id=view.message.key.message_id, case_id=view.message.case_id)
            return await _show(request, view, event)
        case Gone():
            return desk.page(request, "team/gone.html", status=410)
        case NotYours():
            raise call_problem("NOT_FOUND")


async def _show(
    request: web.Request, view: DeliveryView, event: Mapping[str, Any], *, faults: Mapping[str, str] | None = None
) -> web.Response:
    hub, unit_id, delivery_id = hub_of(request), desk.unit_of(request), view.delivery.delivery_id
    fresh = await hub.store.ask(lambda: hub.reader.find_deliveries([delivery_id])[delivery_id])
    actions = await hub.store.ask(lambda: offering.actions_for(hub, unit_id, view.message.case_id, answers=view))
    return desk.page(
        request,
        "team/copy.html",
        status=422 if faults else 200,
        view=fresh,
        event=event,
        handling=event["data"].get("handling", {}),
        person=event["data"].get("person"),
        rows=rows_of(request, view, event["data"]),
        actions=actions,
        faults=faults or {},
        note_longest=NOTE_LONGEST,
        is_handled=fresh.delivery.state is DeliveryState.HANDLED,
    )


def rows_of(request: web.Request, view: DeliveryView, data: Mapping[str, Any]) -> tuple[showing.Row, ...]:
    """The content in words."""
    try:
        document = hub_of(request).registry.get_type(view.message.type, view.message.version).document
    except UnknownSchema:
        return ()
    content = document["properties"]["content"]
    return showing.show(document, content, data.get("content", {}), desk.naming_for(request))


async def answer_copy(request: web.Request) -> web.Response:
    """Marks it as handled, with a word to its sender if one likes. A second press changes nothing."""
    hub, view = hub_of(request), await _own(request)
    form = await request.post()
    outcome, note = str(form.get("outcome", "")), str(form.get("note", "")).strip()
    faults = _faults(outcome, note)
    if faults:
        opened = await hub.read(view.delivery.delivery_id, desk.unit_of(request))
        if isinstance(opened, Opened):
            return await _show(request, view, opened.event, faults=faults)
        return desk.page(request, "team/gone.html", status=410)
    chosen: Outcome = next(each for each in get_args(Outcome) if each == outcome)
    answered = await hub.report_handled(view.delivery.delivery_id, desk.unit_of(request), chosen, note or None)
    if isinstance(answered, NotYours):
        raise call_problem("NOT_FOUND")
    if isinstance(answered, AlreadyAnswered):
        raise call_problem("ALREADY_ANSWERED")
    await hub.acknowledge(view.delivery.delivery_id, desk.unit_of(request))
    await desk.record_act(request, "handled", message_id=view.message.key.message_id, case_id=view.message.case_id)
    case_id = view.message.case_id
    return frame.see_other(f"/team/cases/{case_id}?done=handled" if case_id else "/team?done=handled")


def _faults(outcome: str, note: str) -> dict[str, str]:
    faults = {}
    if outcome not in get_args(Outcome):
        faults["outcome"] = "team.copy.choose_outcome"
    if len(note) > NOTE_LONGEST:
        faults["note"] = "team.copy.note_too_long"
    elif note and screening.names_a_number(note):
        faults["note"] = "team.copy.note_names_a_number"
    return faults


async def check_copy(request: web.Request) -> web.Response:
    """Asked by a page that shows somebody, when anything arrives: 204 while it may still be shown.

    Nothing is opened by it: it only looks whether the message has been stopped or its key destroyed meanwhile."""
    view = await _own(request)
    hub = hub_of(request)
    if await hub.store.ask(lambda: is_there(hub, view)):
        return web.Response(status=204, headers=frame.HEADERS)
    return desk.page(request, "team/gone_part.html")


def is_there(hub: Hub, view: DeliveryView) -> bool:
    """Whether what was shown can still be there."""
    if view.delivery.state in (DeliveryState.REFUSED, DeliveryState.EXPIRED) or not view.message.sealed:
        return False
    return view.message.lane_id in hub.reader.find_data_keys([view.message.lane_id])
