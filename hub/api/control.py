"""What the control room shows, for programs: flows, search, one message's way, numbers. Never a body."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

from aiohttp import web

from hub.api.answers import answer, bad_parameter, known_parameters, path_id, whole_number
from hub.api.keys import hub_of
from hub.api.looking import REASON_NAMES, record_look, record_usual_look
from hub.api.problems import call_problem
from hub.api.routes import Parameter
from hub.control import health, searching, tracing
from hub.control.depths import Measured
from hub.control.searching import Found
from hub.control.tracing import Recipient, Step, Trace
from hub.intake import receipts
from hub.store.survey import CopyQuery

DAYS = 30
_NAMES = ("sender", "unit", "type", "verdict", "code")
DAY_PARAMETERS = (
    Parameter("first", "Första dagen (UTC); annars 30 dagar tillbaka.", {"type": "string", "format": "date"}),
    Parameter("last", "Sista dagen (UTC); annars i dag.", {"type": "string", "format": "date"}),
)
SEARCH_PARAMETERS = (
    *(Parameter(name, "Bara detta.", {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}) for name in _NAMES),
    Parameter("case", "Bara detta ärende.", {"type": "string", "format": "uuid"}),
)


async def list_flows(request: web.Request) -> web.Response:
    """Who sent how much to whom, and what was refused."""
    known_parameters(request, *REASON_NAMES, "first", "last")
    hub, (first, last) = hub_of(request), _days(request)
    await record_usual_look(request, "flows")
    edges = await hub.store.ask(lambda: hub.reader.list_edges(first, last))
    rows = [
        {"sender": each.sender, "unit": each.unit or None, "code": each.code or None, "messages": each.messages}
        for each in edges
    ]
    return answer({"first": first.isoformat(), "last": last.isoformat(), "items": rows})


async def search(request: web.Request) -> web.Response:
    """Newest first. The look is logged with its reason."""
    known_parameters(request, *REASON_NAMES, *_NAMES, "case", "limit")
    limit = whole_number(request, "limit", 100, 1, 500)
    narrowed: dict[str, Any] = {name: request.query.get(name) for name in _NAMES}
    query = CopyQuery(**narrowed, case_id=request.query.get("case"), limit=limit)
    await record_look(request, "message_search", unit=query.unit)
    hub = hub_of(request)
    found = await hub.store.ask(lambda: searching.search(hub.reader, query))
    return answer({"items": [_found_row(each) for each in found]})


async def trace(request: web.Request) -> web.Response:
    """Every step of one message. The look is logged with its reason."""
    known_parameters(request, *REASON_NAMES)
    hub, message_id = hub_of(request), path_id(request, "id")
    await record_look(request, "message_trace", message_id=message_id)
    traces = await hub.store.ask(lambda: tracing.trace(hub, message_id))
    if not traces:
        raise call_problem("NOT_FOUND")
    return answer({"items": [_trace_row(each) for each in traces]})


async def show_statistics(request: web.Request) -> web.Response:
    """The hub as it is now, in numbers."""
    known_parameters(request, *REASON_NAMES)
    await record_usual_look(request, "statistics")
    hub = hub_of(request)
    now = await hub.store.ask(lambda: health.look(hub))
    overdue = await hub.store.ask(lambda: health.list_overdue(hub))
    consents = await hub.store.ask(hub.reader.count_consents)
    measured = await hub.depths.look()
    waiting = now.oldest_unpublished
    return answer(
        {
            "copies": dict(now.copies),
            "outbox_oldest_seconds": None if waiting is None else int(waiting.total_seconds()),
            "dead_letters": now.dead_letters,
            "log_size": now.log_size,
            "checkpoint": None if now.checkpoint_at is None else receipts.timestamp(now.checkpoint_at),
            "webhooks": dict(now.webhooks),
            "transport": _transport_row(measured),
            "overdue": [
                {"unit": unit or None, "deadline": code, "cases": many} for (unit, code), many in overdue.rows.items()
            ],
            "consents": [
                {"recorded_by": each.recorded_by, "status": each.status, "consents": each.consents} for each in consents
            ],
        }
    )


def _transport_row(measured: Measured) -> dict[str, Any]:
    rows = [
        {"kind": each.kind.value, "unit": each.unit_id, "messages": each.messages} for each in measured.queues or ()
    ]
    return {"measured": receipts.timestamp(measured.at), "queues": None if measured.queues is None else rows}


def _days(request: web.Request) -> tuple[date, date]:
    today = hub_of(request).clock.now().astimezone(UTC).date()
    first, last = (_day(request, name) for name in ("first", "last"))
    last = last or today
    return first or last - timedelta(days=DAYS), last


def _day(request: web.Request, name: str) -> date | None:
    text = request.query.get(name)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise bad_parameter(name, "En dag (ÅÅÅÅ-MM-DD).") from None


def _found_row(each: Found) -> dict[str, Any]:
    return {
        "at": receipts.timestamp(each.at),
        "message": each.message_id,
        "type": each.type,
        "sender": each.sender,
        "unit": each.unit or None,
        "case": each.case_id,
        "state": each.state,
        "verdict": each.verdict,
        "code": each.code,
    }


def _trace_row(each: Trace) -> dict[str, Any]:
    return {
        "message": each.message_id,
        "sender": each.sender,
        "type": each.type,
        "case": each.case_id,
        "accepted": not each.is_refused,
        "code": each.code,
        "rulebook": each.rulebook,
        "recipients": [_recipient_row(recipient) for recipient in each.recipients],
        "steps": [_step_row(step) for step in each.steps],
    }


def _recipient_row(each: Recipient) -> dict[str, Any]:
    return {
        "unit": each.unit,
        "verdict": each.verdict,
        "code": each.code,
        "rule": each.rule,
        "basis": each.basis,
        "categories": list(each.categories),
        "withheld": list(each.withheld),
        "fields": list(each.fields),
        "state": each.delivery.state.value if each.delivery is not None else None,
    }


def _step_row(each: Step) -> dict[str, Any]:
    return {
        "index": each.index,
        "at": receipts.timestamp(each.at),
        "action": each.action,
        "actor": each.actor,
        "unit": each.unit,
        "code": each.code,
    }
