"""Consent (OSL 2009:400 10:1 and 12:2): directed edges between authorities, one purpose, categories, exclusions, time.

Silence is no consent: what no edge names is not covered. The hub's consent lifts secrecy; it is not the GDPR ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from routing.refusals import RefusalCode

STOCKHOLM = ZoneInfo("Europe/Stockholm")
# Authorities that rely only on a consent which they have checked themselves (practice of AF, FK and the region).
CONFIRMING_KINDS = frozenset({"af", "fk", "rg"})


class ConsentStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"


@lru_cache(maxsize=4096)
def midnight(day: date) -> datetime:
    """When a day begins in Stockholm, in UTC."""
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Edge:
    """`holder` may tell `recipient` (authority ids) these categories. The opposite direction is another edge."""

    holder: str
    recipient: str
    categories: frozenset[str]
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What the person does not want shared: with an authority, of a category, or both together."""

    recipient: str | None = None
    category: str | None = None

    def excludes(self, recipient: str, category: str) -> bool:
        if self.recipient is None and self.category is None:
            return False
        return self.recipient in (None, recipient) and self.category in (None, category)


@dataclass(frozen=True, slots=True)
class Consent:
    """One version of a consent. `valid_to` is the last day that counts; it ends at midnight in Stockholm after it."""

    consent_id: str
    version: int
    person_key: str
    purpose: str
    edges: tuple[Edge, ...]
    excluded: tuple[Exclusion, ...]
    valid_from: date
    valid_to: date
    recorded_by: str
    status: ConsentStatus = ConsentStatus.ACTIVE
    case_id: str | None = None
    withdrawn_parties: frozenset[str] = frozenset()
    withdrawn_categories: frozenset[str] = frozenset()

    def begins_at(self) -> datetime:
        return midnight(self.valid_from)

    def ends_at(self) -> datetime:
        return midnight(self.valid_to + timedelta(days=1))

    def is_over(self, at: datetime) -> RefusalCode | None:
        """Why this consent cannot have another version, None when it can."""
        if self.status is ConsentStatus.WITHDRAWN:
            return RefusalCode.CONSENT_WITHDRAWN
        ended = self.status is ConsentStatus.EXPIRED or at >= self.ends_at()
        return RefusalCode.CONSENT_EXPIRED if ended else None

    def names(self, authority: str) -> bool:
        """True when the authority is on either side of an edge, and so knows of the consent."""
        return any(authority in (edge.holder, edge.recipient) for edge in self.edges)


@dataclass(frozen=True, slots=True)
class Cover:
    """What consents let `holder` tell `recipient`: categories with the consent that gives most of them, or why none."""

    categories: frozenset[str]
    consent: Consent | None
    missing: RefusalCode | None


def covers(consents: Iterable[Consent], *, purpose: str, holder: str, recipient: str, at: datetime) -> Cover:
    """The categories that `holder` may tell `recipient` for `purpose` at the instant `at`.

    Covers add up: a person who signs one more paper never loses a disclosure by it. When nothing is covered,
    `missing` names the nearest reason: withdrawn before expired before not covering before missing.
    """
    found = [_cover_of(consent, holder, recipient, at) for consent in consents if consent.purpose == purpose]
    given = [cover for cover in found if cover.missing is None]
    if len(given) == 1:  # as nearly always
        return given[0]
    if given:
        categories = frozenset().union(*(cover.categories for cover in given))
        return Cover(categories, max(given, key=_strength).consent, None)
    nearest = max((cover.missing for cover in found if cover.missing), key=_NEARNESS.index, default=None)
    return Cover(frozenset(), None, nearest or RefusalCode.CONSENT_MISSING)


_NEARNESS = (
    RefusalCode.CONSENT_MISSING,
    RefusalCode.CONSENT_NOT_COVERING,
    RefusalCode.CONSENT_EXPIRED,
    RefusalCode.CONSENT_WITHDRAWN,
)


def _strength(cover: Cover) -> tuple[int, int, str]:
    consent = cover.consent
    return (len(cover.categories), consent.version if consent else 0, consent.consent_id if consent else "")


_NOTHING: frozenset[str] = frozenset()


def _cover_of(consent: Consent, holder: str, recipient: str, at: datetime) -> Cover:
    edges = [edge for edge in consent.edges if edge.holder == holder and edge.recipient == recipient and edge.confirmed]
    if consent.status not in (ConsentStatus.ACTIVE, ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED):
        return Cover(_NOTHING, None, RefusalCode.CONSENT_MISSING)
    if not edges:
        return Cover(_NOTHING, None, RefusalCode.CONSENT_NOT_COVERING)
    if consent.status is ConsentStatus.WITHDRAWN or {holder, recipient} & consent.withdrawn_parties:
        return Cover(_NOTHING, None, RefusalCode.CONSENT_WITHDRAWN)
    if consent.status is ConsentStatus.EXPIRED or at >= consent.ends_at():
        return Cover(_NOTHING, None, RefusalCode.CONSENT_EXPIRED)
    if at < consent.begins_at():
        return Cover(_NOTHING, None, RefusalCode.CONSENT_MISSING)
    told = _NOTHING.union(*[edge.categories for edge in edges]) - consent.withdrawn_categories
    left = told - {
        category for exclusion in consent.excluded for category in told if exclusion.excludes(recipient, category)
    }
    if not left:
        return Cover(_NOTHING, None, RefusalCode.CONSENT_NOT_COVERING)
    return Cover(left, consent, None)


def withdraw(consent: Consent, *, parties: Sequence[str] = (), categories: Sequence[str] = ()) -> Consent:
    """The consent after a withdrawal: of everything when neither parties nor categories are named."""
    if not parties and not categories:
        return replace(consent, status=ConsentStatus.WITHDRAWN)
    return replace(
        consent,
        withdrawn_parties=consent.withdrawn_parties | frozenset(parties),
        withdrawn_categories=consent.withdrawn_categories | frozenset(categories),
    )
