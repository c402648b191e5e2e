"""The consents that the hub relies on: sealed in the store, read into `routing.consent.Consent` for deciding.

Withdrawal narrows a stored version, it never rewrites what was signed: the narrowing stands beside the sealed content.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import orjson

from hub.store.records import StoredConsent
from hub.vault import SealingKey, body_aad
from routing import consent as consents
from routing.consent import CONFIRMING_KINDS, Consent, ConsentStatus, Edge
from routing.directory import Directory
from routing.message import Message
from routing.preconditions import representation
from routing.rulebook import Settings

# Room for the consents of everybody in the programme at one time (7,300 persons in 2008), twice over.
_KEPT = 16_384


def _aad(consent_id: str, version: int) -> bytes:
    return body_aad(consent_id, "consent", consent_id, "consent", str(version))


class ConsentBook:
    """Opens stored consents and keeps the most used ones in memory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._kinds: dict[str, str | None] = {}
        self._opened: OrderedDict[str, tuple[StoredConsent, Consent]] = OrderedDict()

    def recall(self, stored: StoredConsent) -> Consent | None:
        """The consent, when exactly this row has been read before and is still remembered."""
        known = self._opened.get(stored.consent_id)
        return known[1] if known is not None and known[0] == stored else None

    def read(self, stored: StoredConsent, key: SealingKey) -> Consent:
        """The consent as it counts now. Raises `SealBroken` when the row was altered or moved."""
        consent = self.from_content(self._open(stored, key), stored.person_key, stored.recorded_by)
        if stored.status != consent.status or stored.narrowing:
            consent = replace(
                consent,
                status=ConsentStatus(stored.status),
                withdrawn_parties=frozenset(stored.narrowing.get("parties", ())),
                withdrawn_categories=frozenset(stored.narrowing.get("categories", ())),
            )
        self.keep(stored, consent)
        return consent

    def keep(self, stored: StoredConsent, consent: Consent) -> None:
        """Remembers what a stored row means. A row that was never committed equals no row that is read later."""
        opened = self._opened  # which another thread may replace meanwhile
        opened[stored.consent_id] = (stored, consent)
        opened.move_to_end(stored.consent_id)
        if len(opened) > _KEPT:
            opened.popitem(last=False)

    def forget(self) -> None:
        """Nothing that has been read is remembered; it is read again when it is needed."""
        self._opened = OrderedDict()

    def from_content(self, content: Mapping[str, Any], person_key: str, recorded_by: str) -> Consent:
        """What the registry has kept as a consent; authorities may be named by one of their units."""
        consent = consents.read(content, person_key, recorded_by, self._directory.find_authority)
        lapses_on = content.get("lapses_on")
        return replace(
            consent,
            edges=tuple(replace(edge, confirmed=self._counts(edge, recorded_by)) for edge in consent.edges),
            status=ConsentStatus.SUSPENDED if representation.is_doubtful(content) else consent.status,
            lapses_on=date.fromisoformat(lapses_on) if lapses_on else None,
        )

    def _counts(self, edge: Edge, recorded_by: str) -> bool:
        own = edge.holder == self._directory.find_authority(recorded_by)
        return own or edge.confirmed or self._kind_of(edge.holder) not in CONFIRMING_KINDS

    def believed(self, message: Message, known: Consent | None, settings: Settings) -> dict[str, Any]:
        """The content of a recorder's version as the registry keeps it: with the day on which a guardian's part ends,
        and confirmed only where the holder has said so of the same edge for no shorter a time."""
        content = dict(message.content)
        told = consents.read(content, message.person_key or "", message.sender, self._directory.find_authority)
        if settings.holder_confirms == "itself":
            content["edges"] = [
                {**edge, "confirmed_by_holder": known is not None and _was_confirmed(known, read, told.valid_to)}
                for edge, read in zip(content["edges"], told.edges, strict=True)
            ]
        lapses_on = representation.lapses_on(content, message.born_on)
        return content | {"lapses_on": lapses_on.isoformat() if lapses_on else None}

    def confirmed(self, stored: StoredConsent, message: Message, key: SealingKey) -> dict[str, Any]:
        """The kept content after a holder has confirmed edges of its own: nothing else is changed."""
        return self.with_confirmed(self._open(stored, key), stored, message)

    def with_confirmed(
        self, content: Mapping[str, Any], of: StoredConsent | Consent, message: Message
    ) -> dict[str, Any]:
        """The same of a content that is open."""
        find = self._directory.find_authority
        holder = find(message.sender)
        told = {
            (edge.holder, edge.recipient, edge.categories)
            for edge in consents.read(message.content, of.person_key, message.sender, find).edges
            if edge.confirmed and edge.holder == holder
        }
        kept = consents.read(content, of.person_key, of.recorded_by, find).edges
        edges = [
            edge | ({"confirmed_by_holder": True} if (read.holder, read.recipient, read.categories) in told else {})
            for edge, read in zip(content["edges"], kept, strict=True)
        ]
        return {**content, "version": message.content["version"], "edges": edges}

    def _open(self, stored: StoredConsent, key: SealingKey) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(key.open(stored.sealed, aad=_aad(stored.consent_id, stored.version)))
        return content

    def _kind_of(self, authority: str) -> str | None:
        if authority not in self._kinds:
            units = (unit for unit in self._directory.list_units() if unit.authority == authority)
            self._kinds[authority] = next((unit.kind for unit in units), None)
        return self._kinds[authority]

    def store(
        self, consent: Consent, content: Mapping[str, Any], recorded_at: datetime, key: SealingKey
    ) -> StoredConsent:
        """A stored version of what was signed."""
        sealed = key.seal(orjson.dumps(content), aad=_aad(consent.consent_id, consent.version))
        return StoredConsent(
            consent_id=consent.consent_id,
            version=consent.version,
            person_key=consent.person_key,
            recorded_by=consent.recorded_by,
            status=consent.status.value,
            valid_to=consent.valid_to.isoformat(),
            recorded_at=recorded_at,
            narrowing=narrowing_of(consent),
            sealed=sealed,
        )


def narrowing_of(consent: Consent) -> dict[str, list[str]]:
    """What has been withdrawn of it, as it stands beside the sealed content; empty when nothing has."""
    narrowing = {
        "parties": sorted(consent.withdrawn_parties),
        "categories": sorted(consent.withdrawn_categories),
    }
    return narrowing if any(narrowing.values()) else {}


def _was_confirmed(known: Consent, edge: Edge, valid_to: date) -> bool:
    standing = known.standing()
    return valid_to <= known.valid_to and any(
        before.confirmed
        and (before.holder, before.recipient) == (edge.holder, edge.recipient)
        and edge.categories <= before.categories
        and all((edge.holder, edge.recipient, category) in standing for category in edge.categories)
        for before in known.edges
    )


def withdrawn(known: Consent, message: Message, directory: Directory) -> Consent:
    """The consent after a withdrawal that was accepted."""
    match message.content["scope"]:
        case "void":
            return replace(known, status=ConsentStatus.VOID)
        case "all":
            return consents.withdraw(known)
    categories = tuple(message.content.get("categories", ()))
    return consents.withdraw(known, parties=_withdrawn_parties(message, directory), categories=categories)


def _withdrawn_parties(message: Message, directory: Directory) -> tuple[str, ...]:
    """The authorities that a withdrawal names, given as authorities or as units of theirs."""
    found = (directory.find_authority(name) for name in message.content.get("parties", ()))
    return tuple(authority for authority in found if authority is not None)
