"""What one commit group knows and will write: the store's rows, kept in step with what the group has decided so far.

Reading is in bulk (`prepare_...`), deciding then works from memory, and writing is one `Changes` at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from hub.audit import entry as audit_entry
from hub.audit.entry import AuditAction
from hub.registry_of_consents import ConsentBook
from hub.store.port import Reader
from hub.store.records import (
    AuditRow,
    Changes,
    ClaimCheck,
    DataKey,
    DeliveryChange,
    DeliveryView,
    MessageKey,
    StoredConsent,
    StoredDelivery,
    StoredMessage,
)
from hub.vault import SealingKey, Vault
from routing.case import Case
from routing.consent import Consent

_STEPS = tuple(each.name for each in fields(DeliveryChange) if each.name != "delivery_id")


class LaneErased(Exception):
    """The data key of this lane has been destroyed: what it sealed cannot be read by anybody."""


def consent_lane(consent_id: str) -> str:
    """The lane of a consent: its key is its own, since it outlives the cases that rest on it."""
    return f"consent:{consent_id}"


class Ledger:
    """One group under way. Not shared between groups."""

    def __init__(self, group: Reader, vault: Vault, book: ConsentBook, at: datetime) -> None:
        self.group = group
        self.at = at
        self.changes = Changes()
        self.claims: list[ClaimCheck] = []
        self._vault = vault
        self._book = book
        self._messages: dict[MessageKey, StoredMessage] = {}
        self._cases: dict[str, Case] = {}
        self._open_cases: dict[str, list[Case]] = {}
        self._known_cases_of: dict[str | None, set[str]] = {}
        self._consents: dict[str, Consent] = {}
        self._consents_of: dict[str, set[str]] = {}
        self._stored_consents: dict[str, StoredConsent] = {}
        self._data_keys: dict[str, DataKey] = {}
        self._deliveries: dict[str, DeliveryView] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._audit_size: int | None = None

    # -- what is known ------------------------------------------------------------------------------------------

    def prepare_messages(self, keys: Collection[MessageKey]) -> None:
        self._messages.update(self.group.find_messages(keys))

    def prepare_cases(self, case_ids: Collection[str]) -> None:
        missing = [case_id for case_id in case_ids if case_id not in self._cases]
        found = self.group.find_cases(missing)
        for case in found.values():
            self._know_case(case)
        # Whoever has received something of a case is a party to it, so these are all its counters.
        self.prepare_sequences([(case.case_id, unit) for case in found.values() for unit in case.parties])

    def prepare_persons(self, person_keys: Collection[str], consent_ids: Collection[str]) -> None:
        """Loads open cases and consents of these persons, and the consents with these ids."""
        for person_key, cases in self.group.find_open_cases(person_keys).items():
            self._open_cases[person_key] = cases
        for person_key in person_keys:
            self._consents_of.setdefault(person_key, set())
        found = self.group.find_consents(person_keys=person_keys, consent_ids=consent_ids)
        lanes = [consent_lane(stored.consent_id) for stored in found]
        self.prepare_data_keys(lanes)
        for stored, lane_id in zip(found, lanes, strict=True):
            if stored.consent_id in self._stored_consents:
                continue  # known already, perhaps changed by this group: what is stored is older
            if lane_id in self._data_keys:  # else it is erased, and covers nothing
                self._stored_consents[stored.consent_id] = stored
                consent = self._book.recall(stored) or self._book.read(stored, self.existing_key(lane_id))
                self._know_consent(consent)

    def prepare_data_keys(self, lane_ids: Collection[str]) -> None:
        missing = [lane_id for lane_id in lane_ids if lane_id not in self._data_keys]
        self._data_keys.update(self.group.find_data_keys(missing))

    def prepare_deliveries(self, delivery_ids: Collection[str]) -> None:
        missing = [delivery_id for delivery_id in delivery_ids if delivery_id not in self._deliveries]
        self._deliveries.update(self.group.find_deliveries(missing))

    def prepare_sequences(self, lanes: Collection[tuple[str, str]]) -> None:
        missing = [lane for lane in lanes if lane not in self._sequences]
        self._sequences.update(self.group.find_sequences(missing))

    def find_message(self, key: MessageKey) -> StoredMessage | None:
        return self._messages.get(key)

    def find_case(self, case_id: str | None) -> Case | None:
        return self._cases.get(case_id) if case_id is not None else None

    def find_delivery(self, delivery_id: str) -> DeliveryView | None:
        return self._deliveries.get(delivery_id)

    def list_open_cases(self, person_key: str | None) -> tuple[Case, ...]:
        """The person's cases that are open now, including what this group has opened or closed."""
        if person_key is None:
            return ()
        known = {case.case_id: case for case in self._open_cases.get(person_key, ())}
        known.update({case_id: self._cases[case_id] for case_id in self._known_cases_of.get(person_key, ())})
        return tuple(case for case in known.values() if _is_open(self._cases.get(case.case_id, case)))

    def consents_of(self, person_key: str | None) -> dict[str, Consent]:
        """The person's consents, newest version of each, by id."""
        ids = self._consents_of.get(person_key, ()) if person_key is not None else ()
        return {consent_id: self._consents[consent_id] for consent_id in ids}

    def find_consent(self, consent_id: str) -> Consent | None:
        return self._consents.get(consent_id)

    # -- what is decided ----------------------------------------------------------------------------------------

    def key_for(self, lane_id: str) -> SealingKey:
        """The lane's key, made now when the lane is new."""
        if lane_id in self._data_keys:
            return self._vault.unwrap(self._data_keys[lane_id])
        row, key = self._vault.new_data_key(lane_id)
        self._data_keys[lane_id] = row
        self.changes.data_keys.append(row)
        return key

    def existing_key(self, lane_id: str) -> SealingKey:
        """The key of a lane that has sealed something. Raises `LaneErased` when it has been destroyed."""
        row = self._data_keys.get(lane_id)
        if row is None:
            raise LaneErased
        return self._vault.unwrap(row)

    def next_sequence(self, lane_id: str, unit_id: str) -> int:
        """The next number of this lane and unit: from 1, without gaps. The lane must have been prepared."""
        lane = (lane_id, unit_id)
        number = self._sequences.get(lane, 0) + 1
        self._sequences[lane] = number
        self.changes.sequences[lane] = number
        return number

    def put_case(self, case: Case) -> None:
        self._know_case(case)
        self.changes.cases[case.case_id] = case

    def _know_case(self, case: Case) -> None:
        # A case keeps its person; the one who becomes known later joins here, too.
        self._cases[case.case_id] = case
        self._known_cases_of.setdefault(case.person_key, set()).add(case.case_id)

    def put_message(self, message: StoredMessage, deliveries: Iterable[StoredDelivery]) -> None:
        self._messages[message.key] = message
        self.changes.messages.append(message)
        self.changes.deliveries.extend(deliveries)

    def change_delivery(self, change: DeliveryChange) -> None:
        """A step of a delivery that has been prepared; later commands of this group see it."""
        self.changes.delivery_changes.append(change)
        view = self._deliveries[change.delivery_id]
        steps = {name: value for name in _STEPS if (value := getattr(change, name)) is not None}
        self._deliveries[change.delivery_id] = replace(view, delivery=replace(view.delivery, **steps))

    def put_consent(self, stored: StoredConsent, consent: Consent) -> None:
        self.changes.consents.append(stored)
        self._book.keep(stored, consent)
        self._stored_consents[stored.consent_id] = stored
        self._know_consent(consent)

    def find_stored_consent(self, consent_id: str) -> StoredConsent | None:
        return self._stored_consents.get(consent_id)

    def _know_consent(self, consent: Consent) -> None:
        self._consents[consent.consent_id] = consent
        self._consents_of.setdefault(consent.person_key, set()).add(consent.consent_id)

    def audit(
        self,
        action: AuditAction,
        actor: str,
        *,
        unit: str | None = None,
        type: str | None = None,
        message_id: str | None = None,
        case_id: str | None = None,
        code: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> AuditRow:
        """Appends one entry to the log, at the next index."""
        if self._audit_size is None:
            self._audit_size = self.group.audit_size()
        row = audit_entry.build(
            self._audit_size,
            self.at,
            action,
            actor,
            unit=unit,
            type=type,
            message_id=message_id,
            case_id=case_id,
            code=code,
            detail=detail or {},
        )
        self._audit_size += 1
        self.changes.audit.append(row)
        return row


def _is_open(case: Case) -> bool:
    return case.closed_at is None and case.state not in ("returned", "closed")
