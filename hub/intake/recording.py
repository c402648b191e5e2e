"""Writing down what was decided: the message sealed, its deliveries, its case and its entry in the log."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from hub.attachments import attaching
from hub.audit.entry import AuditAction
from hub.identity.message_signatures import Evidence
from hub.intake import receipts, refusing
from hub.intake.receiving import Received
from hub.intake.refusing import RecordRefusal
from hub.ledger import Ledger, consent_lane, person_lane
from hub.store.records import ClaimCheck, DeliveryState, StoredDelivery, StoredMessage
from hub.store.signed import StoredEvidence
from hub.vault import SealingKey, body_aad, evidence_aad
from routing.decision import Decision, Ruling
from routing.message import Message
from routing.refusals import Refusal
from routing.rulebook import Rulebook
from routing.vocabulary import HUB


class MessageRecording:
    """Knows how a decision becomes rows. `notifies_at_once`: the transport is immediate, so what is committed has
    reached its recipient's door."""

    def __init__(self, rulebook: Rulebook, *, notifies_at_once: bool) -> None:
        self._rulebook = rulebook
        self._first_state = DeliveryState.NOTIFIED if notifies_at_once else DeliveryState.PENDING

    def record(
        self, ledger: Ledger, received: Received, decision: Decision, evidence: Evidence | None = None
    ) -> Mapping[str, Any]:
        """Everything of an accepted message, and the receipt for its sender."""
        message, at = received.message, ledger.at
        lane_id = _lane_of(message, decision)
        if decision.case is None:
            ledger.prepare_data_keys([lane_id])
            ledger.prepare_sequences([(lane_id, ruling.unit) for ruling in decision.rulings])
        key = ledger.key_for(lane_id)
        if evidence is not None:
            ledger.changes.evidence.append(_sealed(evidence, received, lane_id, key))
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
                "purpose": message.purpose,
                "case_ref": key.commit(lane_id.encode()),
                "payload": key.commit(received.body),
                "rulebook": self._rulebook.digest,
                "lasts": _seconds_left(received, at),
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
            recipients=uniform(rows) if decision.uniform else _seen(decision, rows),
            warnings=decision.warnings,
            log=entry,
        )
        stored = self._stored(received, lane_id, case_id, receipt, key, ledger)
        deliveries = [
            self._delivery(ledger, stored, ruling, row, delivery_id)
            for ruling, row, delivery_id in zip(decision.rulings, rows, ids, strict=True)
        ]
        if decision.case is not None:
            ledger.put_case(decision.case)
        ledger.put_message(stored, deliveries)
        attaching.attach(ledger, message, stored, key)
        return receipt

    def record_silently(
        self, ledger: Ledger, received: Received, decision: Decision, refusal: Refusal
    ) -> Mapping[str, Any]:
        """Nobody is known here behind the number, and the sender is not to learn it: the same receipt, and nothing kept
        but that the message has been here."""
        message, lane_id = received.message, f"message:{received.message.message_id}"
        refused = refusing.not_accepted(decision, refusal)
        entry = refusing.record_refusal(ledger, RecordRefusal.of(message, refused, None, silent=True))
        receipt = receipts.receipt(
            message_id=message.message_id,
            source=received.envelope.source,
            case_id=None,
            recorded_at=ledger.at,
            rulebook=self._rulebook,
            recipients=uniform([receipts.recipient_row(ruling) for ruling in decision.rulings]),
            warnings=(),
            log=entry,
        )
        ledger.prepare_data_keys([lane_id])
        empty = replace(received, body=b"{}")
        ledger.put_message(self._stored(empty, lane_id, None, receipt, ledger.key_for(lane_id), ledger), ())
        return receipt

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
            "attachments": envelope.attachments,
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
            next_at=None if sequence is None else self._first_look(stored),
        )

    def _first_look(self, stored: StoredMessage) -> datetime | None:
        """Nobody is reminded of a reminder."""
        if stored.sender == HUB:
            return stored.expires_at
        return self._rulebook.deadlines.unread.first_look(stored.recorded_at, stored.expires_at)


def _seen(decision: Decision, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the recipients whom the sender may not learn of."""
    return [row for row, ruling in zip(rows, decision.rulings, strict=True) if not ruling.unseen]


def uniform(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the sender is told where it may not learn whether the person is known."""
    return [{**row, "withheld": [], "delivery": None} for row in rows]


def _seconds_left(received: Received, at: datetime) -> int | None:
    """How long the copies may be given out, by their sender: a number of seconds can be told where a date, being as
    many digits as a personal number, would be left out."""
    expires_at = received.envelope.expirytime
    return None if expires_at is None else int((expires_at - at).total_seconds())


def _lane_of(message: Message, decision: Decision) -> str:
    if decision.case is not None:
        return decision.case.case_id
    consent_id = message.content.get("consent_id") if message.type.startswith("consent.") else None
    if consent_id is not None:
        return consent_lane(consent_id)
    # What concerns one person without a case shares a lane, so that it can be made unreadable together.
    return person_lane(message.person_key) if message.person_key else f"message:{message.message_id}"


def _sealed(evidence: Evidence, received: Received, lane_id: str, key: SealingKey) -> StoredEvidence:
    source, message_id = received.key.source, received.key.message_id
    aad = evidence_aad(lane_id, source, message_id)
    return StoredEvidence(source, message_id, lane_id, key.seal(orjson.dumps(dict(evidence.document)), aad=aad))
