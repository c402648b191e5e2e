"""Curves over the last day, as data for a template: one point for each part of the time, the highest in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.web.control.drawing import WIDTH, round_up

MOST_POINTS: Final = 96
_LEFT, _RIGHT, _BASE, _TOP = 56.0, 950.0, 130.0, 20.0

Reading = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` are what an SVG polyline takes; `readings` the same as instants and numbers, for the table beside it."""

    key: str
    points: str
    readings: Sequence[Reading]
    top: int
    width: float = WIDTH
    height: float = 160.0
    base: float = _BASE
    ceiling: float = _TOP


def draw_curve(key: str, readings: Sequence[Reading]) -> Curve:
    """Readings in the order of time."""
    kept = thin(readings, MOST_POINTS)
    top = round_up(int(max((value for _, value in kept), default=0)))
    step = (_RIGHT - _LEFT) / max(len(kept) - 1, 1)
    points = " ".join(
        f"{_LEFT + index * step:.1f},{_BASE - (_BASE - _TOP) * value / top:.1f}"
        for index, (_, value) in enumerate(kept)
    )
    return Curve(key, points, kept, top)


def thin(readings: Sequence[Reading], most: int) -> list[Reading]:
    """At most so many, evenly over what there is; of each part the highest, so that no peak is lost."""
    size = -(-len(readings) // most) or 1
    parts = [readings[start : start + size] for start in range(0, len(readings), size)]
    return [(part[-1][0], max(value for _, value in part)) for part in parts]
