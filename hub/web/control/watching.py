"""Health: how much and how fast, what waits, and what will soon need somebody's hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from hub.api.keys import hub_of
from hub.control import charting, health
from hub.control.charting import Reading
from hub.control.depths import Measured
from hub.service import Hub
from hub.web import frame, times
from hub.web.control import asking, showing
from hub.web.control.drawing import draw_chart
from hub.web.control.lines import Axis, Curve, draw_curve

_MILLI: Final = 1000
_MOST_QUEUES: Final = 12
_LONGEST: Final = timedelta(days=7)
"""Of the curves: readings are kept a little longer."""


@asking.usual_look("health")
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
        **await _curves(hub, min(timedelta(days=span.days), _LONGEST)),
        said=lambda at: times.said(at, hub.clock.now(), frame.words_for(request)),
        ending_keys=await hub.store.ask(lambda: health.list_ending_keys(hub)),
        queues=(await hub.store.ask(lambda: health.list_queues(hub)))[:_MOST_QUEUES],
        most_waiting=health.MOST_WAITING,
        transport=_fullest(await hub.depths.look()),
        witnesses=sorted(hub.integrator.lags().items()),
        technology=hub.store.technology,
    )


def _fullest(measured: Measured) -> Measured:
    """The queues that people have to look at first: those that say nothing, then the fullest."""
    if measured.queues is None:
        return measured
    order = sorted(measured.queues, key=lambda each: (each.messages is not None, -(each.messages or 0)))
    return replace(measured, queues=order[:_MOST_QUEUES])


async def _curves(hub: Hub, lasted: timedelta) -> dict[str, Any]:
    """What the template draws of the readings of all processes."""
    until = hub.clock.now()
    samples = await hub.store.ask(lambda: hub.reader.list_samples(until - lasted))
    axis = Axis(until - lasted, until, lasted / charting.STEPS)
    readings = charting.gather(samples, until, lasted)
    return {"curves": _draw(readings, axis), "curve_days": lasted.days}


def _draw(readings: Sequence[Reading], axis: Axis) -> list[Curve]:
    told: dict[str, Callable[[Reading], float]] = {
        "p95": lambda each: each.p95_seconds * _MILLI,
        "p50": lambda each: each.p50_seconds * _MILLI,
        "requests": lambda each: each.calls,
        "unread": lambda each: each.unread,
        "outbox": lambda each: each.outbox_seconds,
        "dead": lambda each: each.dead_letters,
    }
    return [draw_curve(key, [(each.at, read(each)) for each in readings], axis) for key, read in told.items()]
