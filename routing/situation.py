"""What the hub knows at the moment of deciding, gathered beforehand so that deciding stays pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date, datetime
from functools import lru_cache

from routing.case import Case
from routing.consent import STOCKHOLM, Consent
from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Earlier:
    """An accepted message that another one speaks of. `recipients` are those who got it: unit id -> kind."""

    message_id: str
    type: str
    sender: str
    case_id: str | None
    recipients: Mapping[str, str]


def weekdays_only(day: date) -> bool:
    """Monday to Friday, for whoever has no calendar at hand; the hub gives a Swedish one."""
    return day.isoweekday() <= 5


@dataclass(frozen=True, slots=True)
class Situation:
    """The case that the message speaks of, the person's other cases and consents, and the instant (aware UTC).

    `cases_of_person` are all, also closed ones, oldest first. `consents` holds the newest version of each, by id.
    `earlier` are messages that this one answers or corrects, by id. `accepted_at` is when the hub took the message:
    the same as `at` at intake, earlier when the decision is made again at delivery. `new_case_id` is used if a case
    opens. `is_working_day` knows the Swedish holidays.
    """

    at: datetime
    accepted_at: datetime
    case: Case | None = None
    cases_of_person: tuple[Case, ...] = ()
    consents: Mapping[str, Consent] = field(default_factory=dict)
    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    new_case_id: str | None = None
    is_working_day: Callable[[date], bool] = weekdays_only
    today: date = field(init=False, repr=False, compare=False)
    """The day in Stockholm, by which directories, ages and consents count."""

    def __post_init__(self) -> None:
        # Asked a dozen times for each message: reckoned once.
        object.__setattr__(self, "today", day_in_stockholm(self.at))

    @property
    def open_cases(self) -> tuple[Case, ...]:
        return tuple(case for case in self.cases_of_person if case.is_open)


@lru_cache(maxsize=64)
def day_in_stockholm(at: datetime) -> date:
    """The calendar day of an instant. Asked several times for each message of a group, hence the cache."""
    return at.astimezone(STOCKHOLM).date()
