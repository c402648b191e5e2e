"""When what the hub keeps is due to be erased (gallring), and by which rule. Pure: the hub asks and carries it out.

Days count from the instant of what happened; months and years end with their last day in Stockholm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from routing import calendar
from routing.case import Case
from routing.consent import STOCKHOLM
from routing.retention_rules import RetentionRules
from routing.situation import day_in_stockholm

_MONTHS_OF_A_YEAR = 12


class Kind(StrEnum):
    """What is erased. Written into the protocol."""

    DELIVERED_BODY = "delivered_body"
    UNDELIVERED_BODY = "undelivered_body"
    DEAD_LETTER = "dead_letter"
    CASE = "case"
    PERSON = "person"
    CONSENT = "consent"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Copy:
    """How far one recipient's copy has come. `settled_at` is when it was acknowledged or given up."""

    state: str
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """When something is due, and why then."""

    kind: Kind
    at: datetime

    def is_over(self, at: datetime) -> bool:
        return self.at <= at


def body_term(type_name: str, recorded_at: datetime, copies: Sequence[Copy], rules: RetentionRules) -> Term:
    """A body is kept for the one who may need it longest; whose copy was refused or has expired needs it no more."""
    terms = [term for copy in copies if (term := _copy_term(type_name, recorded_at, copy, rules)) is not None]
    nobody = Kind.UNDELIVERED_BODY if copies else Kind.DELIVERED_BODY
    delivered = timedelta(days=rules.delivered_days(type_name))
    return max(terms, key=lambda term: term.at, default=Term(nobody, recorded_at + delivered))


def _copy_term(type_name: str, recorded_at: datetime, copy: Copy, rules: RetentionRules) -> Term | None:
    if copy.state in ("refused", "expired"):
        return None
    if copy.state == "dead":
        given_up_at = copy.settled_at or recorded_at
        return Term(Kind.DEAD_LETTER, given_up_at + timedelta(days=rules.bodies.dead_letter_days))
    if copy.settled_at is not None:
        return Term(Kind.DELIVERED_BODY, copy.settled_at + timedelta(days=rules.delivered_days(type_name)))
    return Term(Kind.UNDELIVERED_BODY, recorded_at + timedelta(days=rules.bodies.undelivered_days))


def case_term(case: Case, *, has_bodies: bool, rules: RetentionRules) -> Term | None:
    """None while the case is open. A deadline that survives the closing is a follow-up that is still to come; a body
    that is still kept would die with the case's key."""
    closed_at = case.closed_at
    if closed_at is None:
        return None
    waits = has_bodies or bool(case.memory.deadlines)
    months = rules.cases.longest_months if waits else rules.cases.followed_up_months
    return Term(Kind.CASE, _months_after(closed_at, months))


def person_term(last_message_at: datetime, rules: RetentionRules) -> Term:
    """The link from a number to messages about a person that belong to no case."""
    return Term(Kind.PERSON, _months_after(last_message_at, rules.cases.person_months))


def person_entries_since(at: datetime, rules: RetentionRules) -> datetime:
    """A person of whom nothing but a refusal is known is forgotten as long after it."""
    return _after(calendar.months_after(day_in_stockholm(at), -rules.cases.person_months) - timedelta(days=1))


def consent_term(valid_to: date, ended_at: datetime | None, rules: RetentionRules) -> Term:
    """A consent lives to its last day; one that was ended before, to the day on which it was."""
    last = valid_to if ended_at is None else min(valid_to, day_in_stockholm(ended_at))
    return Term(Kind.CONSENT, _after(calendar.months_after(last, rules.consent_years * _MONTHS_OF_A_YEAR)))


def metadata_term(recorded_at: datetime, rules: RetentionRules) -> Term:
    return Term(Kind.METADATA, _months_after(recorded_at, rules.metadata_years * _MONTHS_OF_A_YEAR))


def _months_after(at: datetime, months: int) -> datetime:
    return _after(calendar.months_after(day_in_stockholm(at), months))


def _after(day: date) -> datetime:
    """The end of a day in Stockholm."""
    return datetime.combine(day + timedelta(days=1), time(), STOCKHOLM).astimezone(UTC)
