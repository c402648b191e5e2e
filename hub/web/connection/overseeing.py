"""Every unit's connection, in the control room: what an administrator looks at when an agency calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.looking import record_look
from hub.api.problems import call_problem
from hub.control import connections
from hub.identity.attempts import Attempt
from hub.service import Hub
from hub.web import frame
from hub.web.control import asking, showing
from hub.web.naming import Naming


@dataclass(frozen=True, slots=True)
class Row:
    """One unit that has registered something. `webhook` is its state, empty without one."""

    unit_id: str
    keys: int
    first_ends_at: datetime | None
    latest: Attempt | None
    webhook: str


@asking.usual_look("connections")
async def show_all(request: web.Request) -> web.StreamResponse:
    hub = hub_of(request)
    rows = await hub.store.ask(lambda: list(_rows(hub)))
    return frame.page(request, "connection/list.html", **showing.common(request), rows=rows)


def _rows(hub: Hub) -> Iterator[Row]:
    at = hub.clock.now()
    units = [unit.unit_id for unit in hub.directory.list_units()]
    keys = [key for key in hub.reader.list_party_keys() if key.counts_at(at)]
    webhooks = hub.reader.find_webhooks(units)
    for unit in sorted({key.unit_id for key in keys} | webhooks.keys()):
        own = [key for key in keys if key.unit_id == unit]
        ends = [key.ends_at for key in own if key.ends_at is not None]
        latest = next(iter(hub.attempts.list_latest(unit)), None)
        state = connections.state_of(webhooks[unit]) if unit in webhooks else ""
        yield Row(unit, len(own), min(ends, default=None), latest, state)


async def show_one(request: web.Request) -> web.StreamResponse:
    hub, unit_id = hub_of(request), request.match_info["unit"]
    if hub.directory.find_unit(unit_id) is None:
        raise call_problem("NOT_FOUND")
    await record_look(request, "connection", reason=asking.usual_reason(request), unit=unit_id)
    found = await hub.store.ask(lambda: connections.describe(hub, unit_id))
    return frame.page(
        request,
        "connection/one.html",
        **showing.common(request),
        found=found,
        at=hub.clock.now(),
        n=Naming(hub, frame.words_for(request)),
    )
