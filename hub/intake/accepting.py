"""Accepting a message: decided, sealed, stored with its deliveries, its case and its audit leaf in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.intake.receiving import NotAccepted, Received
from hub.intake.registering import ConsentRegistering
from hub.ledger import Ledger, consent_lane
from hub.registry_of_consents import ConsentBook
from hub.store.records import (
    ClaimCheck,
    DeliveryState,
    StoredDelivery,
    StoredMessage,
)
from hub.vault import SealingKey, body_aad
from routing import consent as consents
from routing import decision as decisions
from routing.case import Case
from routing.decision import Decision, Ruling
from routing.directory import Directory
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.rulebook import Rulebook
from routing.situation import Situation


@dataclass(frozen=True, slots=True)
class AcceptMessage:
    """One unit wants this message taken."""

    received: Received


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    """A message was refused before it could be judged; only the log hears of it."""

    sender: str
    message_id: str | None
    type: str | None
    refused: NotAccepted
    case: Case | None = None

    @classmethod
    def of(cls, message: Message, refused: NotAccepted, case: Case | None) -> RecordRefusal:
        """`case` is the one that the message speaks of; it is told only where the sender is a party to it."""
        known = case if case is not None and case.is_party(message.sender) else None
        return cls(message.sender, message.message_id, message.type, refused, known)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receipt; `duplicate` when it was given before."""

    receipt: Mapping[str, Any]
    duplicate: bool = False


