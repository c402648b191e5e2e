"""What was given up, and gallring: one page each."""

from __future__ import annotations

import uuid
from collections import Counter

from aiohttp import web

from hub.api.keys import hub_of, staff_of
from hub.api.retention import find_lane, hold_row
from hub.delivery.dead_letters import DropReason
from hub.identity import reasons
from hub.retention.erasing import PlaceHold, ReleaseHold
from hub.retention.terms import Due
from hub.store.dead_letters import DeadLetterQuery, DeathReason
from hub.store.kept import Hold
from hub.web import frame
from hub.web.control import asking, showing

MOST_AT_ONCE = 100
MOST_SHOWN = 200
MOST_COUNTED = 2000


@asking.needs_reason("dead_letters")
async def show_dead_letters(request: web.Request) -> web.StreamResponse:
    """What could not be delivered. `try` shows what a retry of those that fit would take."""
    hub, unit = hub_of(request), asking.word(request, "unit")
    found = await hub.store.ask(lambda: hub.list_dead_letters(DeadLetterQuery(unit_id=unit, limit=MOST_SHOWN)))
    return frame.page(
        request,
        "control/dead_letters.html",
        **showing.common(request),
        found=found,
        unit=unit,
        units=sorted({each.unit_id for each in found}),
        cap=min(MOST_AT_ONCE, len(found)),
        is_trial="try" in request.query,
        dropping=next((each for each in found if each.letter.delivery_id == request.query.get("drop")), None),
        is_faulty="fault" in request.query,
        causes={cause.value: cause for cause in DeathReason},
        drop_reasons=[reason.value for reason in DropReason],
        dropped="dropped" in request.query,
        done=request.query.get("done", "") if request.query.get("done", "").isdecimal() else "",
    )


async def retry_dead_letters(request: web.Request) -> web.StreamResponse:
    """All that fit, at most the cap; the form that asks for it has shown which."""
    form = await request.post()
    unit = str(form.get("unit", "")) or None
    query = DeadLetterQuery(unit_id=unit, limit=MOST_AT_ONCE)
    taken = await hub_of(request).retry_dead_letters(query, staff_of(request).actor)
    return frame.see_other(f"/admin/dead-letters?done={len(taken)}")


async def decide_dead_letter(request: web.Request) -> web.StreamResponse:
    """One of them: tried again, or given up for good with a reason, which cannot be undone."""
    form = await request.post()
    hub, actor, delivery = hub_of(request), staff_of(request).actor, _read_id(form.get("delivery"))
    reason = str(form.get("reason", ""))
    if form.get("do") != "drop":
        await hub.retry_dead_letter(delivery, actor)
        return frame.see_other("/admin/dead-letters?done=1")
    if reason not in set(DropReason):
        return frame.see_other(f"/admin/dead-letters?drop={delivery}&fault=1")
    await hub.drop_dead_letter(delivery, actor, DropReason(reason))
    return frame.see_other("/admin/dead-letters?dropped=1")


def _read_id(value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return "-"  # nothing is called so


@asking.needs_reason("retention")
async def show_retention(request: web.Request) -> web.StreamResponse:
    """What is due, the protocol, and what is held back."""
    hub = hub_of(request)
    due: list[Due] = []
    async for page in hub.gallring.list_due():
        due += page
        if len(due) >= MOST_COUNTED:
            break
    runs, holds = await hub.store.ask(lambda: (hub.reader.list_retention_runs(limit=20), hub.reader.list_holds()))
    return frame.page(
        request,
        "control/retention.html",
        **showing.common(request),
        due=due[:MOST_SHOWN],
        is_cut=len(due) >= MOST_COUNTED,
        counts=Counter(each.term.kind.value for each in due if not each.is_held),
        held=sum(each.is_held for each in due),
        runs=runs,
        holds=[hold_row(hold) | {"at": hold.placed_at} for hold in holds],
        rules=hub.rulebook.retention,
        fault=request.query.get("fault") == "1",
    )


async def run_retention(request: web.Request) -> web.StreamResponse:
    await hub_of(request).gallring.run(staff_of(request).actor)
    return frame.see_other("/admin/retention")


async def place_hold(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    hub, actor = hub_of(request), staff_of(request).actor
    subject = _read_id(form.get("subject"))
    lane_id = await hub.store.ask(lambda: find_lane(hub, subject))
    try:
        reference = reasons.read("operation", str(form.get("reference", "")).strip() or " -").reference
    except reasons.ReasonWrong:
        lane_id = None
        reference = ""
    if lane_id is None:
        return frame.see_other("/admin/retention?fault=1")
    await hub.group.submit(PlaceHold(Hold(lane_id, reference, actor, hub.clock.now())))
    return frame.see_other("/admin/retention")


async def release_hold(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    hub, subject = hub_of(request), _read_id(form.get("subject"))
    lane_id = await hub.store.ask(lambda: find_lane(hub, subject))
    if lane_id is not None:
        await hub.group.submit(ReleaseHold(lane_id, staff_of(request).actor))
    return frame.see_other("/admin/retention")
