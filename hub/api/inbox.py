"""A unit's own inbox: claim checks, bodies, and what it reports back."""

from __future__ import annotations

from typing import Any, get_args

from aiohttp import web

from hub.api.answers import (
    answer,
    bad_parameter,
    cursor,
    delivery_states,
    known_parameters,
    path_id,
    read_body,
    uuid_of,
    whole_number,
)
from hub.api.keys import caller_of, hub_of
from hub.api.problems import Problem, call_problem
from hub.delivery.answering import AlreadyAnswered, Outcome
from hub.delivery.reading import Gone, NotYours, Opened
from hub.intake import receipts
from hub.store.records import ClaimCheck
from routing import screening
from routing.refusals import RefusalCode
from schemas import envelope as envelopes
from schemas import strict_json
from schemas.registry import Fault

NOTE_LONGEST = 500


async def list_inbox(request: web.Request) -> web.Response:
    """Claim checks, oldest first; with `wait` the answer is held until there is something. `case`: all of one case."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    if "case" in request.query:
        return await _catch_up(request)
    known_parameters(request, "limit", "cursor", "wait", "state")
    limit = whole_number(request, "limit", 50, 1, 500)
    found = await hub.list_inbox(
        caller,
        limit=limit,
        after=cursor(request) or 0,
        states=delivery_states(request),
        wait=whole_number(request, "wait", 0, 0, 30),
    )
    following = str(found[-1].position) if found else request.query.get("cursor")
    return answer({"items": [claim_check(claim) for claim in found], "next": following})


async def _catch_up(request: web.Request) -> web.Response:
    """Every claim check of one case behind a sequence number, done or not: whoever sees a gap finds what it was."""
    known_parameters(request, "case", "after", "limit")
    case_id = uuid_of(request.query["case"])
    if case_id is None:
        raise bad_parameter("case", "Ett ärende-id (UUID).")
    after = whole_number(request, "after", 0, 0, 2**31 - 1)
    limit = whole_number(request, "limit", 50, 1, 500)
    hub, caller = hub_of(request), caller_of(request).unit_id
    found = await hub.store.ask(lambda: hub.catch_up(caller, case_id, after=after, limit=limit))
    following = str(found[-1].sequence) if found else request.query.get("after")
    return answer({"items": [claim_check(claim) for claim in found], "next": following})


def claim_check(claim: ClaimCheck) -> dict[str, Any]:
    """Where to fetch; nothing about the person."""
    return {
        "delivery": claim.delivery_id,
        "message": claim.message_id,
        "type": f"{envelopes.TYPE_PREFIX}{claim.type}",
        "source": claim.source,
        "subject": claim.case_id,
        "sequence": claim.sequence,
        "recordedtime": receipts.timestamp(claim.recorded_at),
        "dataref": f"/v1/inbox/{claim.delivery_id}",
        "state": claim.state.value,
    }


async def read_delivery(request: web.Request) -> web.Response:
    """The event as this recipient may see it now. Decided and logged before the first byte leaves."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    answered = await hub.read(path_id(request, "delivery"), caller)
    match answered:
        case Opened(event):
            return answer(event, media_type=envelopes.MEDIA_STRUCTURED)
        case Gone(code):
            raise gone(code)
        case NotYours():
            raise call_problem("NOT_FOUND")


def gone(code: RefusalCode) -> Problem:
    """It may not be disclosed now."""
    problem = call_problem("GONE")
    problem.code = code.value
    return problem


async def acknowledge(request: web.Request) -> web.Response:
    hub, caller = hub_of(request), caller_of(request).unit_id
    if isinstance(await hub.acknowledge(path_id(request, "delivery"), caller), NotYours):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


async def report_handled(request: web.Request) -> web.Response:
    """The business receipt that the sender sees."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    delivery_id = path_id(request, "delivery")
    outcome, note = await _read_outcome(request)
    answered = await hub.report_handled(delivery_id, caller, outcome, note)
    if isinstance(answered, NotYours):
        raise call_problem("NOT_FOUND")
    if isinstance(answered, AlreadyAnswered):
        raise call_problem("ALREADY_ANSWERED")
    return web.Response(status=204)


async def _read_outcome(request: web.Request) -> tuple[Outcome, str | None]:
    if request.content_type != "application/json":
        raise call_problem("WRONG_MEDIA_TYPE")
    try:
        document = strict_json.loads(await read_body(request))
    except strict_json.NotJson as fault:
        raise call_problem("NOT_JSON", [Fault("", fault.reason, "JSON")]) from None
    outcomes: tuple[Outcome, ...] = get_args(Outcome)
    if not isinstance(document, dict) or set(document) - {"outcome", "note"}:
        raise _refused(request, RefusalCode.SCHEMA_INVALID, "", "Ska vara ett objekt med outcome och eventuellt note.")
    outcome, note = document.get("outcome"), document.get("note")
    if outcome not in outcomes:
        raise _refused(request, RefusalCode.SCHEMA_INVALID, "/outcome", "Ska vara en av " + ", ".join(outcomes) + ".")
    if note is not None and (not isinstance(note, str) or not 1 <= len(note) <= NOTE_LONGEST):
        raise _refused(
            request, RefusalCode.SCHEMA_INVALID, "/note", f"Ska vara en text på högst {NOTE_LONGEST} tecken."
        )
    if note is not None and screening.names_a_number(note):
        raise _refused(request, RefusalCode.FREE_TEXT_BLOCKED, "/note", "Texten liknar ett personnummer.")
    return outcome, note


def _refused(request: web.Request, code: RefusalCode, pointer: str, detail: str) -> Problem:
    """A report with a fault, in the words that the code has everywhere."""
    text = hub_of(request).rulebook.refusals[code]
    fault = {"pointer": pointer, "keyword": "handled", "detail": detail}
    return Problem(code.value, text.status, text.title_sv, "Rätta kvittensen och skicka igen.", [fault])
