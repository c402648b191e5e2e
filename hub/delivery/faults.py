"""How often a claim check failed by itself, for the relays: after so many times it is a dead letter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class _Fault:
    """How often, and how many had got through when it last did."""

    count: int
    successes: int


class FaultCount:
    """Counts only what failed while others got through: a fault of everything is no fault of this one. `of_all`: counts
    each time, where the fault is known to be no fault of everything."""

    def __init__(self, *, of_all: bool = False) -> None:
        self._of_all = of_all
        self._faults: dict[str, _Fault] = {}
        self._successes = 0

    def got_through(self, delivery_ids: Collection[str]) -> None:
        self._successes += len(delivery_ids)
        for delivery_id in delivery_ids if self._faults else ():
            self._faults.pop(delivery_id, None)

    def failed(self, delivery_id: str) -> int | None:
        """How often it has, this time with it; None where this time does not count."""
        known = self._faults.get(delivery_id) or _Fault(0, self._successes - 1)
        if self._successes <= known.successes and not self._of_all:
            return None
        self._faults[delivery_id] = _Fault(known.count + 1, self._successes)
        return known.count + 1

    def forget(self, delivery_id: str) -> None:
        self._faults.pop(delivery_id, None)
