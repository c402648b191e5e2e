"""The log as a file: JSON, a table or FHIR AuditEvent, written out page by page, after the look has been logged."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
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
MOST: Final = 20_000
"""Entries in one file; `samverkan audit export` writes a log of any length."""
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
        most=MOST,
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
    documents = await _documents(hub_of(request), _wanted(request))
    for part in _gathered(rendering.FORMS[form](documents)):
        await response.write(part)
    await response.write_eof()
    return response


def _wanted(request: web.Request) -> Search:
    span = asking.span_of(request)
    query = AuditQuery(since=span.since)
    return Search(query, asking.word(request, "unit"), None, asking.word(request, "action"), None)


async def _documents(hub: Hub, wanted: Search) -> list[dict[str, Any]]:
    """Page after page, so that nobody else waits for long, up to `MOST`."""
    found: list[dict[str, Any]] = []
    after: int | None = wanted.query.after
    while len(found) < MOST:
        asked = replace(wanted, query=replace(wanted.query, after=after))
        page = await hub.store.ask(functools.partial(searching.search, hub.reader, asked, _SLICE))
        found += map(searching.document, page.rows)
        after = page.following
        if after is None:
            break
    return found[:MOST]


def _gathered(parts: Iterator[str]) -> Iterator[bytes]:
    """A write for each of a few hundred parts."""
    while batch := list(itertools.islice(parts, _SLICE)):
        yield "".join(batch).encode()
