"""Search for messages, and the whole way of one."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Final

from aiohttp import web

from hub.api.answers import path_id
from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.audit import checking
from hub.control import searching, tracing
from hub.control.tracing import Trace
from hub.intake import receipts
from hub.store.records import AuditQuery
from hub.web import frame
from hub.web.control import asking, saving, showing
from hub.web.team import schema
from schemas.registry import UnknownSchema

MOST_LINES: Final = 5000
COLUMNS: Final = ("time", "message", "type", "sender", "recipient", "case", "state", "verdict", "code")


@asking.needs_reason("message_search")
async def show_search(request: web.Request) -> web.StreamResponse:
    """By sender, recipient, type, verdict, code, time, message and case."""
    hub, query, faults = hub_of(request), asking.copy_query(request), asking.faults_of(request)
    found = () if faults else await hub.store.ask(lambda: searching.search(hub.reader, query))
    units = sorted(hub.directory.list_units(), key=lambda unit: unit.name)
    return frame.page(
        request,
        "control/messages.html",
        status=422 if faults else 200,
        **showing.common(request),
        faults=faults,
        filled=lambda name: _printable(request.query.get(name, "")),
        span=asking.span_of(request),
        spans=asking.SPANS,
        query=query,
        found=found,
        is_cut=len(found) == asking.MOST,
        units=units,
        types=sorted({entry.name for entry in hub.registry.list_types()}),
        refusals=sorted(code.value for code in hub.rulebook.refusals),
        query_string=request.query_string,
        saved=await saving.list_saved(request),
        this_search=saving.clean(request.query_string),
    )


def _printable(text: str) -> str:
    return text[:64] if text.isprintable() else ""


@asking.needs_reason("message_export")
async def download_search(request: web.Request) -> web.StreamResponse:
    """The same as CSV (RFC 4180), with a mark that Excel knows UTF-8 by; more lines than a page has room for."""
    hub, query = hub_of(request), replace(asking.copy_query(request), limit=MOST_LINES)
    found = await hub.store.ask(lambda: searching.search(hub.reader, query))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in found:
        row = (
            receipts.timestamp(each.at),
            each.message_id or "",
            each.type or "",
            each.sender,
            each.unit,
            each.case_id or "",
            each.state,
            each.verdict,
            each.code or "",
        )
        # What an office program would take for a formula stays text.
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in row])
    return web.Response(
        body=b"\xef\xbb\xbf" + text.getvalue().encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={**frame.HEADERS, "Content-Disposition": 'attachment; filename="samverkan-meddelanden.csv"'},
    )


@asking.needs_reason("message_trace")
async def show_trace(request: web.Request) -> web.StreamResponse:
    """Every step of one message, and what was decided for each recipient. `verify`: each entry of the log against the
    checkpoint that was signed."""
    hub, message_id = hub_of(request), path_id(request, "id")
    traces = await hub.store.ask(lambda: tracing.trace(hub, message_id))
    if not traces:
        raise call_problem("NOT_FOUND")
    verified = None
    if "verify" in request.query:
        query = AuditQuery(message_id=message_id, limit=500)
        rows = await hub.store.ask(lambda: hub.reader.list_audit(query))
        verified = await hub.store.ask(lambda: checking.check(hub.reader, rows, hub.integrator.verifier))
    return frame.page(
        request,
        "control/message.html",
        **showing.common(request),
        traces=traces,
        verified=verified,
        message_id=message_id,
        field_name=lambda trace, pointer: _field_name(request, trace, pointer),
    )


def _field_name(request: web.Request, trace: Trace, pointer: str) -> str:
    """What the schema of the message calls a field; the pointer itself where the schema is not there any more."""
    stored, words = trace.message, frame.words_for(request)
    try:
        kind = hub_of(request).registry.get_type(trace.type or "", stored.version if stored else None)
    except UnknownSchema:
        return pointer
    return schema.name_of(kind.document, pointer, words.language)
