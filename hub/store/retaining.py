"""What gallring reads and writes. Everything in pages of bounded size: the table may be large, no statement is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, bindparam, delete, exists, func, insert, select, update

from hub.store import attachment_rows, evidence, kept, records, rows, tables
from hub.store.among import among
from hub.store.asking import Asking

_messages, _deliveries, _keys = tables.messages, tables.deliveries, tables.data_keys
_after: BindParameter[Any] = bindparam("after")
_until: BindParameter[Any] = bindparam("until")
_limit: BindParameter[Any] = bindparam("limit")

_LAST_POSITION: Final = select(func.max(_messages.c.position))
_KEPT_BODIES: Final = (
    select(
        _messages.c.position,
        _messages.c.message_id,
        _messages.c.lane_id,
        _messages.c.type,
        _messages.c.recorded_at,
    )
    .where(_messages.c.position > _after, _messages.c.position <= _until, _messages.c.erased_at.is_(None))
    .order_by(_messages.c.position)
)
_COPIES: Final = (
    select(
        _deliveries.c.message_position,
        _deliveries.c.delivery_id,
        _deliveries.c.state,
        func.coalesce(_deliveries.c.acked_at, tables.dead_letters.c.died_at),
    )
    .select_from(_deliveries.outerjoin(tables.dead_letters, tables.dead_letters.c.position == _deliveries.c.position))
    .where(_deliveries.c.message_position > _after, _deliveries.c.message_position <= _until)
    .order_by(_deliveries.c.message_position)
)
_OLDEST: Final = (
    select(
        _messages.c.position,
        _messages.c.message_id,
        _messages.c.lane_id,
        _messages.c.type,
        _messages.c.recorded_at,
        _messages.c.erased_at,
    )
    .where(_messages.c.position > _after)
    .order_by(_messages.c.position)
    .limit(_limit)
)
_LANES: Final = select(*_keys.c).where(_keys.c.lane_id > _after).order_by(_keys.c.lane_id).limit(_limit)
_LAST_MESSAGES: Final = (
    select(_deliveries.c.lane_id, func.max(_deliveries.c.recorded_at))
    .where(among(_deliveries.c.lane_id))
    .group_by(_deliveries.c.lane_id)
)
_WITH_BODIES: Final = (
    select(_messages.c.case_id).where(among(_messages.c.case_id), _messages.c.erased_at.is_(None)).distinct()
)
_LANE_OF: Final = select(_messages.c.lane_id).where(_messages.c.message_id == bindparam("message_id")).limit(1)
_HOLDS: Final = select(*tables.holds.c).order_by(tables.holds.c.placed_at, tables.holds.c.lane_id)
_TOMBSTONES: Final = select(*tables.tombstones.c).order_by(tables.tombstones.c.tombstone)
_RUNS: Final = (
    select(*tables.retention_runs.c)
    .order_by(tables.retention_runs.c.began_at.desc(), tables.retention_runs.c.run_id)
    .limit(_limit)
)

_position: BindParameter[Any] = bindparam("at_position")
_ERASE_BODY: Final = (
    update(_messages).where(_messages.c.position == _position).values(sealed=b"", erased_at=bindparam("erased_at"))
)
_ERASE_NOTES: Final = (
    update(_deliveries)
    .where(_deliveries.c.message_position == _position, _deliveries.c.note.is_not(None))
    .values(note=None)
)
_COPIES_OF: Final = select(_deliveries.c.position).where(_deliveries.c.message_position == _position)
# Without a body there is nothing to try again.
_TAKE_DEAD_LETTERS: Final = delete(tables.dead_letters).where(tables.dead_letters.c.position.in_(_COPIES_OF))
_TAKE_PUSHES: Final = delete(tables.pushes).where(tables.pushes.c.position.in_(_COPIES_OF))
_ERASE_METADATA: Final = (
    _TAKE_DEAD_LETTERS,
    _TAKE_PUSHES,
    delete(tables.outbox).where(tables.outbox.c.position.in_(_COPIES_OF)),
    delete(_deliveries).where(_deliveries.c.message_position == _position),
    delete(_messages).where(_messages.c.position == _position),
)
_CASE_OF: Final = select(_messages.c.case_id).where(_messages.c.position == _position)
_case_id: BindParameter[Any] = bindparam("of_case")
_is_bare: Final = ~exists().where(_messages.c.case_id == _case_id) & ~exists().where(_keys.c.lane_id == _case_id)
_ERASE_BARE_CASE: Final = (
    delete(tables.sequences).where(tables.sequences.c.lane_id == _case_id, _is_bare),
    delete(tables.cases).where(tables.cases.c.case_id == _case_id, _is_bare),
)
_STATES_OF: Final = select(_deliveries.c.state).where(_deliveries.c.message_position == _position)
_FORGET_CASE: Final = (
    update(tables.audit)
    .where(
        tables.audit.c.message_id
        == select(_messages.c.message_id).where(_messages.c.position == _position).scalar_subquery()
    )
    .values(case_id=None)
)
_FORGET_ENTRIES: Final = delete(tables.person_entries).where(tables.person_entries.c.position < bindparam("before"))
_RELEASE: Final = delete(tables.holds).where(among(tables.holds.c.lane_id))
_ADD_HOLD: Final = insert(tables.holds)
_ADD_TOMBSTONE: Final = insert(tables.tombstones)
_ADD_RUN: Final = insert(tables.retention_runs)


class RetentionReading(Asking):
    """The part of a reader that gallring asks; `port.RetentionReader` says what each answers."""

    def last_message_position(self) -> int:
        [(last,)] = self._rows(_LAST_POSITION)
        return last or 0

    def list_kept_bodies(self, *, after: int, until: int) -> list[kept.KeptBody]:
        stretch = {"after": after, "until": until}
        found = self._rows(_KEPT_BODIES, stretch)
        copies: dict[int, list[kept.Copy]] = {cells[0]: [] for cells in found}
        for position, delivery_id, state, settled_at in self._rows(_COPIES, stretch) if found else ():
            if position in copies:
                copies[position].append(kept.Copy(delivery_id, state, rows.optional_instant(settled_at)))
        return [
            kept.KeptBody(
                position,
                message_id,
                lane_id,
                type_,
                rows.cell_to_instant(recorded_at),
                copies[position],
            )
            for position, message_id, lane_id, type_, recorded_at in found
        ]

    def list_oldest_messages(self, *, after: int, limit: int) -> list[kept.KeptMetadata]:
        return [
            kept.KeptMetadata(
                position, message_id, lane_id, type_, rows.cell_to_instant(recorded_at), erased_at is None
            )
            for position, message_id, lane_id, type_, recorded_at, erased_at in self._rows(
                _OLDEST, {"after": after, "limit": limit}
            )
        ]

    def list_data_keys(self, *, after: str, limit: int) -> list[records.DataKey]:
        return [records.DataKey(*cells) for cells in self._rows(_LANES, {"after": after, "limit": limit})]

    def find_last_messages(self, lane_ids: Collection[str]) -> dict[str, datetime]:
        return {lane_id: rows.cell_to_instant(last) for lane_id, last in self._among(_LAST_MESSAGES, lane_ids)}

    def list_cases_with_bodies(self, case_ids: Collection[str]) -> set[str]:
        return {case_id for (case_id,) in self._among(_WITH_BODIES, case_ids)}

    def find_lane_of(self, message_id: str) -> str | None:
        found = self._rows(_LANE_OF, {"message_id": message_id})
        return found[0][0] if found else None

    def list_holds(self) -> list[kept.Hold]:
        return [
            kept.Hold(lane_id, reference, placed_by, rows.cell_to_instant(placed_at))
            for lane_id, reference, placed_by, placed_at in self._rows(_HOLDS)
        ]

    def list_tombstones(self) -> list[kept.Tombstone]:
        return [kept.Tombstone(name, rows.cell_to_instant(at)) for name, at in self._rows(_TOMBSTONES)]

    def list_retention_runs(self, *, limit: int) -> list[kept.RetentionRun]:
        return [
            kept.RetentionRun(
                run_id,
                rows.cell_to_instant(began_at),
                rows.cell_to_instant(ended_at),
                actor,
                rulebook,
                orjson.loads(counts),
                kept_from,
            )
            for run_id, began_at, ended_at, actor, rulebook, counts, kept_from in self._rows(_RUNS, {"limit": limit})
        ]


Execute = Callable[[Any, Any], Any]


def write(execute: Execute, changes: records.Changes, erased_at: datetime) -> dict[str, int]:
    """Writes what gallring has decided inside the caller's transaction; how many deliveries of each state are gone."""
    gone: dict[str, int] = {}
    if changes.erased_bodies:
        each = [{"at_position": position} for position in changes.erased_bodies]
        execute(_ERASE_BODY, [values | {"erased_at": rows.instant_to_cell(erased_at)} for values in each])
        execute(_ERASE_NOTES, each)
        execute(evidence.DROP_AT, each)
        execute(attachment_rows.DROP_AT, each)
        execute(_TAKE_DEAD_LETTERS, each)
        execute(_TAKE_PUSHES, each)
    for position in changes.erased_metadata:
        _erase_metadata(execute, position, gone)
    if changes.released:
        execute(_RELEASE, {"keys": changes.released})
    if changes.forgotten_before:
        execute(_FORGET_ENTRIES, {"before": changes.forgotten_before})
    _add(execute, _ADD_HOLD, [_hold_to_values(hold) for hold in changes.holds])
    _add(execute, _ADD_TOMBSTONE, [_tombstone_to_values(each) for each in changes.tombstones])
    _add(execute, _ADD_RUN, [_run_to_values(run) for run in changes.retention_runs])
    return gone


