"""Sending, and looking up what one has sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hub.api import signing
from hub.api.answers import (
    answer,
    bad_parameter,
    cursor,
    instant,
    known_parameters,
    path_id,
    read_body,
    uuid_of,
    whole_number,
)
from hub.api.asking import asking
from hub.api.keys import caller_of, hub_of
from hub.api.problems import Problem, call_problem, rate_problem, refusal_problem
from hub.commit_group import Overloaded
from hub.delivery import notes
from hub.delivery.reading import UNREAD
from hub.intake import receipts
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.limits import LimitReached
from hub.service import Hub
from hub.store.port import StoreUnavailable
from hub.store.records import DeliveryState, MessageKey, StoredDelivery, StoredMessage
from schemas import envelope as envelopes
from schemas import strict_json
from schemas.envelope import Envelope, NotAnEvent
from schemas.registry import Fault


async def post_message(request: web.Request) -> web.Response:
    """One event, structured or binary, or a batch of up to 100 where each is judged alone."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    body = await read_body(request)
    event = _read_event(request, body)
    signed = await signing.read_evidence(request, body, is_batch=isinstance(event, list))
    if isinstance(event, list):
        await hub.count_requests(caller, max(0, len(event) - 1))  # the call itself has been counted
        # Started in order and judged in order, but committed together.
        return answer(await asyncio.gather(*(_accept_one(hub, entry, caller) for entry in event)))
    accepted = await hub.accept(event, caller, signed)
    if isinstance(accepted, NotAccepted):
        raise refusal_problem(accepted, hub.rulebook)
    response = answer(accepted.receipt, 200 if accepted.duplicate else 202)
    return response if signed is None else signing.sign_receipt(request, response)


async def explain_message(request: web.Request) -> web.Response:
    """The receipt that the event would get, or the problem; nothing is stored."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    event = _read_event(request, await read_body(request))
    if isinstance(event, list):
        raise call_problem("WRONG_MEDIA_TYPE")
    explained = await hub.explain(event, caller)
    if isinstance(explained, NotAccepted):
        raise refusal_problem(explained, hub.rulebook)
    return answer(explained.receipt)


def _read_event(request: web.Request, body: bytes) -> Envelope | list[Envelope | NotAnEvent]:
    try:
        return envelopes.parse_http(request.headers.get("Content-Type", ""), request.headers, body)
    except envelopes.WrongMediaType:
        raise call_problem("WRONG_MEDIA_TYPE") from None
    except strict_json.NotJson as fault:
        raise call_problem("NOT_JSON", [Fault("", fault.reason, "JSON")]) from None
    except NotAnEvent as fault:
        raise call_problem("NOT_AN_EVENT", fault.faults) from None


async def _accept_one(hub: Hub, event: Envelope | NotAnEvent, caller: str) -> dict[str, Any]:
    if isinstance(event, NotAnEvent):
        return _as_entry(call_problem("NOT_AN_EVENT", event.faults))
    try:
        accepted: Accepted | NotAccepted = await hub.accept(event, caller)
    except (StoreUnavailable, Overloaded):
        return _as_entry(call_problem("UNAVAILABLE"))
    except LimitReached as reached:
        return _as_entry(rate_problem(reached))
    if isinstance(accepted, NotAccepted):
        return _as_entry(refusal_problem(accepted, hub.rulebook))
    return {"status": 200 if accepted.duplicate else 202, "body": accepted.receipt}


def _as_entry(problem: Problem) -> dict[str, Any]:
    return {"status": problem.status, "body": problem.document()}


@asking
def get_message(request: web.Request) -> web.Response:
    """An own message and how far each recipient has come."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    key = MessageKey(f"/units/{caller}", path_id(request, "id"))
    stored = hub.reader.find_messages([key]).get(key)
    if stored is None:
        raise call_problem("NOT_FOUND")
    if hub.rulebook.types[stored.type].uniform:
        rows = [_told_nothing(row) for row in stored.receipt["recipients"]]
        return answer({**_metadata(stored), "rulebook": stored.receipt["rulebook"], "recipients": rows})
    told = {row["unit"] for row in stored.receipt["recipients"]}  # not those whom the sender may not learn of
    deliveries = [each for each in hub.reader.list_deliveries(key) if each.unit_id in told]
    sealed_notes = notes.open_notes(hub.look(), stored, deliveries)
    at = hub.clock.now()
    is_over = stored.expires_at is not None and stored.expires_at <= at
    rows = [_recipient(delivery, sealed_notes.get(delivery.delivery_id), is_over=is_over) for delivery in deliveries]
    return answer({**_metadata(stored), "rulebook": stored.receipt["rulebook"], "recipients": rows})


@asking
def list_messages(request: web.Request) -> web.Response:
    """Own messages, newest first."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    known_parameters(request, "case", "type", "since", "limit", "cursor")
    limit = whole_number(request, "limit", 50, 1, 500)
    case_id = request.query.get("case")
    if case_id is not None and uuid_of(case_id) is None:
        raise bad_parameter("case", "Ett ärende-id (UUID).")
    found = hub.reader.list_sent(
        caller,
        limit=limit + 1,
        before=cursor(request),
        case_id=uuid_of(case_id) if case_id else None,
        type=_type(request),
        since=instant(request, "since"),
    )
    page = found[:limit]
    following = str(page[-1][0]) if len(found) > limit else None
    return answer({"items": [_metadata(stored) for _, stored in page], "next": following})


def _type(request: web.Request) -> str | None:
    """By its name in the catalogue or as it stands in a message. Raises the problem of a type that there is not."""
    asked = request.query.get("type")
    if asked is None:
        return None
    name = asked.removeprefix(envelopes.TYPE_PREFIX)
    if not hub_of(request).registry.has_type(name):
        raise bad_parameter("type", "En meddelandetyp, till exempel plan.proposed.")
    return name


def _metadata(stored: StoredMessage) -> dict[str, Any]:
    return {
        "id": stored.key.message_id,
        "source": stored.key.source,
        "type": stored.envelope["type"],
        "dataschema": stored.envelope["dataschema"],
        "case": stored.receipt["case"],
        "correlationid": stored.envelope.get("correlationid"),
        "causationid": stored.envelope.get("causationid"),
        "recordedtime": receipts.timestamp(stored.recorded_at),
        "log": stored.receipt["log"],
    }


def _told_nothing(row: Mapping[str, Any]) -> dict[str, Any]:
    """How far a message has come whose sender may not learn whether anybody is known there: always the same."""
    silent = dict.fromkeys(("acknowledged", "handled", "outcome", "note"))
    return {**row, "state": DeliveryState.NOTIFIED.value, **silent}


def _recipient(delivery: StoredDelivery, note: str | None, *, is_over: bool) -> dict[str, Any]:
    """`is_over`: the message's time has passed, so a copy that nobody has read stays unread."""
    state = DeliveryState.EXPIRED if is_over and delivery.state in UNREAD else delivery.state
    return {
        "unit": delivery.unit_id,
        "state": state.value,
        "verdict": delivery.verdict,
        "code": delivery.code,
        "rule": delivery.rule,
        "basis": delivery.basis,
        "withheld": list(delivery.withheld),
        "delivery": delivery.delivery_id if delivery.sequence is not None else None,
        "acknowledged": receipts.timestamp(delivery.acked_at) if delivery.acked_at else None,
        "handled": receipts.timestamp(delivery.handled_at) if delivery.handled_at else None,
        "outcome": delivery.outcome,
        "note": note,
    }
