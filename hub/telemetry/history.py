"""What this process has seen of itself over the last day, a sample at a time, for the charts of the control room.

Kept in memory only: another process has its own, and a start begins anew. Prometheus is for what shall be kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LONGEST: Final = 1440
"""Samples; a day where one is taken each minute."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`unread` copies wait for their recipients, `outbox_seconds` is the age of the oldest that no transport has taken.
    `requests` were answered since the sample before, the slowest twentieth of them in `p95_seconds` or more."""

    at: datetime
    unread: int
    outbox_seconds: float
    dead_letters: int
    requests: int
    p50_seconds: float
    p95_seconds: float


class History:
    """The newest samples, oldest first."""

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=LONGEST)
        self._counted: Mapping[float, int] = {}

    def since_last(self, counted: Mapping[float, int]) -> dict[float, int]:
        """How many answers came since the last call, by bucket: least upper bound in seconds -> answers up to it."""
        fresh = {bound: many - self._counted.get(bound, 0) for bound, many in counted.items()}
        self._counted = dict(counted)
        return fresh

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)


def quantile(cumulative: Mapping[float, int], share: float) -> float:
    """The bound of the bucket in which that share of the answers is reached, in seconds; 0 when there were none."""
    bounds = sorted(cumulative)
    total = cumulative[bounds[-1]] if bounds else 0
    if total == 0:
        return 0.0
    reached = next(bound for bound in bounds if cumulative[bound] >= share * total)
    return reached if reached != float("inf") else _last_finite(bounds)


def _last_finite(bounds: Sequence[float]) -> float:
    return max((bound for bound in bounds if bound != float("inf")), default=0.0)
