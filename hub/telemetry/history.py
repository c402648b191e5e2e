"""How long this process took to answer since it last looked: counters that only grow, taken as readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Answers:
    """What was counted when somebody last looked."""

    def __init__(self) -> None:
        self._counted: Mapping[float, int] = {}

    def since_last(self, counted: Mapping[float, int]) -> dict[float, int]:
        """How many answers came since the last call, by bucket: least upper bound in seconds -> answers up to it."""
        fresh = {bound: many - self._counted.get(bound, 0) for bound, many in counted.items()}
        self._counted = dict(counted)
        return fresh


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
