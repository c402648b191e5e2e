"""The inbox: what has come, what waits, what is due. No names: those are in the messages, and opening one is a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from aiohttp import web

from hub.api.keys import SESSION, hub_of
from hub.service import Hub
from hub.store.people import Session
from hub.store.port import StoreUnavailable
from hub.store.records import ClaimCheck, DeliveryState
from hub.transport.port import TransportUnavailable
from hub.web import frame
from hub.web.team import desk
from routing import deadlines

log = structlog.get_logger()

MOST: Final = 200
SHOWN: Final = 50
"""At first; the rest when asked for."""
HEARTBEAT_SECONDS: Final = 15.0
UNREAD: Final = frozenset({DeliveryState.PENDING, DeliveryState.NOTIFIED})


@dataclass(frozen=True, slots=True)
class Look:
    """What is open, and what is due. `is_all` is False where cases were left out in which nothing is open and nothing
    happened lately."""

    claims: Sequence[ClaimCheck]
    due: Sequence[Due]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline of a case; `rule_id` is what its name is found by."""

    case_id: str
    rule_id: str
    due_at: datetime
    is_overdue: bool


async def show_inbox(request: web.Request) -> web.Response:
    """All that is open, as one chooses to see it; only the list itself when the page asks for that."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    look = await hub.store.ask(lambda: _look(hub, unit_id))
    claims = look.claims
    chosen = {name: request.query.get(name, "") for name in ("show", "type", "order", "all")}
    arranged = arrange(claims, chosen)
    values: dict[str, Any] = {
        "claims": arranged if chosen["all"] else arranged[:SHOWN],
        "arranged": len(arranged),
        "counts": {"all": len(claims), "unread": len(_unread(claims)), "opened": len(claims) - len(_unread(claims))},
        "types": sorted({claim.type for claim in claims}),
        "chosen": chosen,
        "due": look.due,
        "has_all_due": look.is_all,
        "done": request.query.get("done", ""),
        "is_full": len(claims) == MOST,
        "unread_states": UNREAD,
    }
    return desk.page(request, "team/inbox_list.html" if _is_part(request) else "team/inbox.html", **values)


def _look(hub: Hub, unit_id: str) -> Look:
    """What is open, and what is due in its cases and in those where something happened lately: a deadline does not end
    because every message has been dealt with."""
    claims = hub.reader.list_inbox(unit_id, limit=MOST, at=hub.clock.now())
    got = [claim.case_id for claim in hub.reader.list_recent(unit_id, limit=SHOWN)]
    sent = [stored.case_id for _, stored in hub.reader.list_sent(unit_id, limit=SHOWN)]
    cases = [*(claim.case_id for claim in claims), *got, *sent]
    due = list_due(hub, unit_id, [case_id for case_id in cases if case_id])
    return Look(claims, due, len(claims) < MOST and len(got) < SHOWN and len(sent) < SHOWN)


def _is_part(request: web.Request) -> bool:
    return request.headers.get("HX-Target") == "inbox"


def _unread(claims: Sequence[ClaimCheck]) -> list[ClaimCheck]:
    return [claim for claim in claims if claim.state in UNREAD]


def arrange(claims: Sequence[ClaimCheck], chosen: Mapping[str, str]) -> list[ClaimCheck]:
    """Filtered and in order; newest first unless asked otherwise."""
    found = list(claims)
    if chosen["show"] == "unread":
        found = _unread(found)
    elif chosen["show"] == "opened":
        found = [claim for claim in found if claim.state not in UNREAD]
    if chosen["type"]:
        found = [claim for claim in found if claim.type == chosen["type"]]
    match chosen["order"]:
        case "oldest":
            return found
        case "case":
            return sorted(found, key=lambda claim: (claim.case_id or "", claim.position))
        case _:
            return found[::-1]


def list_due(hub: Hub, unit_id: str, case_ids: Sequence[str]) -> list[Due]:
    """The unit's open deadlines in these cases, soonest first."""
    wanted = list(dict.fromkeys(case_ids))
    ledger, at = hub.look(), hub.clock.now()
    ledger.prepare_cases(wanted)
    cases = [case for case in map(ledger.find_case, wanted) if case is not None and case.is_party(unit_id)]
    found = [
        Due(case.case_id, rule.id, deadline.due_at, deadline.due_at <= at)
        for case in cases
        for rule, deadline in deadlines.list_open(case, unit_id, hub.rulebook)
    ]
    return sorted(found, key=lambda due: due.due_at)


async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events that say that something has arrived, and nothing of what; the page then asks again.

    Ends with the session: whoever still may comes back with another."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    headers = {**frame.HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    try:
        async with hub.transport.subscribe(unit_id) as bell:
            newest = await _find_newest(hub, unit_id)
            await response.write(b"retry: 2000\n\nevent: arrived\ndata: first\n\n")
            while await _is_running(hub, request[SESSION]):
                rung = await bell.next(HEARTBEAT_SECONDS)
                # What no bell told of, such as one that another process could not ring, the store knows.
                before, newest = newest, await _find_newest(hub, unit_id)
                has_come = rung or newest != before
                await response.write(b"event: arrived\ndata: more\n\n" if has_come else b": vi finns kvar\n\n")
        await response.write(b"event: over\ndata: session\n\n")
    except ConnectionError:
        pass  # the window was closed
    except (TransportUnavailable, StoreUnavailable) as fault:
        # The answer has begun: all that can be said is that it ends. The browser comes back by itself.
        log.warning("inbox_stream_ended", unit=unit_id, reason=type(fault).__name__)
    return response


async def _is_running(hub: Hub, session: Session) -> bool:
    """Not over, and ended by nobody: also the person's other window may do so."""
    if hub.clock.now() >= session.ends_at:
        return False
    return bool(await hub.store.ask(lambda: hub.reader.find_sessions([session.session_key])))


async def _find_newest(hub: Hub, unit_id: str) -> int:
    """Where the newest message of the unit stands; 0 where there is none."""
    found = await hub.store.ask(lambda: hub.reader.list_recent(unit_id, limit=1))
    return found[0].position if found else 0
