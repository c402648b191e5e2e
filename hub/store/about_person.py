"""What the store has about one person: the questions of a register extract. Each stays on an index."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, select

from hub.store import records, rows, tables
from hub.store.among import among
from hub.store.asking import Asking

_messages, _deliveries, _audit = tables.messages, tables.deliveries, tables.audit
_links = tables.person_entries
REFUSED: Final = "message_refused"

OF_CASES: Final = select(*rows.MESSAGE).where(among(_messages.c.case_id)).order_by(_messages.c.position)
OF_LANES: Final = (
    select(*rows.MESSAGE).where(among(_messages.c.lane_id), tables.IS_CASELESS).order_by(_messages.c.position)
)
COPIES: Final = (
    select(*rows.DELIVERY)
    .select_from(_deliveries.join(_messages, _messages.c.position == _deliveries.c.message_position))
    .where(among(_messages.c.message_id))
    .order_by(_deliveries.c.position)
)
ENTRIES: Final = (
    select(*rows.AUDIT).where(_audit.c.message_id.is_not(None), among(_audit.c.message_id)).order_by(_audit.c.position)
)
REFUSALS_OF_CASES: Final = (
    select(*rows.AUDIT)
    .where(_audit.c.case_id.is_not(None), among(_audit.c.case_id), _audit.c.action == REFUSED)
    .order_by(_audit.c.position)
)
REFUSALS_OF_PERSON: Final = (
    select(*rows.AUDIT)
    .select_from(_links.join(_audit, _audit.c.position == _links.c.position))
    .where(_links.c.person_key == bindparam("person_key"))
    .order_by(_audit.c.position)
)


class PersonReading(Asking):
    """A part of every SQL reader."""

    def list_messages_about(self, case_ids: Collection[str], lane_ids: Collection[str]) -> list[records.StoredMessage]:
        found = [*self._among(OF_CASES, case_ids), *self._among(OF_LANES, lane_ids)]
        return [rows.cells_to_message(cells) for cells in sorted(found, key=lambda cells: cells[0])]

    def list_copies(self, keys: Collection[records.MessageKey]) -> list[records.StoredDelivery]:
        wanted = frozenset(keys)
        found = map(rows.cells_to_delivery, self._among(COPIES, [key.message_id for key in wanted]))
        return [delivery for delivery in found if delivery.key in wanted]

    def list_entries_about(self, message_ids: Collection[str]) -> list[records.AuditRow]:
        return [rows.cells_to_audit(cells) for cells in self._among(ENTRIES, message_ids)]

    def list_refusals_about(self, person_key: str, case_ids: Collection[str]) -> list[records.AuditRow]:
        found = [*self._rows(REFUSALS_OF_PERSON, {"person_key": person_key}), *self._among(REFUSALS_OF_CASES, case_ids)]
        refused = {row.index: row for row in map(rows.cells_to_audit, found)}
        return [refused[index] for index in sorted(refused)]
