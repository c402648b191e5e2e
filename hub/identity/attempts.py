"""The latest requests of each unit for a token, for who looks after its connection: when, how it ended, whose clock.

Kept by this process since it started, a few for each unit; the log has them all. What was refused is kept apart, so
that a stranger who asks in a unit's name cannot push out what the unit itself did.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """`fault` is the word of the log, None where a token was given; `key` the name or the thumbprint of the key that
    signed. `behind`: how much earlier than the hub's clock the unit said it was, where it said so."""

    at: datetime
    fault: str | None = None
    key: str | None = None
    behind: timedelta | None = None


class Attempts:
    """Those of every unit. Only units that exist may be noted, which bounds it."""

    def __init__(self) -> None:
        self._given: dict[str, deque[Attempt]] = {}
        self._refused: dict[str, deque[Attempt]] = {}

    def note(self, unit_id: str, attempt: Attempt) -> None:
        kept = self._given if attempt.fault is None else self._refused
        kept.setdefault(unit_id, deque(maxlen=KEPT)).append(attempt)

    def list_latest(self, unit_id: str) -> list[Attempt]:
        """The newest first."""
        found = [*self._given.get(unit_id, ()), *self._refused.get(unit_id, ())]
        return sorted(found, key=lambda each: each.at, reverse=True)
