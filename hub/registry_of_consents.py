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
from routing.consent import CONFIRMING_KINDS, Consent, ConsentStatus, Edge, Exclusion
from routing.directory import Directory
from routing.message import Message

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
        sealed_content = key.open(stored.sealed, aad=_aad(stored.consent_id, stored.version))
        consent = self.from_content(orjson.loads(sealed_content), stored.person_key, stored.recorded_by)
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
        self._opened[stored.consent_id] = (stored, consent)
        self._opened.move_to_end(stored.consent_id)
        if len(self._opened) > _KEPT:
            self._opened.popitem(last=False)

    def from_content(self, content: Mapping[str, Any], person_key: str, recorded_by: str) -> Consent:
        """The content of `consent.recorded` as a consent; authorities may be named by one of their units."""
        status = ConsentStatus.DRAFT if content.get("status") == "draft" else ConsentStatus.ACTIVE
        if content.get("decision_capable", "yes") != "yes":
            status = ConsentStatus.SUSPENDED
        return Consent(
            consent_id=content["consent_id"],
            version=content["version"],
            person_key=person_key,
            purpose=content["purpose"],
            edges=tuple(self._edge(edge, recorded_by) for edge in content["edges"]),
            excluded=tuple(self._exclusion(entry) for entry in content.get("excluded", ())),
            valid_from=date.fromisoformat(content["valid_from"]),
            valid_to=date.fromisoformat(content["valid_to"]),
            recorded_by=recorded_by,
            status=status,
            case_id=content.get("case_id"),
        )

    def _edge(self, edge: Mapping[str, Any], recorded_by: str) -> Edge:
        holder = self._authority(edge["holder_authority"])
        recorder = self._directory.find_authority(recorded_by)
        must_confirm = holder != recorder and self._kind_of(holder) in CONFIRMING_KINDS
        return Edge(
            holder=holder,
            recipient=self._authority(edge["recipient_authority"]),
            categories=frozenset(edge["categories"]),
            confirmed=not must_confirm or bool(edge.get("confirmed_by_holder", False)),
        )

    def _exclusion(self, entry: Mapping[str, Any]) -> Exclusion:
        recipient = entry.get("recipient_authority")
        return Exclusion(self._authority(recipient) if recipient else None, entry.get("category"))

    def _authority(self, name: str) -> str:
        # A name that the directory does not know covers nobody: it equals no unit's authority.
        return self._directory.find_authority(name) or name

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
            narrowing={},
            sealed=sealed,
        )


def withdrawn_parties(message: Message, directory: Directory) -> tuple[str, ...]:
    """The authorities that a withdrawal names, given as authorities or as units of theirs."""
    found = (directory.find_authority(name) for name in message.content.get("parties", ()))
    return tuple(authority for authority in found if authority is not None)
