"""What the control room looks at, as plain frozen data: units, types, codes, numbers. Nothing about persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Edge:
    """So many copies from one unit to another; `code` is why they were refused, empty for those that were not. `unit`
    is empty where a message was refused before its recipients were known."""

    sender: str
    unit: str
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class TypeCount:
    type: str
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class CodeCount:
    """So many entries of the log with a code that a unit has caused."""

    code: str
    actor: str
    entries: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """A day (UTC)."""

    day: date
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class CopyQuery:
    """What to look for, newest first. Fields left None do not narrow; `until` is exclusive."""

    sender: str | None = None
    unit: str | None = None
    type: str | None = None
    case_id: str | None = None
    message_id: str | None = None
    verdict: str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class CopyFound:
    """One recipient's copy of an accepted message, or the refusal of it."""

    message_id: str
    source: str
    type: str
    sender: str
    case_id: str | None
    recorded_at: datetime
    unit_id: str
    state: str
    verdict: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """How far a copy's claim check has come: when it was given to the transport, None while it waits for that. Where
    the recipient has an endpoint that has not taken it yet, how often that was tried and when it is next."""

    announced_at: datetime | None
    attempts: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """How many consents a unit has recorded that are in a state."""

    recorded_by: str
    status: str
    consents: int
