"""Dead letters for administrators: look, put on their way again, or give up for good."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.api import bodies
from hub.api.answers import answer, bad_parameter, cursor, known_parameters, path_id, whole_number
from hub.api.keys import hub_of, staff_of
from hub.api.looking import REASON_NAMES, record_look
from hub.api.problems import call_problem
from hub.api.routes import Parameter
from hub.delivery.dead_letters import DropReason, NotDead
from hub.intake import receipts
from hub.store.dead_letters import DeadLetterQuery, DeadLetterView, DeathReason
from schemas import envelope as envelopes

MOST_AT_ONCE = 1000
CAUSES = [reason.value for reason in DeathReason]
DROP_REASONS = [reason.value for reason in DropReason]
PARAMETERS = (
    Parameter("unit", "Bara en mottagares.", {"type": "string"}),
    Parameter("type", "Bara denna typ, till exempel plan.proposed.", {"type": "string"}),
    Parameter("cause", "Bara av denna orsak.", {"type": "string", "enum": CAUSES}),
)


async def list_dead_letters(request: web.Request) -> web.Response:
    """Oldest first, without anything about the person. The look is logged."""
    known_parameters(request, *REASON_NAMES, "unit", "type", "cause", "limit", "cursor")
    if request.query.get("cause", CAUSES[0]) not in CAUSES:
        raise bad_parameter("cause", "En av " + ", ".join(CAUSES))
    limit = whole_number(request, "limit", 50, 1, 500)
    query = _query(dict(request.query), limit=limit, after=cursor(request) or 0)
    await record_look(request, "dead_letters", unit=query.unit_id)
    hub = hub_of(request)
    found = await hub.store.ask(lambda: hub.list_dead_letters(query))
    following = str(found[-1].position) if len(found) == limit else None
    return answer({"items": [_row(each) for each in found], "next": following})


async def retry_many(request: web.Request) -> web.Response:
    """The oldest that fit, `most` at most; a dry run only tells which."""
    given = await bodies.read_object(request, (), ("unit", "type", "cause", "most", "dry_run"))
    bodies.choice(given, "cause", CAUSES)
    for name in ("unit", "type"):
        if not isinstance(given.get(name, ""), str):
            raise bodies.wrong(f"/{name}", "En text.")
    dry_run = bodies.truth(given, "dry_run", False)
    query = _query(given, limit=bodies.number(given, "most", 100, 1, MOST_AT_ONCE))
    hub, actor = hub_of(request), staff_of(request).actor
    if dry_run:
        found = await hub.store.ask(lambda: hub.list_dead_letters(query))
    else:
        found = await hub.retry_dead_letters(query, actor)
    return answer({"dry_run": dry_run, "items": [_row(each) for each in found]})


async def retry_one(request: web.Request) -> web.Response:
    found = await hub_of(request).retry_dead_letter(path_id(request, "delivery"), staff_of(request).actor)
    return _done(found)


async def drop_one(request: web.Request) -> web.Response:
    given = await bodies.read_object(request, ("reason",))
    reason = bodies.choice(given, "reason", DROP_REASONS)
    if reason is None:
        raise bodies.wrong("/reason", "En av " + ", ".join(DROP_REASONS) + ".")
    actor = staff_of(request).actor
    return _done(await hub_of(request).drop_dead_letter(path_id(request, "delivery"), actor, DropReason(reason)))


def _done(found: object) -> web.Response:
    if isinstance(found, NotDead):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


def _query(given: dict[str, Any], *, limit: int, after: int = 0) -> DeadLetterQuery:
    cause, type_name = given.get("cause"), given.get("type")
    return DeadLetterQuery(
        unit_id=given.get("unit"),
        reason=DeathReason(cause) if cause else None,
        type=type_name.removeprefix(envelopes.TYPE_PREFIX) if type_name else None,
        after=after,
        limit=limit,
    )


def _row(found: DeadLetterView) -> dict[str, Any]:
    return {
        "delivery": found.letter.delivery_id,
        "message": found.message_id,
        "type": f"{envelopes.TYPE_PREFIX}{found.type}",
        "sender": found.sender,
        "unit": found.unit_id,
        "sequence": found.sequence,
        "cause": found.letter.reason.value,
        "attempts": found.letter.attempts,
        "died": receipts.timestamp(found.letter.died_at),
        "recordedtime": receipts.timestamp(found.recorded_at),
    }
