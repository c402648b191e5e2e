"""Readings of all processes together, a step of time at a time, for the curves of the control room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from hub.store.history import Sample

STEPS: Final = 96
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A step of time, which ends at `at`. `calls` a minute of all processes together; of the rest the highest that any
    of them read, so that no peak is lost."""

    at: datetime
    unread: float
    outbox_seconds: float
    dead_letters: float
    calls: float
    p50_seconds: float
    p95_seconds: float


def gather(samples: Sequence[Sample], until: datetime, span: timedelta) -> list[Reading]:
    """Of the span before `until`, oldest first; steps in which nobody took a reading are missing."""
    step = span / STEPS
    began = until - span
    inside = [each for each in samples if began <= each.at <= until]
    steps = groupby(inside, lambda each: min(int((each.at - began) / step), STEPS - 1))
    return [_together(list(part), began + (index + 1) * step, step / _MINUTE) for index, part in steps]


def _together(samples: Sequence[Sample], at: datetime, minutes: float) -> Reading:
    return Reading(
        at=at,
        unread=max(each.unread for each in samples),
        outbox_seconds=max(each.outbox_seconds for each in samples),
        dead_letters=max(each.dead_letters for each in samples),
        calls=sum(each.requests for each in samples) / minutes,
        p50_seconds=max(each.p50_seconds for each in samples),
        p95_seconds=max(each.p95_seconds for each in samples),
    )
