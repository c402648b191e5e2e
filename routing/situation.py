"""What the hub knows at the moment of deciding, gathered beforehand so that deciding stays pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from routing.case import Case
from routing.consent import STOCKHOLM, Consent


@dataclass(frozen=True, slots=True)
class Situation:
    """The case that the message speaks of, the person's other cases and consents, and the instant (aware UTC).

    `consents` holds the newest version of each, by id. `accepted_at` is when the hub took the message: the same
    as `at` at intake, earlier when the decision is made again at delivery. `new_case_id` is used if a case opens.
    """

    at: datetime
    accepted_at: datetime
    case: Case | None = None
    open_cases: tuple[Case, ...] = ()
    consents: Mapping[str, Consent] = field(default_factory=dict)
    new_case_id: str | None = None

    @property
    def today(self) -> date:
        """The day in Stockholm, by which directories, ages and consents count."""
        return day_in_stockholm(self.at)


@lru_cache(maxsize=64)
def day_in_stockholm(at: datetime) -> date:
    """The calendar day of an instant. Asked several times for each message of a group, hence the cache."""
    return at.astimezone(STOCKHOLM).date()
