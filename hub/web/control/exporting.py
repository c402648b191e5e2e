"""The log as a file: JSON, a table or FHIR AuditEvent, written out page by page, after the look has been logged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.looking import record_look
from hub.api.problems import call_problem
from hub.audit import rendering, searching
from hub.audit.entry import AuditAction
from hub.audit.searching import Search
from hub.service import Hub
from hub.store.records import AuditQuery
from hub.web import frame
from hub.web import reasons as kept_reasons
from hub.web.control import asking, showing

FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "json": ("application/json", "json"),
    "csv": ("text/csv", "csv"),
    "fhir": ("application/fhir+json", "fhir.json"),
}
_SLICE: Final = 500
_NAMES: Final = ("unit", "action", "days")


async def show_form(request: web.Request) -> web.StreamResponse:
    """Which entries, as what, and that the log will hear of it."""
    if kept_reasons.find_reason(request) is None:
        return asking.ask_reason(request)
    hub = hub_of(request)
    return frame.page(
        request,
        "control/export.html",
        **showing.common(request),
        span=asking.span_of(request),
        spans=asking.SPANS,
        forms=tuple(FORMS),
        actions=sorted(action.value for action in AuditAction),
        units=sorted(hub.directory.list_units(), key=lambda unit: unit.name),
        size=await hub.store.ask(hub.reader.audit_size),
    )


async def download(request: web.Request) -> web.StreamResponse:
    """The file. It says nothing of its content in its name."""
    form = request.match_info["form"]
    if form not in FORMS:
        raise call_problem("NOT_FOUND")
    reason = kept_reasons.find_reason(request)
    if reason is None:
        return asking.ask_reason(request)
    by = sorted(name for name in _NAMES if request.query.get(name))
    await record_look(request, "log", reason=reason, detail={"by": by, "form": form}, action=AuditAction.LOG_EXPORTED)
    kind, ending = FORMS[form]
    disposition = f'attachment; filename="samverkan-logg.{ending}"'
    headers = {**frame.HEADERS, "Content-Type": f"{kind}; charset=utf-8", "Content-Disposition": disposition}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for part in _parts(hub_of(request), rendering.FORMS[form], _wanted(request)):
        await response.write(part.encode())
    await response.write_eof()
    return response


def _wanted(request: web.Request) -> Search:
    span = asking.span_of(request)
    query = AuditQuery(since=span.since)
    return Search(query, asking.word(request, "unit"), None, asking.word(request, "action"), None)


async def _parts(hub: Hub, form: rendering.Form, wanted: Search) -> AsyncIterator[str]:
    """The file, a page of the log at a time: never more of it in memory, whatever its length. A store that fails breaks
    the file off, so that nobody takes it for whole."""
    before, is_empty = form.head, True
    async for page in _pages(hub, wanted):
        if page:
            yield before + form.between.join(map(form.write, page))
            before, is_empty = form.between, False
    yield form.end(is_empty=is_empty)


async def _pages(hub: Hub, wanted: Search) -> AsyncIterator[list[dict[str, Any]]]:
    """What fits among the entries that are there now; what comes meanwhile could go on for ever."""
    end = await hub.store.ask(hub.reader.audit_size)
    after: int | None = -1
    while after is not None and after < end - 1:
        asked = replace(wanted, query=replace(wanted.query, after=after))
        page = await hub.store.ask(partial(searching.search, hub.reader, asked, _SLICE, most=_SLICE))
        yield [searching.document(row) for row in page.rows if row.index < end]
        await asyncio.sleep(0)  # an embedded store answers at once: others want their turn too
        after = page.following
