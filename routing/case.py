"""A case as the decisions see it: a snapshot, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime

from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class PlanChain:
    """The versions of one plan. The version in force stays so until a later one is approved (rule R04)."""

    latest: int = 0
    in_force: int | None = None


@dataclass(frozen=True, slots=True)
class ReportingRequest:
    """The stadsdel's standing request for reports (SoL 2025:400 15:9), made with the referral `request_id`."""

    request_id: str
    items: frozenset[str]
    until: date


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity (insats) of a plan, as far as later messages are checked against it."""

    activity_id: str
    service_code: str
    performing_unit: str
    start: date
    planned_end: date
    commissioned_by_af: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """A time in the person's SFI week: 1 is Monday; clock times are "HH:MM" in Stockholm."""

    weekday: int
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Order:
    """A jobbtorg's order with a provider."""

    provider: str
    jobbtorg: str
    start: date
    planned_end: date


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer that waits for its receiver. Until it accepts, `from_unit` is responsible as before."""

    from_unit: str
    to_unit: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something is due. `code` is a row of the rules, `about` what it concerns (a plan, an activity), `next_at` when
    somebody is told next; `told` counts how often that has been."""

    code: str
    due_at: datetime
    next_at: datetime
    about: str | None = None
    told: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """What the checks remember of earlier messages. It says something about the person: the store keeps it sealed.

    `proposed` and `in_force` hold activities by plan id: of the version that waits, and of the approved one.
    `started` is when an activity began, by its id. `disqualified` are units that must not handle the case (jäv).
    `born_on` is from the first message that named the person: later ones need not.
    """

    proposed: Mapping[str, tuple[Activity, ...]] = field(default_factory=dict)
    in_force: Mapping[str, tuple[Activity, ...]] = field(default_factory=dict)
    started: Mapping[str, date] = field(default_factory=dict)
    lessons: tuple[Lesson, ...] = ()
    orders: Mapping[str, Order] = field(default_factory=dict)
    contact_attempts: int = 0
    reviews_without_plan: int = 0
    interrupted_on: date | None = None
    transfer: Transfer | None = None
    disqualified: frozenset[str] = frozenset()
    initiator: str | None = None
    previous_case_id: str | None = None
    deadlines: tuple[Deadline, ...] = ()
    born_on: date | None = None

    def find_activity(self, activity_id: str) -> Activity | None:
        """The activity of an approved plan."""
        every = (activity for plan in self.in_force.values() for activity in plan)
        return next((activity for activity in every if activity.activity_id == activity_id), None)


NOTHING_REMEMBERED = Memory()


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one planning case. `person_key` is a keyed hash; no personal data is here but in `memory`.

    `state` is None for a FINSAM case without a jobbtorg case, `finsam_state` None for the opposite.
    """

    case_id: str
    person_key: str | None
    state: str | None
    finsam_state: str | None
    opened_at: datetime
    parties: frozenset[str] = frozenset()
    responsible_stadsdel: str | None = None
    responsible_jobbtorg: str | None = None
    team: str | None = None
    plans: Mapping[str, PlanChain] = field(default_factory=dict)
    reporting_request: ReportingRequest | None = None
    suspended: bool = False
    closed_at: datetime | None = None
    memory: Memory = NOTHING_REMEMBERED

    def is_party(self, unit_id: str) -> bool:
        return unit_id in self.parties

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.state not in ("returned", "closed")
