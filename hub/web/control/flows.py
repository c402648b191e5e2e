"""The first page, and a flow opened: what went through, what was refused and why, down to the messages."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.control import health, searching
from hub.store.survey import CopyQuery, Edge
from hub.web import frame
from hub.web.control import asking, parties, showing
from hub.web.control.drawing import SMALL, draw_map

SHOWN = 8


@asking.usual_look("flows")
async def show_start(request: web.Request) -> web.StreamResponse:
    """The map of flows between the parties, and the hub's state in a few numbers."""
    hub, span = hub_of(request), asking.span_of(request)
    edges = await hub.store.ask(lambda: hub.reader.list_edges(span.first, span.last))
    flows = parties.gather(hub, edges)
    sent = sum(flow.messages for flow in flows)
    return frame.page(
        request,
        "control/start.html",
        **showing.common(request),
        span=span,
        spans=asking.SPANS,
        picture=draw_map(flows, parties.ORDER),
        small_picture=draw_map(flows, parties.ORDER, SMALL),
        flows=sorted(flows, key=lambda flow: -flow.messages),
        sent=sent,
        refused=sum(flow.refused for flow in flows),
        codes=_codes(edges),
        now=await hub.store.ask(lambda: health.look(hub)),
        address_of=lambda flow: f"/admin/flows/{flow.sender}/{flow.recipient}?days={span.days}",
    )


def _codes(edges: list[Edge]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for edge in edges:
        if edge.code:
            found[edge.code] += edge.messages
    return found.most_common(SHOWN)


@asking.needs_reason("flow")
async def show_flow(request: web.Request) -> web.StreamResponse:
    """One flow between two parties, unit by unit, with the newest messages: those that were refused first."""
    hub, span = hub_of(request), asking.span_of(request)
    sender, recipient = request.match_info["sender"], request.match_info["recipient"]
    if sender not in parties.KINDS or recipient not in parties.KINDS:
        raise call_problem("NOT_FOUND")
    edges = [
        edge
        for edge in await hub.store.ask(lambda: hub.reader.list_edges(span.first, span.last))
        if (parties.kind_of(hub, edge.sender), parties.kind_of(hub, edge.unit)) == (sender, recipient)
    ]
    refused = await hub.store.ask(lambda: _messages(request, edges, CopyQuery(verdict="refuse", since=span.since)))
    return frame.page(
        request,
        "control/flow.html",
        **showing.common(request),
        span=span,
        spans=asking.SPANS,
        sender=sender,
        recipient=recipient,
        flows=sorted(parties.gather(hub, edges, by_unit=True), key=lambda flow: -flow.messages),
        codes=_codes(edges),
        refused=refused,
        address_of=lambda flow: f"/admin/messages?sender={flow.sender}&unit={flow.recipient}&days={span.days}",
    )


def _messages(request: web.Request, edges: list[Edge], query: CopyQuery) -> list[searching.Found]:
    """The newest of each pair of units that has any, together."""
    reader = hub_of(request).reader
    pairs = sorted({(edge.sender, edge.unit) for edge in edges if edge.code})
    found = []
    for sender, unit in pairs[:40]:
        narrowed = CopyQuery(sender=sender, unit=unit or None, verdict=query.verdict, since=query.since, limit=20)
        found += [each for each in searching.search(reader, narrowed) if each.unit == unit]
    return sorted(found, key=lambda each: each.at, reverse=True)[:50]
