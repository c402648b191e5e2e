"""The recipient's short word to the sender with its receipt: sealed like a body, opened for the sender only."""

from __future__ import annotations

from collections.abc import Iterable

from hub.ledger import LaneErased, Ledger
from hub.store.records import StoredDelivery, StoredMessage
from hub.vault import SealingKey, body_aad


def seal_note(key: SealingKey, message: StoredMessage, delivery: StoredDelivery, note: str) -> bytes:
    return key.seal(note.encode(), aad=_aad(message, delivery))


def open_notes(ledger: Ledger, message: StoredMessage, deliveries: Iterable[StoredDelivery]) -> dict[str, str]:
    """The notes by delivery id; none where the case has been erased."""
    noted = [delivery for delivery in deliveries if delivery.note is not None]
    if not noted:
        return {}
    ledger.prepare_data_keys([message.lane_id])
    try:
        key = ledger.existing_key(message.lane_id)
    except LaneErased:
        return {}
    return {
        delivery.delivery_id: key.open(delivery.note or b"", aad=_aad(message, delivery)).decode() for delivery in noted
    }


def _aad(message: StoredMessage, delivery: StoredDelivery) -> bytes:
    return body_aad(delivery.lane_id, "note", delivery.delivery_id, message.type, message.version)
