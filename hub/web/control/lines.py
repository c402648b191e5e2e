"""Curves over a span of time, as data for a template. Where nobody took a reading, the line is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.web.control.drawing import WIDTH, round_up

_LEFT, _RIGHT, _BASE, _TOP = 56.0, 950.0, 130.0, 20.0

Reading = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """From when to when, and how far apart readings are."""

    began: datetime
    ended: datetime
    step: timedelta

    def place(self, at: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * ((at - self.began) / (self.ended - self.began))


@dataclass(frozen=True, slots=True)
class Curve:
    """Each of `lines` is what an SVG polyline takes; `readings` the same as instants and numbers, for the table beside
    it."""

    key: str
    axis: Axis
    lines: Sequence[str]
    readings: Sequence[Reading]
    top: int
    width: float = WIDTH
    height: float = 172.0
    base: float = _BASE
    ceiling: float = _TOP


def draw_curve(key: str, readings: Sequence[Reading], axis: Axis) -> Curve:
    """Readings in the order of time, inside the axis."""
    top = round_up(int(max((value for _, value in readings), default=0)))
    lines = [" ".join(_points(part, axis, top)) for part in _unbroken(readings, axis.step)]
    return Curve(key, axis, lines, readings, top)


def _points(readings: Sequence[Reading], axis: Axis, top: int) -> Iterator[str]:
    dot = readings if len(readings) == 1 else ()  # twice: a line of no length, whose round ends make it a dot
    for at, value in (*readings, *dot):
        yield f"{axis.place(at):.1f},{_BASE - (_BASE - _TOP) * min(value / top, 1):.1f}"


def _unbroken(readings: Sequence[Reading], step: timedelta) -> Iterator[Sequence[Reading]]:
    """Stretches in which no step is missing."""
    start = 0
    for index in range(1, len(readings) + 1):
        if index == len(readings) or readings[index][0] - readings[index - 1][0] > step * 1.5:
            yield readings[start:index]
            start = index