class MessageAcceptance:
    """The handler of `AcceptMessage`, and of the same decision as a dry run."""

    def __init__(
        self, directory: Directory, rulebook: Rulebook, book: ConsentBook, *, notifies_at_once: bool = False
    ) -> None:
        """`notifies_at_once`: the transport is immediate, so what is committed has reached its recipient's door."""
        self._first_state = DeliveryState.NOTIFIED if notifies_at_once else DeliveryState.PENDING
        self._directory = directory
        self._rulebook = rulebook
        self._registering = ConsentRegistering(directory, rulebook, book)

    def prepare(self, ledger: Ledger, commands: Sequence[AcceptMessage]) -> None:
        messages = [command.received.message for command in commands]
        ledger.prepare_messages([command.received.key for command in commands])
        ledger.prepare_cases({message.subject for message in messages if message.subject is not None})
        cases = [ledger.find_case(message.subject) for message in messages]
        person_keys = {message.person_key for message in messages} | {
            case.person_key for case in cases if case is not None
        }
        cited = {consent_id for message in messages for consent_id in cited_consents(message)}
        ledger.prepare_persons({key for key in person_keys if key is not None}, cited)
        lanes = [case.case_id for case in cases if case is not None]
        ledger.prepare_data_keys(lanes)

    def handle(self, ledger: Ledger, command: AcceptMessage) -> Accepted | NotAccepted:
        received = command.received
        known = ledger.find_message(received.key)
        if known is not None:
            return self._again(ledger, received, known)
        decision = self._decide(ledger, received)
        if decision.refusal is not None:
            refused = _not_accepted(decision, decision.refusal)
            case = ledger.find_case(received.message.subject)
            record_refusal(ledger, RecordRefusal.of(received.message, refused, case))
            return refused
        return self._record(ledger, received, decision)

    def explain(self, ledger: Ledger, received: Received) -> Accepted | NotAccepted:
        """The decision now, with nothing written."""
        self.prepare(ledger, [AcceptMessage(received)])
        decision = self._decide(ledger, received)
        if decision.refusal is not None:
            return _not_accepted(decision, decision.refusal)
        receipt = receipts.receipt(
            message_id=received.message.message_id,
            source=received.envelope.source,
            case_id=received.message.subject,
            recorded_at=ledger.at,
            rulebook=self._rulebook,
            recipients=[receipts.recipient_row(ruling) for ruling in decision.rulings],
            log=None,
        )
        return Accepted(receipt)

    def _again(self, ledger: Ledger, received: Received, known: StoredMessage) -> Accepted | NotAccepted:
        if known.fingerprint == received.fingerprint:
            return Accepted(known.receipt, duplicate=True)
        refused = NotAccepted(Refusal(RefusalCode.DUPLICATE, "envelope/id", pointers=("/id",)))
        record_refusal(ledger, RecordRefusal.of(received.message, refused, None))
        return refused

    def _decide(self, ledger: Ledger, received: Received) -> Decision:
        message, expires_at = received.message, received.envelope.expirytime
        if expires_at is not None and expires_at <= ledger.at:
            return Decision(refusal=Refusal(RefusalCode.EXPIRED, "envelope/expirytime", None, ("/expirytime",)))
        case = ledger.find_case(message.subject)
        person_key = message.person_key or (case.person_key if case else None)
        situation = Situation(
            at=ledger.at,
            accepted_at=ledger.at,
            case=case,
            open_cases=ledger.list_open_cases(message.person_key),
            consents=self._consents(ledger, message, person_key),
            new_case_id=str(uuid.uuid4()) if case is None else None,
        )
        return decisions.decide(message, situation, self._directory, self._rulebook)

    def _consents(self, ledger: Ledger, message: Message, person_key: str | None) -> dict[str, consents.Consent]:
        """The person's consents; for a message about a consent also that one, whoever it belongs to."""
        known = ledger.consents_of(person_key)
        rule = self._rulebook.find_type(message.type)
        own = ledger.find_consent(message.content.get("consent_id", ""))
        if rule is not None and rule.registers is not None and own is not None:
            known[own.consent_id] = own
        return known

    def _record(self, ledger: Ledger, received: Received, decision: Decision) -> Accepted:
        message, at = received.message, ledger.at
        lane_id = _lane_of(message, decision)
        if decision.case is None:
            ledger.prepare_data_keys([lane_id])
            ledger.prepare_sequences([(lane_id, ruling.unit) for ruling in decision.rulings])
        key = ledger.key_for(lane_id)
        case_id = decision.case.case_id if decision.case else None
        ids = [str(uuid.uuid4()) for _ in decision.rulings]
        rows = [
            receipts.recipient_row(ruling, delivery_id if ruling.discloses else None)
            for ruling, delivery_id in zip(decision.rulings, ids, strict=True)
        ]
        entry = ledger.audit(
            AuditAction.MESSAGE_ACCEPTED,
            message.sender,
            type=message.type,
            message_id=message.message_id,
            case_id=case_id,
            detail={
                "version": message.message_type.version,
                "case_ref": key.commit(lane_id.encode()),
                "payload": key.commit(received.body),
                "rulebook": self._rulebook.digest,
                "recipients": [
                    {**row, "categories": sorted(ruling.carried)}
                    for row, ruling in zip(rows, decision.rulings, strict=True)
                ],
            },
        )
        receipt = receipts.receipt(
            message_id=message.message_id,
            source=received.envelope.source,
            case_id=case_id,
            recorded_at=at,
            rulebook=self._rulebook,
            recipients=rows,
            log=entry,
        )
        stored = self._stored(received, lane_id, case_id, receipt, key, ledger)
        deliveries = [
            self._delivery(ledger, stored, ruling, row, delivery_id)
            for ruling, row, delivery_id in zip(decision.rulings, rows, ids, strict=True)
        ]
        if decision.case is not None:
            ledger.put_case(decision.case)
        self._registering.follow(ledger, message, decision)
        ledger.put_message(stored, deliveries)
        return Accepted(receipt)

    def _stored(
        self,
        received: Received,
        lane_id: str,
        case_id: str | None,
        receipt: Mapping[str, Any],
        key: SealingKey,
        ledger: Ledger,
    ) -> StoredMessage:
        message, envelope = received.message, received.envelope
        version = message.message_type.version
        aad = body_aad(lane_id, envelope.source, message.message_id, message.type, version)
        attributes = {
            "id": envelope.id,
            "source": envelope.source,
            "type": envelope.type,
            "dataschema": f"/schemas/{message.type}/{version}",
            "time": envelope.time.isoformat(),
            "subject": case_id,
            "correlationid": envelope.correlationid,
            "causationid": envelope.causationid,
            "expirytime": envelope.expirytime.isoformat() if envelope.expirytime else None,
            "traceparent": envelope.traceparent,
        }
        return StoredMessage(
            key=received.key,
            lane_id=lane_id,
            case_id=case_id,
            type=message.type,
            version=version,
            sender=message.sender,
            fingerprint=received.fingerprint,
            recorded_at=ledger.at,
            expires_at=envelope.expirytime,
            envelope={name: value for name, value in attributes.items() if value is not None},
            receipt=receipt,
            sealed=key.seal(received.body, aad=aad),
        )

    def _delivery(
        self, ledger: Ledger, stored: StoredMessage, ruling: Ruling, row: Mapping[str, Any], delivery_id: str
    ) -> StoredDelivery:
        sequence = ledger.next_sequence(stored.lane_id, ruling.unit) if ruling.discloses else None
        if sequence is not None:
            ledger.claims.append(
                ClaimCheck(
                    delivery_id=delivery_id,
                    unit_id=ruling.unit,
                    message_id=stored.key.message_id,
                    type=stored.type,
                    source=stored.key.source,
                    case_id=stored.case_id,
                    sequence=sequence,
                    recorded_at=stored.recorded_at,
                    state=self._first_state,
                )
            )
        return StoredDelivery(
            delivery_id=delivery_id,
            key=stored.key,
            lane_id=stored.lane_id,
            unit_id=ruling.unit,
            kind=ruling.kind,
            sequence=sequence,
            state=DeliveryState.REFUSED if sequence is None else self._first_state,
            verdict=row["verdict"],
            code=row["code"],
            rule=ruling.rule,
            basis=row["basis"],
            withheld=ruling.withheld,
            recorded_at=stored.recorded_at,
        )


