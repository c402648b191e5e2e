"""Receipts out of the log: for a message's sender, and for a recipient about what it did itself.

The entry itself is in the receipt only where it tells its holder nothing new. What is told of a disclosure names what
was withheld, and what is told of a message with one receipt for all names whether somebody is known: there the receipt
has the leaf hash only (see `hub.audit.proofs`).
"""

from __future__ import annotations

from typing import Final

from hub.audit import merkle, tiles
from hub.audit.entry import AuditAction
from hub.audit.proofs import Proof
from hub.store.port import Reader
from hub.store.records import AuditQuery, AuditRow, CheckpointKind, DeliveryView, StoredMessage

_OF_RECIPIENT: Final = {
    "disclosed": AuditAction.DELIVERY_DISCLOSED,
    "acknowledged": AuditAction.DELIVERY_ACKNOWLEDGED,
    "handled": AuditAction.DELIVERY_HANDLED,
}
STEPS: Final = tuple(_OF_RECIPIENT)
_MOST: Final = 500


class NotCovered(Exception):
    """The entry is in the log, and no checkpoint covers it yet. A second later one will."""


def prove_message(reader: Reader, stored: StoredMessage, *, uniform: bool) -> Proof:
    """That the entry in the sender's receipt is in the log. Raises `NotCovered`."""
    index = stored.receipt["log"]["index"]
    return _prove(reader, _row_at(reader, index), hide=uniform)


def find_delivery_proof(reader: Reader, view: DeliveryView, step: str | None) -> Proof | None:
    """The newest entry about the recipient's own `step` (one of `STEPS`; any when None), None where there is none.

    Raises `NotCovered`."""
    wanted = {_OF_RECIPIENT[step]} if step else set(_OF_RECIPIENT.values())
    query = AuditQuery(message_id=view.message.key.message_id, unit=view.delivery.unit_id, limit=_MOST)
    rows = [row for row in reader.list_audit(query) if row.actor == view.delivery.unit_id and row.action in wanted]
    if not rows:
        return None
    return _prove(reader, rows[-1], hide=rows[-1].action == AuditAction.DELIVERY_DISCLOSED)


def _row_at(reader: Reader, index: int) -> AuditRow:
    [row] = reader.list_audit(AuditQuery(after=index - 1, limit=1))
    return row


def _prove(reader: Reader, row: AuditRow, *, hide: bool) -> Proof:
    stored = reader.find_checkpoint(CheckpointKind.PUBLISHED)
    if stored is None or stored.size <= row.index:
        raise NotCovered
    hashes = merkle.inclusion_proof(row.index, stored.size, tiles.reader_of(reader.list_log_hashes))
    return Proof(row.index, hashes, stored.note, row.leaf if hide else row.entry)
