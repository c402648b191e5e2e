"""Who sent what to whom, counted per day in the transaction of the messages themselves: units and types only.

A map of a million messages is then read from some thousand rows. What was refused as a whole leaves no message, so it
is counted from its entry in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, BindParameter, bindparam, cast, func, literal_column, select

from hub.store import records, rows, survey, tables
from hub.store.among import among
from hub.store.asking import Asking
from hub.store.records import DeliveryState

_flows = tables.flows.c
_deliveries, _messages, _audit = tables.deliveries.c, tables.messages.c, tables.audit.c
_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400_000_000
REFUSED: Final = "message_refused"

_limit: BindParameter[Any] = bindparam("limit")
_between: Final = (_flows.day >= bindparam("first"), _flows.day <= bindparam("last"))
# PostgreSQL makes a sum of such numbers a decimal one.
_total: Final = cast(func.sum(_flows.messages), BigInteger)

_EDGES: Final = (
    select(_flows.sender, _flows.unit, _flows.code, _total)
    .where(*_between)
    .group_by(_flows.sender, _flows.unit, _flows.code)
)
_DAYS: Final = select(_flows.day, _flows.code, _total).where(*_between).group_by(_flows.day, _flows.code)
_TYPES: Final = (
    select(_flows.sender, _flows.unit, _flows.type, _flows.code, _total)
    .where(*_between)
    .group_by(_flows.sender, _flows.unit, _flows.type, _flows.code)
)
_COPIES: Final = (
    select(
        _messages.message_id,
        _messages.source,
        _messages.type,
        _messages.sender,
        _messages.case_id,
        _messages.recorded_at,
        _deliveries.unit_id,
        _deliveries.state,
        _deliveries.verdict,
        _deliveries.code,
    )
    .select_from(tables.messages.join(tables.deliveries, _deliveries.message_position == _messages.position))
    .limit(_limit)
)
_ANNOUNCEMENTS: Final = (
    select(
        _deliveries.delivery_id,
        tables.outbox.c.published_at,
        func.coalesce(tables.pushes.c.attempts, literal_column("0")),
        tables.pushes.c.next_at,
    )
    .select_from(
        tables.deliveries.join(tables.outbox, tables.outbox.c.position == _deliveries.position).outerjoin(
            tables.pushes, tables.pushes.c.position == _deliveries.position
        )
    )
    .where(among(_deliveries.delivery_id))
)
_COPY: Final = tuple(each.name for each in fields(survey.CopyFound))
_REFUSALS: Final = (
    select(*rows.AUDIT)
    .where(_audit.action == literal_column(f"'{REFUSED}'"))
    .order_by(_audit.position.desc())
    .limit(_limit)
)
_ACTIONS: Final = (
    select(*rows.AUDIT)
    .where(_audit.action.in_(bindparam("actions", expanding=True)))
    .order_by(_audit.position.desc())
    .limit(_limit)
)
_CODES: Final = (
    select(_audit.code, _audit.actor, func.count())
    .where(_audit.code.in_(bindparam("codes", expanding=True)), _audit.at >= bindparam("since"))
    .group_by(_audit.code, _audit.actor)
)
_newer = tables.consents.alias("newer")
_newest: Final = ~(
    select(_newer.c.consent_id)
    .where(_newer.c.consent_id == tables.consents.c.consent_id, _newer.c.version > tables.consents.c.version)
    .exists()
)
_CONSENTS: Final = (
    select(tables.consents.c.recorded_by, tables.consents.c.status, func.count())
    .where(_newest)
    .group_by(tables.consents.c.recorded_by, tables.consents.c.status)
)
_ENDING: Final = (
    select(tables.consents.c.recorded_by, func.count())
    .where(tables.IS_ACTIVE, tables.consents.c.valid_to <= bindparam("until"), _newest)
    .group_by(tables.consents.c.recorded_by)
)


def day_of(cell: int) -> int:
    """The day (UTC) of an instant's cell."""
    return cell // _DAY


def count(changes: records.Changes) -> list[rows.Values]:
    """What a group adds to the counters."""
    found: Counter[tuple[int, str, str, str, str]] = Counter()
    senders = {message.key: message for message in changes.messages}
    # The messages of one group have one instant.
    days = {at: day_of(rows.instant_to_cell(at)) for at in {message.recorded_at for message in changes.messages}}
    for copy in changes.deliveries:
        message = senders.get(copy.key)
        if message is not None:
            code = copy.code or "" if copy.state is DeliveryState.REFUSED else ""
            found[days[message.recorded_at], message.sender, copy.unit_id, message.type, code] += 1
    for row in changes.audit:
        if row.action == REFUSED:
            found.update(_refused(row))
    names = ("day", "sender", "unit", "type", "code")
    return [dict(zip(names, key, strict=True)) | {"messages": many} for key, many in found.items()]


def _refused(row: records.AuditRow) -> Counter[tuple[int, str, str, str, str]]:
    day = day_of(rows.instant_to_cell(row.at))
    listed = orjson.loads(row.entry).get("recipients") or [{"unit": "", "code": row.code}]
    return Counter(
        (day, row.actor, str(each.get("unit", "")), row.type or "", str(each.get("code") or row.code or ""))
        for each in listed
        if isinstance(each, dict)
    )