def cited_consents(message: Message) -> set[str]:
    """Ids of consents that the message names, in its bases or as its own matter."""
    cited = {claim["consent_id"] for claim in message.handling["basis"] if claim.get("consent_id")}
    own = message.content.get("consent_id")
    return cited | {own} if own else cited


def _lane_of(message: Message, decision: Decision) -> str:
    if decision.case is not None:
        return decision.case.case_id
    consent_id = message.content.get("consent_id")
    return consent_lane(consent_id) if consent_id else f"message:{message.message_id}"


def _not_accepted(decision: Decision, refusal: Refusal) -> NotAccepted:
    rows = tuple(receipts.recipient_row(ruling) for ruling in decision.rulings)
    return NotAccepted(refusal, rows)


class RefusalRecording:
    """The handler of `RecordRefusal`."""

    def prepare(self, ledger: Ledger, commands: Sequence[RecordRefusal]) -> None:
        return None

    def handle(self, ledger: Ledger, command: RecordRefusal) -> None:
        record_refusal(ledger, command)


def record_refusal(ledger: Ledger, command: RecordRefusal) -> None:
    """A refusal leaves one entry in the log and nothing else: no body, no number. Where a party was refused, the entry
    is found by its case, so that the whole history of a case can be looked up."""
    refused = command.refused
    ledger.audit(
        AuditAction.MESSAGE_REFUSED,
        command.sender,
        type=command.type,
        message_id=command.message_id,
        case_id=command.case.case_id if command.case else None,
        code=refused.refusal.code.value,
        detail={
            "rule": refused.refusal.rule,
            "recipients": [
                {name: row[name] for name in ("unit", "verdict", "code", "rule")} for row in refused.recipients
            ],
            "faults": [[fault.pointer, fault.keyword] for fault in refused.faults],
        },
    )
