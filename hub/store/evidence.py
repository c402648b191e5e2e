"""What a sender has signed, kept as long as its message: rows to records and back, and what is done with them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select

from hub.store import party_tables, rows, tables
from hub.store.among import among
from hub.store.asking import Asking
from hub.store.signed import StoredEvidence

_evidence, _messages = party_tables.evidence, tables.messages


ADD: Final = insert(_evidence)
OF_MESSAGES: Final = select(*_evidence.c).where(among(_evidence.c.message_id))
DROP_LANES: Final = delete(_evidence).where(among(_evidence.c.lane_id))
DROP_AT: Final = delete(_evidence).where(
    _evidence.c.message_id.in_(select(_messages.c.message_id).where(_messages.c.position == bindparam("at_position")))
)


def to_values(evidence: StoredEvidence) -> rows.Values:
    return {
        "source": evidence.source,
        "message_id": evidence.message_id,
        "lane_id": evidence.lane_id,
        "sealed": evidence.sealed,
    }


class EvidenceReading(Asking):
    """The part of a reader that answers for evidence."""

    def find_evidence(self, source: str, message_id: str) -> StoredEvidence | None:
        found: list[Any] = [StoredEvidence(*cells) for cells in self._among(OF_MESSAGES, [message_id])]
        return next((each for each in found if each.source == source), None)
