"""What the store has about one person, whole: found by the keyed hash of the number, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from hub.audit.entry import AuditAction
from hub.ledger import consent_lane, person_lane
from hub.store.attachments import AttachmentState
from hub.store.port import Reader
from hub.store.records import AuditRow, MessageKey, StoredConsent, StoredDelivery, StoredMessage
from routing.case import Case

ATTACHED: Final = AuditAction.ATTACHMENT_ATTACHED.value


@dataclass(frozen=True, slots=True)
class PersonFile:
    """Messages in the order of acceptance, each with its copies and its entries in the log; and what was refused."""

    cases: Sequence[Case]
    consents: Sequence[StoredConsent]
    messages: Sequence[StoredMessage]
    copies: Mapping[MessageKey, Sequence[StoredDelivery]]
    entries: Mapping[str, Sequence[AuditRow]]
    refusals: Sequence[AuditRow]
    readable: frozenset[str]
    """Lanes whose key is there: what is sealed in the others has been erased."""
    digests: Mapping[str, str]
    """SHA-256 of the files that went along, by the id of the file, as long as the file is there."""


def gather(reader: Reader, person_key: str) -> PersonFile:
    """Everything that leads back to this person."""
    cases = reader.find_cases_of([person_key]).get(person_key, [])
    case_ids = [case.case_id for case in cases]
    consents = reader.find_consents(person_keys=[person_key])
    lanes = [person_lane(person_key), *(consent_lane(consent.consent_id) for consent in consents)]
    messages = reader.list_messages_about(case_ids, lanes)
    copies: dict[MessageKey, list[StoredDelivery]] = {message.key: [] for message in messages}
    for copy in reader.list_copies(list(copies)):
        copies[copy.key].append(copy)
    entries: dict[str, list[AuditRow]] = {}
    for row in reader.list_entries_about([message.key.message_id for message in messages]):
        entries.setdefault(row.message_id or "", []).append(row)
    attached = {_attachment_of(row) for rows in entries.values() for row in rows if row.action == ATTACHED}
    files = reader.find_attachments(attached)
    return PersonFile(
        cases=cases,
        consents=consents,
        messages=messages,
        copies=copies,
        entries=entries,
        refusals=reader.list_refusals_about(person_key, case_ids),
        readable=frozenset(reader.find_data_keys({message.lane_id for message in messages})),
        digests={name: file.digest for name, file in files.items() if file.state is not AttachmentState.GONE},
    )


def _attachment_of(row: AuditRow) -> str:
    return str(orjson.loads(row.entry)["attachment"])