class FlowReading(Asking):
    """The part of a reader that the control room asks; `port.FlowReader` says what each answers."""

    def list_edges(self, first: date, last: date) -> list[survey.Edge]:
        return [survey.Edge(*cells) for cells in self._rows(_EDGES, _span(first, last))]

    def list_edge_types(self, first: date, last: date, *, sender: str, unit: str) -> list[survey.TypeCount]:
        statement = _TYPES.where(_flows.sender == bindparam("of_sender"), _flows.unit == bindparam("to_unit"))
        values = _span(first, last) | {"of_sender": sender, "to_unit": unit}
        return [survey.TypeCount(*cells[2:]) for cells in self._rows(statement, values)]

    def list_days(self, first: date, last: date) -> list[survey.DayCount]:
        return [
            survey.DayCount(_EPOCH + timedelta(days=day), code, many)
            for day, code, many in self._rows(_DAYS, _span(first, last))
        ]

    def search_copies(self, query: survey.CopyQuery) -> list[survey.CopyFound]:
        named = {
            "sender": (_messages.sender, query.sender),
            "type": (_messages.type, query.type),
            "case_id": (_messages.case_id, query.case_id),
            "message_id": (_messages.message_id, query.message_id),
            "unit": (_deliveries.unit_id, query.unit),
            "verdict": (_deliveries.verdict, query.verdict),
            "code": (_deliveries.code, query.code),
        }
        # In the order of acceptance, read from its end: sorting by time would mean reading everything.
        newest = _deliveries.position if query.unit is not None else _messages.position
        statement, values = _COPIES.order_by(newest.desc(), _deliveries.position), dict[str, Any](limit=query.limit)
        if query.unit is not None and query.verdict == "refuse":
            statement = statement.where(_deliveries.state == DeliveryState.REFUSED.value)
        for name, (column, value) in named.items():
            if value is not None:
                statement = statement.where(column == bindparam(f"of_{name}"))
                values[f"of_{name}"] = value
        if query.since is not None:
            statement = statement.where(_messages.recorded_at >= bindparam("since"))
            values["since"] = rows.instant_to_cell(query.since)
        if query.until is not None:
            statement = statement.where(_messages.recorded_at < bindparam("until"))
            values["until"] = rows.instant_to_cell(query.until)
        return [
            survey.CopyFound(**dict(zip(_COPY, cells, strict=True)) | {"recorded_at": rows.cell_to_instant(cells[5])})
            for cells in self._rows(statement, values)
        ]

    def find_announcements(self, delivery_ids: Collection[str]) -> dict[str, survey.Announcement]:
        return {
            delivery_id: survey.Announcement(_optional(announced), attempts, _optional(next_at))
            for delivery_id, announced, attempts, next_at in self._among(_ANNOUNCEMENTS, delivery_ids)
        }

    def list_refusals(self, query: survey.CopyQuery) -> list[records.AuditRow]:
        named = {
            "actor": (_audit.actor, query.sender),
            "type": (_audit.type, query.type),
            "case_id": (_audit.case_id, query.case_id),
            "message_id": (_audit.message_id, query.message_id),
            "code": (_audit.code, query.code),
        }
        statement, values = _REFUSALS, dict[str, Any](limit=query.limit)
        for name, (column, value) in named.items():
            if value is not None:
                statement = statement.where(column == bindparam(f"of_{name}"))
                values[f"of_{name}"] = value
        if query.since is not None:
            statement = statement.where(_audit.at >= bindparam("since"))
            values["since"] = rows.instant_to_cell(query.since)
        if query.until is not None:
            statement = statement.where(_audit.at < bindparam("until"))
            values["until"] = rows.instant_to_cell(query.until)
        return [rows.cells_to_audit(cells) for cells in self._rows(statement, values)]

    def list_actions(self, actions: Collection[str], *, limit: int) -> list[records.AuditRow]:
        found = self._rows(_ACTIONS, {"actions": sorted(actions), "limit": limit})
        return [rows.cells_to_audit(cells) for cells in found]

    def count_codes(self, codes: Collection[str], since: datetime) -> list[survey.CodeCount]:
        values = {"codes": sorted(codes), "since": rows.instant_to_cell(since)}
        return [survey.CodeCount(*cells) for cells in self._rows(_CODES, values)]

    def count_consents(self) -> list[survey.ConsentCount]:
        return [survey.ConsentCount(*cells) for cells in self._rows(_CONSENTS)]

    def count_ending_consents(self, until: date) -> dict[str, int]:
        return dict(map(tuple, self._rows(_ENDING, {"until": until.isoformat()})))


def _optional(cell: int | None) -> datetime | None:
    return None if cell is None else rows.cell_to_instant(cell)


def _span(first: date, last: date) -> dict[str, Any]:
    return {"first": (first - _EPOCH).days, "last": (last - _EPOCH).days}
