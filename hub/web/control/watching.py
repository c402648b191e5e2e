"""Health: how much and how fast, what waits, and what will soon need somebody's hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from aiohttp import web

from hub.api.keys import hub_of
from hub.control import health
from hub.telemetry.history import Sample
from hub.web import frame
from hub.web.control import asking, showing
from hub.web.control.drawing import draw_chart
from hub.web.control.lines import Curve, draw_curve

_MILLI: Final = 1000


async def show_health(request: web.Request) -> web.StreamResponse:
    hub, span = hub_of(request), asking.span_of(request)
    counted = await hub.store.ask(lambda: hub.reader.list_days(span.first, span.last))
    passed, refused = Counter[str](), Counter[str]()
    for each in counted:
        (refused if each.code else passed)[each.day.isoformat()] += each.messages
    days = [(span.first + timedelta(days=index)).isoformat() for index in range(span.days)]
    rows = [(day, passed[day], refused[day]) for day in days]
    return frame.page(
        request,
        "control/health.html",
        **showing.common(request),
        span=span,
        spans=asking.SPANS,
        now=await hub.store.ask(lambda: health.look(hub)),
        chart=draw_chart(rows),
        days=rows,
        curves=_curves(list(hub.metrics.history.samples)),
        ending_keys=await hub.store.ask(lambda: health.list_ending_keys(hub)),
        witnesses=sorted(hub.integrator.lags().items()),
        technology=hub.store.technology,
    )


def _curves(samples: list[Sample]) -> list[Curve]:
    told: dict[str, Callable[[Sample], float]] = {
        "p95": lambda each: each.p95_seconds * _MILLI,
        "p50": lambda each: each.p50_seconds * _MILLI,
        "requests": lambda each: float(each.requests),
        "unread": lambda each: float(each.unread),
        "outbox": lambda each: each.outbox_seconds,
        "dead": lambda each: float(each.dead_letters),
    }
    return [draw_curve(key, [(each.at, read(each)) for each in samples]) for key, read in told.items()]
