"""What every SQL store reads, whatever the dialect."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from hub.store import directory_rows, migrate, queries, records, rows
from hub.store.about_person import PersonReading
from hub.store.attachment_rows import AttachmentReading
from hub.store.directory_sets import DirectorySet, Standing
from hub.store.evidence import EvidenceReading
from hub.store.flows import FlowReading
from hub.store.history_rows import HistoryReading
from hub.store.party_rows import PartyReading
from hub.store.people_rows import PeopleReading
from hub.store.pushing import PushReading
from hub.store.receiving import ReceivingReading
from hub.store.retaining import RetentionReading
from routing.case import Case

# More than a case will ever have.
_ALL: Final = 2**31 - 1


def _to_view(cells: rows.Cells) -> records.DeliveryView:
    width = len(rows.DELIVERY)
    delivery = rows.cells_to_delivery(cells[:width])
    return records.DeliveryView(delivery, rows.cells_to_message(cells[width:-1], sealed=cells[-1]))


class SqlReader(
    AttachmentReading,
    EvidenceReading,
    FlowReading,
    HistoryReading,
    PeopleReading,
    PartyReading,
    PersonReading,
    PushReading,
    ReceivingReading,
    RetentionReading,
):
    """Reads over one connection. Looking for nothing asks nothing."""

    def find_messages(self, keys: Collection[records.MessageKey]) -> dict[records.MessageKey, records.StoredMessage]:
        wanted = frozenset(keys)
        found = map(rows.cells_to_message, self._among(queries.MESSAGES, [key.message_id for key in wanted]))
        return {message.key: message for message in found if message.key in wanted}

    def find_cases(self, case_ids: Collection[str]) -> dict[str, records.StoredCase]:
        found = map(rows.cells_to_stored_case, self._among(queries.CASES, case_ids))
        return {stored.case.case_id: stored for stored in found}

    def list_due_cases(self, at: datetime, *, limit: int) -> list[str]:
        found = self._rows(queries.DUE_CASES, {"at": rows.instant_to_cell(at), "limit": limit})
        return [case_id for (case_id,) in found]

    def find_earlier(self, message_ids: Collection[str]) -> list[records.EarlierMessage]:
        found: dict[records.MessageKey, records.EarlierMessage] = {}
        recipients: dict[records.MessageKey, dict[str, str]] = {}
        for source, message_id, type_, sender, case_id, unit_id, kind in self._among(queries.EARLIER, message_ids):
            key = records.MessageKey(source, message_id)
            got = recipients.setdefault(key, {})
            found.setdefault(key, records.EarlierMessage(key, type_, sender, case_id, got))
            if unit_id is not None:
                got[unit_id] = kind
        return list(found.values())

    def find_cases_of(self, person_keys: Collection[str]) -> dict[str, list[Case]]:
        found: dict[str, list[Case]] = {}
        for cells in self._among(queries.CASES_OF_PERSONS, person_keys):
            case = rows.cells_to_case(cells)
            if case.person_key is not None:
                found.setdefault(case.person_key, []).append(case)
        return found

    def find_consents(
        self, *, person_keys: Collection[str] = (), consent_ids: Collection[str] = ()
    ) -> list[records.StoredConsent]:
        found = {cells[0]: cells for cells in self._among(queries.CONSENTS_OF_PERSONS, person_keys)}
        # Most consents that a message cites are the person's own, and known by now.
        others = [consent_id for consent_id in consent_ids if consent_id not in found]
        found.update({cells[0]: cells for cells in self._among(queries.CONSENTS, others)})
        return [rows.cells_to_consent(found[consent_id]) for consent_id in sorted(found)]

    def list_ending_consents(self, until: str, *, told_days: int, limit: int) -> list[records.StoredConsent]:
        found = self._rows(queries.ENDING_CONSENTS, {"until": until, "told_days": told_days, "limit": limit})
        return [rows.cells_to_consent(cells) for cells in found]

    def find_data_keys(self, lane_ids: Collection[str]) -> dict[str, records.DataKey]:
        return {cells[0]: records.DataKey(*cells) for cells in self._among(queries.DATA_KEYS, lane_ids)}

    def find_kek_id(self) -> str | None:
        found = self._rows(queries.KEK_ID)
        return found[0][0] if found else None

    def find_deliveries(self, delivery_ids: Collection[str]) -> dict[str, records.DeliveryView]:
        views = map(_to_view, self._among(queries.DELIVERIES, delivery_ids))
        return {view.delivery.delivery_id: view for view in views}

    def list_unread(self, lane_ids: Collection[str]) -> list[records.DeliveryView]:
        return [_to_view(cells) for cells in self._among(queries.UNREAD, lane_ids)]

    def find_sequences(self, lanes: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        wanted = frozenset(lanes)
        found = self._among(queries.SEQUENCES, [lane_id for lane_id, _ in wanted])
        return {(lane_id, unit_id): last for lane_id, unit_id, last in found if (lane_id, unit_id) in wanted}

    def audit_size(self) -> int:
        [(last,)] = self._rows(queries.AUDIT_SIZE)
        return 0 if last is None else last + 1

    def list_inbox(
        self,
        unit_id: str,
        *,
        limit: int,
        after: int = 0,
        states: Collection[records.DeliveryState] | None = None,
        at: datetime,
    ) -> list[records.ClaimCheck]:
        page: dict[str, Any] = {"unit_id": unit_id, "limit": limit, "after": after}
        if states is None:
            cells = self._rows(queries.OPEN_INBOX, page | {"at": rows.instant_to_cell(at)})
            return [rows.cells_to_claim(each) for each in cells]
        # One page of each state, merged: every part is read in the order of its index, none is sorted.
        pages = [
            map(rows.cells_to_claim, self._rows(queries.INBOX_IN_STATE, page | {"state": state.value}))
            for state in frozenset(states)
        ]
        return list(heapq.merge(*pages, key=attrgetter("position")))[:limit]

    def list_unpublished(self, *, limit: int) -> list[records.ClaimCheck]:
        return [rows.cells_to_claim(cells) for cells in self._rows(queries.UNPUBLISHED, {"limit": limit})]

    def list_sent(
        self,
        unit_id: str,
        *,
        limit: int,
        before: int | None = None,
        case_id: str | None = None,
        type: str | None = None,
        since: datetime | None = None,
    ) -> list[tuple[int, records.StoredMessage]]:
        values: dict[str, Any] = {"before": before, "case_id": case_id, "type": type}
        values["since"] = None if since is None else rows.instant_to_cell(since)
        values["known"] = None if before is None else self._when_recorded(before)
        given = {name: value for name, value in values.items() if value is not None}
        statement = queries.sent(**{name: name in given for name in values})
        found = self._rows(statement, given | {"sender": unit_id, "limit": limit})
        return [(cells[0], rows.cells_to_message(cells)) for cells in found]

    def _when_recorded(self, position: int) -> int | None:
        found = self._rows(queries.WHEN_RECORDED, {"position": position})
        return found[0][0] if found else None

    def list_deliveries(self, key: records.MessageKey) -> list[records.StoredDelivery]:
        values = {"source": key.source, "message_id": key.message_id}
        return [rows.cells_to_delivery(cells) for cells in self._rows(queries.DELIVERIES_OF_MESSAGE, values)]

    def list_received(
        self, unit_id: str, case_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[records.ClaimCheck]:
        lane = {"unit_id": unit_id, "lane_id": case_id, "after": after}
        found = self._rows(queries.RECEIVED, lane | {"limit": limit or _ALL})
        return [rows.cells_to_claim(cells) for cells in found]

    def list_recent(self, unit_id: str, *, limit: int) -> list[records.ClaimCheck]:
        asked = {"unit_id": unit_id, "limit": limit}
        pages = [
            map(rows.cells_to_claim, self._rows(queries.RECENT_IN_STATE, asked | {"state": state.value}))
            for state in records.DeliveryState
            if state is not records.DeliveryState.REFUSED
        ]
        return list(heapq.merge(*pages, key=attrgetter("position"), reverse=True))[:limit]

    def find_sealed(self, key: records.MessageKey) -> bytes | None:
        found = self._rows(queries.SEALED, {"source": key.source, "message_id": key.message_id})
        return found[0][0] if found else None

    def list_audit(self, query: records.AuditQuery) -> list[records.AuditRow]:
        return [rows.cells_to_audit(cells) for cells in self._rows(queries.audit(query))]

    def list_log_hashes(self, level: int, first: int, end: int) -> list[bytes]:
        statement = queries.LEAVES if level == 0 else queries.NODES
        values = {"first": first, "end": end} | ({"level": level} if level else {})
        return [bytes(hash_) for (hash_,) in self._rows(statement, values)]

    def list_log_entries(self, first: int, end: int) -> list[bytes]:
        return [bytes(entry) for (entry,) in self._rows(queries.ENTRIES, {"first": first, "end": end})]

    def find_directory_set(self, standing: Standing) -> DirectorySet | None:
        found = self._rows(directory_rows.FIND, {"standing": standing.value})
        return directory_rows.from_cells(found[0]) if found else None

    def count_audit(self, code: str, actor: str, since: datetime) -> int:
        (row,) = self._rows(queries.AUDIT_COUNT, {"code": code, "actor": actor, "since": rows.instant_to_cell(since)})
        return int(row[0])

    def find_checkpoint(self, kind: records.CheckpointKind) -> records.StoredCheckpoint | None:
        found = self._rows(queries.CHECKPOINT, {"kind": kind.value})
        return rows.cells_to_checkpoint(found[0]) if found else None

    def count_by_state(self) -> Mapping[str, int]:
        return {state: count for state, count in self._rows(queries.COUNTS) if count}

    def oldest_unpublished_at(self) -> datetime | None:
        found = self._rows(queries.OLDEST_UNPUBLISHED)
        return rows.cell_to_instant(found[0][0]) if found else None

    def schema_version(self) -> str | None:
        """The newest migration that the database has taken."""
        return migrate.find_version(self._wire.connection)
