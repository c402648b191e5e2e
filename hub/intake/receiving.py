"""The part of intake that needs no database: is this event ours to judge at all, and is it well formed.

What leaves here is a schema-valid `Message`; what does not gets every fault listed, and no value repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from hub.attachments import attaching
from hub.store.records import MessageKey
from hub.vault import Vault
from routing import decision
from routing.directory import Directory
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.rulebook import Rulebook
from routing.situation import Situation
from schemas import envelope as envelopes
from schemas import personal_number
from schemas.frozen import dataclass
from schemas.registry import Fault, MessageType, Registry, UnknownSchema

FOREIGN_SOURCE: Final = "envelope/source"
"""Somebody has written in another unit's name."""


@dataclass(frozen=True, slots=True)
class Received:
    """A well-formed message with what is needed to store it. `fingerprint` is keyed: equal for equal events."""

    key: MessageKey
    message: Message
    envelope: envelopes.Envelope
    body: bytes
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The message was refused. `faults` are all schema faults, with pointers into the event."""

    refusal: Refusal
    recipients: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[Fault, ...] = ()


class Receiver:
    """Turns envelopes into messages."""

    def __init__(
        self,
        registry: Registry,
        directory: Directory,
        rulebook: Rulebook,
        vault: Vault,
        *,
        allow_test_numbers: bool,
    ) -> None:
        self._registry = registry
        self._directory = directory
        self._rulebook = rulebook
        self._vault = vault
        self._allow_test_numbers = allow_test_numbers

    def receive(self, envelope: envelopes.Envelope, caller: str, at: datetime) -> Received | NotAccepted:
        """Checks source, sender, schema and person number, in that order."""
        if envelope.unit_id != caller:
            return NotAccepted(Refusal(RefusalCode.SENDER_NOT_ALLOWED, FOREIGN_SOURCE, None, ("/source",)))
        taken = [name for name in envelopes.DELIVERY_ATTRIBUTES if getattr(envelope, name) is not None]
        if taken:
            # What the hub says about a delivery, no sender may say in its stead.
            pointers = tuple(f"/{name}" for name in taken)
            return NotAccepted(Refusal(RefusalCode.SCHEMA_INVALID, "envelope/delivery", None, pointers))
        situation = Situation(at=at, accepted_at=at)
        name = envelope.catalogue_type
        try:
            message_type = self._registry.get_type(name, envelope.schema_version)
        except UnknownSchema:
            wrong = "dataschema" if self._registry.has_type(name) else "type"
            return NotAccepted(Refusal(RefusalCode.SCHEMA_UNKNOWN, f"envelope/{wrong}", None, (f"/{wrong}",)))
        refusal = decision.refuse_sender(name, caller, situation, self._directory, self._rulebook)
        if refusal is not None:
            return NotAccepted(refusal)
        faults = message_type.faults(envelope.data)
        if faults and _leaves_protection_open(envelope.data):
            return NotAccepted(Refusal(RefusalCode.PROTECTED_IDENTITY, "protected_identity"))
        if faults:
            listed = tuple(Fault(f"/data{fault.pointer}", fault.keyword, fault.detail) for fault in faults)
            return NotAccepted(Refusal(RefusalCode.SCHEMA_INVALID, f"{name}/schema"), faults=listed)
        return self._read(envelope, message_type, situation)

    def _read(
        self, envelope: envelopes.Envelope, message_type: MessageType, situation: Situation
    ) -> Received | NotAccepted:
        data, number = envelope.data, None
        if "person" in data:
            try:
                number = personal_number.parse(
                    data["person"]["personal_number"],
                    allow_test=self._allow_test_numbers,
                    today=situation.today,
                )
            except personal_number.PersonIdInvalid:
                pointer = "/data/person/personal_number"
                return NotAccepted(
                    Refusal(RefusalCode.PERSON_ID_INVALID, f"{message_type.name}/person", None, (pointer,))
                )
            data = {**data, "person": {**data["person"], "personal_number": number.canonical}}
        message = Message(
            message_id=envelope.id,
            message_type=message_type,
            sender=envelope.unit_id,
            data=data,
            sent_at=envelope.time,
            subject=envelope.subject,
            person_key=self._vault.person_key(number.canonical) if number else None,
            born_on=number.born_on if number else None,
            answers=envelope.causationid,
            attached=envelopes.read_attached(envelope.attachments),
        )
        fault = attaching.find_fault(message, self._rulebook) if message.attached else None
        if fault is not None:
            return NotAccepted(attaching.REFUSED, faults=(fault,))
        body = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
        key = MessageKey(envelope.source, envelope.id)
        return Received(key, message, envelope, body, self._fingerprint(envelope, message_type, body))

    def find_person_key(self, envelope: envelopes.Envelope, at: datetime) -> str | None:
        """Whom a message speaks of that was refused before it was read, as far as it has a number that is one."""
        person = envelope.data.get("person")
        written = person.get("personal_number") if isinstance(person, dict) else None
        try:
            number = personal_number.parse(
                written if isinstance(written, str) else "",
                allow_test=self._allow_test_numbers,
                today=Situation(at=at, accepted_at=at).today,
            )
        except personal_number.PersonIdInvalid:
            return None
        return self._vault.person_key(number.canonical)

    def _fingerprint(self, envelope: envelopes.Envelope, message_type: MessageType, body: bytes) -> bytes:
        """Over what the sender said, however it was written: member order and white space do not count."""
        said = [
            message_type.name,
            message_type.version,
            envelope.subject,
            envelope.correlationid,
            envelope.causationid,
            envelope.time,
            envelope.expirytime,
        ]
        if envelope.attachments is not None:
            said.append(envelope.attachments)
        return self._vault.fingerprint(orjson.dumps(said) + body)

    def reopen(self, attributes: Mapping[str, Any], body: bytes, case_person_key: str | None) -> Message:
        """The message again from what was stored, for a decision at delivery."""
        data = orjson.loads(body)
        message_type = self._registry.get_type(
            attributes["type"].removeprefix(envelopes.TYPE_PREFIX),
            attributes["dataschema"].rpartition("/")[2],
        )
        person = data.get("person")
        key = self._vault.person_key(person["personal_number"]) if person else case_person_key
        return Message(
            message_id=attributes["id"],
            message_type=message_type,
            sender=attributes["source"].removeprefix("/units/"),
            data=data,
            sent_at=datetime.fromisoformat(attributes["time"]),
            subject=attributes.get("subject"),
            person_key=key,
            answers=attributes.get("causationid"),
            attached=envelopes.read_attached(attributes.get("attachments")),
        )


def _leaves_protection_open(data: Mapping[str, Any]) -> bool:
    """A sender that does not say whether the person is protected is answered as if the person were: by a human."""
    handling = data.get("handling")
    return isinstance(handling, dict) and "protected_identity" not in handling
