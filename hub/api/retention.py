"""Gallring for administrators: what is due, the protocol, a run now, and what is held back."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer, known_parameters, path_id, whole_number
from hub.api.keys import hub_of, staff_of
from hub.api.looking import REASON_NAMES, record_usual_look
from hub.api.problems import call_problem
from hub.identity import reasons
from hub.intake import receipts
from hub.ledger import consent_lane
from hub.retention.erasing import PlaceHold, ReleaseHold
from hub.retention.terms import Due, count
from hub.service import Hub
from hub.store.kept import Hold, RetentionRun

MOST_SHOWN = 500


async def list_due(request: web.Request) -> web.Response:
    """What a run would erase now: everything counted, the first ones shown. Nothing is erased."""
    known_parameters(request, *REASON_NAMES)
    await record_usual_look(request, "retention_due")
    due: list[Due] = []
    async for page in hub_of(request).gallring.list_due():
        due += page
    free = [each for each in due if not each.is_held]
    shown = [_due_row(each) for each in due[:MOST_SHOWN]]
    return answer({"counts": count(free), "held": len(due) - len(free), "items": shown})


async def run(request: web.Request) -> web.Response:
    """Erases what is due now and answers with the protocol."""
    return answer(run_row(await hub_of(request).gallring.run(staff_of(request).actor)))


async def list_runs(request: web.Request) -> web.Response:
    """The protocol, newest first."""
    known_parameters(request, *REASON_NAMES, "limit")
    limit = whole_number(request, "limit", 50, 1, 500)
    await record_usual_look(request, "retention_runs")
    hub = hub_of(request)
    runs = await hub.store.ask(lambda: hub.reader.list_retention_runs(limit=limit))
    return answer({"items": [run_row(each) for each in runs]})


async def list_holds(request: web.Request) -> web.Response:
    known_parameters(request, *REASON_NAMES)
    await record_usual_look(request, "retention_holds")
    hub = hub_of(request)
    holds = await hub.store.ask(hub.reader.list_holds)
    return answer({"items": [hold_row(each) for each in holds]})


async def place_hold(request: web.Request) -> web.Response:
    """Holds a case, a consent, or what a message belongs to. The reference goes into the log."""
    given = await bodies.read_object(request, ("subject", "reference"))
    hub, subject = hub_of(request), _read_id(given["subject"])
    try:
        reference = reasons.read("operation", given["reference"] if isinstance(given["reference"], str) else " ")
    except reasons.ReasonWrong:
        raise bodies.wrong("/reference", "Högst 40 tecken ur A-Z a-z 0-9 . / : -") from None
    lane_id = await hub.store.ask(lambda: find_lane(hub, subject))
    if lane_id is None:
        raise call_problem("NOT_FOUND")
    hold = Hold(lane_id, reference.reference, staff_of(request).actor, hub.clock.now())
    await hub.group.submit(PlaceHold(hold))
    return answer(hold_row(hold))


async def release_hold(request: web.Request) -> web.Response:
    hub, subject = hub_of(request), path_id(request, "id")
    lane_id = await hub.store.ask(lambda: find_lane(hub, subject))
    if lane_id is None or not await hub.group.submit(ReleaseHold(lane_id, staff_of(request).actor)):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


def find_lane(hub: Hub, subject: str) -> str | None:
    """What is erased together with a case, a consent or a message."""
    if hub.reader.find_data_keys([subject]):
        return subject
    if hub.reader.find_data_keys([consent_lane(subject)]):
        return consent_lane(subject)
    return hub.reader.find_lane_of(subject)


def _read_id(value: object) -> str:
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise bodies.wrong("/subject", "Id för ett ärende, ett samtycke eller ett meddelande (UUID).") from None


def _due_row(due: Due) -> dict[str, Any]:
    return {
        "kind": due.term.kind.value,
        "what": due.what,
        "type": due.type,
        "due": receipts.timestamp(due.term.at),
        "held": due.is_held,
    }


def run_row(each: RetentionRun) -> dict[str, Any]:
    return {
        "run": each.run_id,
        "began": receipts.timestamp(each.began_at),
        "ended": receipts.timestamp(each.ended_at),
        "actor": each.actor,
        "rulebook": each.rulebook,
        "counts": dict(each.counts),
    }


def hold_row(hold: Hold) -> dict[str, Any]:
    """A person's lane has no name that may be shown."""
    shown = hold.lane_id.removeprefix("consent:")
    return {
        "subject": None if ":" in shown else shown,
        "reference": hold.reference,
        "by": hold.placed_by,
        "placed": receipts.timestamp(hold.placed_at),
    }
