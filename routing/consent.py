"""Consent (OSL 2009:400 10:1 and 12:2): directed edges between authorities, one purpose, categories, exclusions, time.

Silence is no consent: what no edge names is not covered. The hub's consent lifts secrecy; it is not the GDPR ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from routing.refusals import RefusalCode
from schemas.frozen import dataclass, replace

STOCKHOLM = ZoneInfo("Europe/Stockholm")
# Kinds whose authorities rely only on a consent which they have checked themselves (practice of AF, FK, the region).
CONFIRMING_KINDS = frozenset({"af", "fk", "rg"})

FindAuthority = Callable[[str], str | None]


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
    """What the person does not want shared: with an authority, of a category, or both together.

    A fact in words is for people: no machine can find it in a message. It stands beside an authority or a category,
    and the whole of that is kept back. One that names neither cannot be recorded; should one be read, all is kept back.
    """

    recipient: str | None = None
    category: str | None = None

    def excludes(self, recipient: str, category: str) -> bool:
        return self.recipient in (None, recipient) and self.category in (None, category)


@dataclass(frozen=True, slots=True)
class Consent:
    """One version of a consent. `valid_to` is the last day that counts; it ends at midnight in Stockholm after it.

    `lapses_on` is the day from which a guardian's part counts no more: the person's eighteenth birthday.
    """

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
    signed_on: date | None = None
    lapses_on: date | None = None

    def begins_at(self) -> datetime:
        return midnight(self.valid_from)

    def ends_at(self) -> datetime:
        return midnight(self.valid_to + timedelta(days=1))

    def status_at(self, at: datetime) -> ConsentStatus:
        """What counts at the instant, where the calendar has gone on without a message."""
        if self.status is not ConsentStatus.ACTIVE:
            return self.status
        if at >= self.ends_at():
            return ConsentStatus.EXPIRED
        if at < self.begins_at():
            return ConsentStatus.DRAFT
        lapsed = self.lapses_on is not None and at >= midnight(self.lapses_on)
        return ConsentStatus.SUSPENDED if lapsed else ConsentStatus.ACTIVE

    def is_withdrawn(self, edge: Edge) -> bool:
        """True when the whole consent is withdrawn, or for a party of the edge."""
        return self.status is ConsentStatus.WITHDRAWN or bool({edge.holder, edge.recipient} & self.withdrawn_parties)

    def standing(self) -> frozenset[tuple[str, str, str]]:
        """What is signed and neither withdrawn nor excluded: holder, recipient, category."""
        return frozenset(
            (edge.holder, edge.recipient, category)
            for edge in self.edges
            if not {edge.holder, edge.recipient} & self.withdrawn_parties
            for category in edge.categories - self.withdrawn_categories
            if not any(exclusion.excludes(edge.recipient, category) for exclusion in self.excluded)
        )

    def is_over(self, at: datetime) -> RefusalCode | None:
        """Why this consent cannot have another version, None when it can."""
        if self.status in (ConsentStatus.WITHDRAWN, ConsentStatus.VOID):
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
    if consent.status_at(at) is not ConsentStatus.ACTIVE:
        return Cover(_NOTHING, None, RefusalCode.CONSENT_MISSING)
    told = _NOTHING.union(*[edge.categories for edge in edges]) - consent.withdrawn_categories
    left = told - {
        category for exclusion in consent.excluded for category in told if exclusion.excludes(recipient, category)
    }
    if not left:
        return Cover(_NOTHING, None, RefusalCode.CONSENT_NOT_COVERING)
    return Cover(left, consent, None)


def widens(before: Consent, after: Consent) -> bool:
    """True when the later version lets more be told, or for longer, than what stands of the earlier one."""
    return (
        after.purpose != before.purpose
        or after.valid_from < before.valid_from
        or after.valid_to > before.valid_to
        or not after.standing() <= before.standing()
    )


def withdraw(consent: Consent, *, parties: Sequence[str] = (), categories: Sequence[str] = ()) -> Consent:
    """The consent after a withdrawal: of everything when neither parties nor categories are named."""
    if consent.status is ConsentStatus.VOID:
        return consent
    if not parties and not categories:
        return replace(consent, status=ConsentStatus.WITHDRAWN)
    return replace(
        consent,
        withdrawn_parties=consent.withdrawn_parties | frozenset(parties),
        withdrawn_categories=consent.withdrawn_categories | frozenset(categories),
    )


def read(content: Mapping[str, Any], person_key: str, recorded_by: str, find_authority: FindAuthority) -> Consent:
    """What a paper says, before anybody has judged it. A name that nobody knows covers nobody: it equals no authority.

    Raises no refusal: the content fits its schema. An edge is confirmed as the content says, which is not yet believed.
    """

    def authority(name: str) -> str:
        return find_authority(name) or name

    return Consent(
        consent_id=content["consent_id"],
        version=content["version"],
        person_key=person_key,
        purpose=content["purpose"],
        edges=tuple(
            Edge(
                authority(edge["holder_authority"]),
                authority(edge["recipient_authority"]),
                frozenset(edge["categories"]),
                bool(edge.get("confirmed_by_holder", False)),
            )
            for edge in content["edges"]
        ),
        excluded=tuple(
            Exclusion(
                authority(entry["recipient_authority"]) if "recipient_authority" in entry else None,
                entry.get("category"),
            )
            for entry in content.get("excluded", ())
        ),
        valid_from=date.fromisoformat(content["valid_from"]),
        valid_to=date.fromisoformat(content["valid_to"]),
        recorded_by=recorded_by,
        status=ConsentStatus.DRAFT if content.get("status") == "draft" else ConsentStatus.ACTIVE,
        case_id=content.get("case_id"),
        signed_on=date.fromisoformat(content["signed_on"]),
    )