def _erase_metadata(execute: Execute, position: int, gone: dict[str, int]) -> None:
    values = {"at_position": position}
    for (state,) in execute(_STATES_OF, values):
        gone[state] = gone.get(state, 0) + 1
    case_id = execute(_CASE_OF, values).scalar()
    for statement in (_FORGET_CASE, *_ERASE_METADATA):
        execute(statement, values)
    if case_id is not None:
        for statement in _ERASE_BARE_CASE:
            execute(statement, {"of_case": case_id})


def _add(execute: Execute, statement: Any, values: list[rows.Values]) -> None:
    if values:
        execute(statement, values)


def _hold_to_values(hold: kept.Hold) -> rows.Values:
    return {
        "lane_id": hold.lane_id,
        "reference": hold.reference,
        "placed_by": hold.placed_by,
        "placed_at": rows.instant_to_cell(hold.placed_at),
    }


def _tombstone_to_values(each: kept.Tombstone) -> rows.Values:
    return {"tombstone": each.tombstone, "at": rows.instant_to_cell(each.at)}


def _run_to_values(run: kept.RetentionRun) -> rows.Values:
    return {
        "run_id": run.run_id,
        "began_at": rows.instant_to_cell(run.began_at),
        "ended_at": rows.instant_to_cell(run.ended_at),
        "actor": run.actor,
        "rulebook": run.rulebook,
        "counts": orjson.dumps(dict(run.counts), option=orjson.OPT_SORT_KEYS).decode(),
        "kept_from": run.kept_from,
    }
