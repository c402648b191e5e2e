"""What one commit group knows and will write: the store's rows, kept in step with what the group has decided so far.

Reading is in bulk (`prepare_...`), deciding then works from memory, and writing is one `Changes` at the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hub import case_memory
from hub.attachments.book import AttachmentLedger
from hub.audit import entry as audit_entry
from hub.audit.entry import AuditAction
from hub.push.book import PushLedger
from hub.registry_of_consents import ConsentBook
from hub.store.dead_letters import DeadLetterQuery
from hub.store.kept import Tombstone
from hub.store.port import Reader
from hub.store.records import (
    AuditRow,
    Changes,
    ClaimCheck,
    DataKey,
    DeliveryChange,
    DeliveryState,
    DeliveryView,
    EarlierMessage,
    MessageKey,
    Shred,
    StoredCase,
    StoredConsent,
    StoredDelivery,
    StoredMessage,
)
from hub.vault import INDEX_LANE, SealBroken, SealingKey, Vault
from routing.case import NOTHING_REMEMBERED, Case
from routing.consent import Consent
from routing.message import Message
from routing.situation import Earlier
from schemas.frozen import replace

_UNREAD = frozenset({DeliveryState.PENDING, DeliveryState.NOTIFIED})
_STEPS = tuple(each.name for each in fields(DeliveryChange) if each.name != "delivery_id")


class LaneErased(Exception):
    """The data key of this lane has been destroyed: what it sealed cannot be read by anybody."""


def consent_lane(consent_id: str) -> str:
    """The lane of a consent: its key is its own, since it outlives the cases that rest on it."""
    return f"consent:{consent_id}"


def person_lane(person_key: str) -> str:
    """The lane of messages about a person that belong to no case."""
    return f"person:{person_key}"


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
        self._stored_cases_of: dict[str, list[Case]] = {}
        self._earlier: dict[str, list[EarlierMessage]] = {}
        self._known_cases_of: dict[str | None, set[str]] = {}
        self._consents: dict[str, Consent] = {}
        self._persons: set[str] = set()
        self._consents_of: dict[str, set[str]] = {}
        self._stored_consents: dict[str, StoredConsent] = {}
        self._data_keys: dict[str, DataKey] = {}
        self._deliveries: dict[str, DeliveryView] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._dead_letters: set[str] = set()
        self.pushes = PushLedger(group, self.changes)
        self.attachments = AttachmentLedger(group, self.changes)
        self._audit_size: int | None = None

    # -- what is known ------------------------------------------------------------------------------------------

    def prepare_messages(self, keys: Collection[MessageKey]) -> None:
        self._messages.update(self.group.find_messages(keys))

    def prepare_cases(self, case_ids: Collection[str]) -> None:
        missing = [case_id for case_id in case_ids if case_id not in self._cases]
        found = self.group.find_cases(missing)
        self.prepare_data_keys(found)
        cases = [self._recall(stored) for stored in found.values()]
        for case in cases:
            self._know_case(case)
        # Whoever has received something of a case is a party to it, so these are all its counters.
        self.prepare_sequences([(case.case_id, unit) for case in cases for unit in case.parties])

    def _recall(self, stored: StoredCase) -> Case:
        """The case with its memory; what an erased case remembered is gone with its key."""
        case = stored.case
        if stored.memory is None or case.case_id not in self._data_keys:
            return case
        content = self.existing_key(case.case_id).open(stored.memory, aad=case_memory.aad(case.case_id))
        return replace(case, memory=case_memory.load(content))

    def prepare_earlier(self, message_ids: Collection[str]) -> None:
        """Loads messages that others speak of. Nothing is asked when none does."""
        missing = [message_id for message_id in message_ids if message_id not in self._earlier]
        for found in self.group.find_earlier(missing) if missing else ():
            self._earlier.setdefault(found.key.message_id, []).append(found)

    def prepare_cases_of(self, person_keys: Collection[str]) -> None:
        """Loads all cases of these persons, each person once in a group."""
        missing = [person_key for person_key in person_keys if person_key not in self._stored_cases_of]
        found = self.group.find_cases_of(missing)
        self._stored_cases_of.update({person_key: found.get(person_key, []) for person_key in missing})

    def prepare_consents(self, person_keys: Collection[str], consent_ids: Collection[str]) -> None:
        """Loads all consents of these persons, and the consents with these ids; each once in a group."""
        persons = [person_key for person_key in person_keys if person_key not in self._persons]
        cited = [consent_id for consent_id in consent_ids if consent_id not in self._stored_consents]
        self._persons.update(persons)
        for person_key in persons:
            self._consents_of.setdefault(person_key, set())
        found = self.group.find_consents(person_keys=persons, consent_ids=cited)
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

    def list_sealed(self, lane_ids: Collection[str]) -> list[str]:
        """Those of the lanes in which something is sealed."""
        self.prepare_data_keys(lane_ids)
        return [lane_id for lane_id in lane_ids if lane_id in self._data_keys]

    def prepare_deliveries(self, delivery_ids: Collection[str]) -> None:
        missing = [delivery_id for delivery_id in delivery_ids if delivery_id not in self._deliveries]
        self._deliveries.update(self.group.find_deliveries(missing))

    def prepare_dead_letters(self, delivery_ids: Collection[str]) -> None:
        found = self.group.list_dead_letters(DeadLetterQuery(delivery_ids=delivery_ids, limit=len(delivery_ids)))
        self._dead_letters.update(each.letter.delivery_id for each in found)

    def is_dead_letter(self, delivery_id: str) -> bool:
        """Whether it lies there to be decided about, as this group has left it. It must have been prepared."""
        return delivery_id in self._dead_letters

    def prepare_unread(self, lane_ids: Collection[str]) -> list[DeliveryView]:
        """Copies in these lanes that nobody has read, as this group has left them. Those that this very group has
        accepted are not among them: they are decided again when they are read."""
        for view in self.group.list_unread(lane_ids):
            self._deliveries.setdefault(view.delivery.delivery_id, view)
        wanted = set(lane_ids)
        views = [view for view in self._deliveries.values() if view.delivery.lane_id in wanted]
        return [view for view in views if view.delivery.state in _UNREAD]

    def prepare_sequences(self, lanes: Collection[tuple[str, str]]) -> None:
        missing = [lane for lane in lanes if lane not in self._sequences]
        self._sequences.update(self.group.find_sequences(missing))

    def find_message(self, key: MessageKey) -> StoredMessage | None:
        return self._messages.get(key)

    def find_case(self, case_id: str | None) -> Case | None:
        return self._cases.get(case_id) if case_id is not None else None

    def find_earlier(self, message: Message) -> dict[str, Earlier]:
        """The messages that this one speaks of, as far as its sender sent or got them itself."""
        found = {}
        for message_id in message.speaks_of:
            for earlier in self._earlier.get(message_id, ()):
                if message.sender == earlier.sender or message.sender in earlier.recipients:
                    found[message_id] = Earlier(
                        message_id, earlier.type, earlier.sender, earlier.case_id, earlier.recipients
                    )
        return found

    def find_delivery(self, delivery_id: str) -> DeliveryView | None:
        return self._deliveries.get(delivery_id)

    def list_cases_of(self, person_key: str | None) -> tuple[Case, ...]:
        """The person's cases, open and closed, oldest first, as this group has left them."""
        if person_key is None:
            return ()
        self.prepare_cases_of([person_key])
        known = {case.case_id: case for case in self._stored_cases_of[person_key]}
        known.update({case_id: self._cases[case_id] for case_id in self._known_cases_of.get(person_key, ())})
        return tuple(sorted(known.values(), key=lambda case: case.opened_at))

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
        if not self.changes.data_keys:
            self._vault.keep_up()
        row, key = self._vault.new_data_key(lane_id)
        self._data_keys[lane_id] = row
        self.changes.data_keys.append(row)
        return key

    def rewrap(self, lane_ids: Collection[str]) -> int:
        """Wraps the keys of these lanes by the master key that counts now; how many were wrapped by another. The keys
        of indexes and commitments join them when they are asked for the first time."""
        rows = self.group.find_data_keys(lane_ids)
        if INDEX_LANE in lane_ids and INDEX_LANE not in rows:
            self.changes.data_keys.append(self._vault.index_row())
        old = [row for row in rows.values() if row.kek_id != self._vault.kek_id]
        self.changes.rewrapped.extend(map(self._vault.rewrap, old))
        return len(old)

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
        memory, next_at = case.memory, min((each.next_at for each in case.memory.deadlines), default=None)
        sealed = None
        if memory != NOTHING_REMEMBERED:
            sealed = self.key_for(case.case_id).seal(case_memory.dump(memory), aad=case_memory.aad(case.case_id))
        self.changes.cases[case.case_id] = StoredCase(case, sealed, next_at)

    def _know_case(self, case: Case) -> None:
        # A case keeps its person; the one who becomes known later joins here, too.
        self._cases[case.case_id] = case
        self._known_cases_of.setdefault(case.person_key, set()).add(case.case_id)

    def put_message(self, message: StoredMessage, deliveries: Iterable[StoredDelivery]) -> None:
        self._messages[message.key] = message
        self.changes.messages.append(message)
        self.changes.deliveries.extend(deliveries)

    def change_delivery(self, change: DeliveryChange) -> None:
        """A step of a delivery that has been prepared; later commands of this group see it. A dead letter that its
        recipient takes after all is none any more."""
        self.changes.delivery_changes.append(change)
        view = self._deliveries[change.delivery_id]
        if view.delivery.state is DeliveryState.DEAD:
            self.drop_dead_letter(change.delivery_id)
        steps = {name: value for name in _STEPS if (value := getattr(change, name)) is not None}
        self._deliveries[change.delivery_id] = replace(view, delivery=replace(view.delivery, **steps))

    def drop_dead_letter(self, delivery_id: str) -> None:
        self._dead_letters.discard(delivery_id)
        self.changes.dropped.append(delivery_id)

    def revive(self, change: DeliveryChange) -> None:
        """Puts a dead letter into the outbox again."""
        self.change_delivery(change)
        self.changes.revived.append(change.delivery_id)

    def put_consent(self, stored: StoredConsent, consent: Consent) -> None:
        self.changes.consents.append(stored)
        self._book.keep(stored, consent)
        self._stored_consents[stored.consent_id] = stored
        self._know_consent(consent)

    def shred(self, what: Shred, *, known: Collection[Tombstone] = ()) -> None:
        """Makes lanes unreadable with this group's commit, and for the rest of the group already now. Their keys must
        have been prepared: each leaves a tombstone. `known` are those that stand elsewhere already."""
        self.changes.shreds.append(what)
        tombstones = {each.tombstone: each for each in known}
        for lane_id in what.lanes:
            row = self._data_keys.pop(lane_id, None)
            if row is not None:
                with contextlib.suppress(SealBroken):  # a damaged key opens nothing, wherever it may come back
                    name = self._vault.tombstone(row)
                    tombstones.setdefault(name, Tombstone(name, self.at))
                self._vault.forget(lane_id)
        self.changes.tombstones.extend(tombstones.values())
        for consent_id in (*self._consents_of.pop(what.person_key or "", set()), *what.consents):
            self._consents.pop(consent_id, None)
            self._stored_consents.pop(consent_id, None)

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
