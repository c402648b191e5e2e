"""What every SQL store writes, whatever the dialect: one commit group."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CursorResult,
    Executable,
    Insert,
    Table,
    UpdateBase,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub import clock
from hub.store import (
    attachment_rows,
    attachment_tables,
    directory_rows,
    evidence,
    failures,
    flows,
    history_rows,
    leasing,
    party_rows,
    party_tables,
    people_rows,
    port,
    pushing,
    queries,
    reading,
    receiving,
    records,
    retaining,
    rows,
    shredding,
    tables,
)
from hub.store.among import among
from hub.store.bells import Bell, Ring
from hub.store.records import DeliveryState
from hub.store.wire import Wire

_messages = tables.messages
_deliveries = tables.deliveries
_outbox = tables.outbox

_ADD_MESSAGES: Final = insert(_messages)
_ADD_DELIVERIES: Final = insert(_deliveries).values(
    message_position=select(_messages.c.position)
    .where(_messages.c.message_id == bindparam("of_message_id"), _messages.c.source == bindparam("of_source"))
    .scalar_subquery()
)
_ids: Final = among(_deliveries.c.delivery_id)
_ADD_TO_OUTBOX: Final = insert(_outbox).from_select(
    ["position", "published_at"],
    select(_deliveries.c.position, bindparam("published_at", type_=_outbox.c.published_at.type)).where(_ids),
)
_TAKE_FROM_OUTBOX: Final = delete(_outbox).where(_outbox.c.position.in_(select(_deliveries.c.position).where(_ids)))
_MARK_PUBLISHED: Final = (
    update(_outbox)
    .where(_outbox.c.position.in_(select(_deliveries.c.position).where(_ids)))
    .values(published_at=bindparam("published_at"))
)
_NOTIFY: Final = (
    update(_deliveries)
    .where(_ids, _deliveries.c.state == DeliveryState.PENDING.value)
    .values(state=DeliveryState.NOTIFIED.value)
)
_CHANGE_DELIVERY: Final = (
    update(_deliveries)
    .where(_deliveries.c.delivery_id == bindparam("changed_id"))
    .values(
        {
            name: func.coalesce(bindparam(f"new_{name}", type_=_deliveries.c[name].type), _deliveries.c[name])
            for name in ("state", "acked_at", "handled_at", "outcome", "note", "code", "next_at")
        }
    )
)
_ADD_DATA_KEYS: Final = insert(tables.data_keys)
_ADD_AUDIT: Final = insert(tables.audit)


@dataclass(frozen=True)
class Upserts:
    """The statements that add a row or replace it: the only ones that each dialect spells in its own way."""

    cases: Insert
    consents: Insert
    sequences: Insert
    counts: Insert
    staff: Insert
    sessions: Insert
    drafts: Insert
    log_nodes: Insert
    checkpoints: Insert
    person_entries: Insert
    party_keys: Insert
    webhooks: Insert
    directory_sets: Insert
    flows: Insert
    samples: Insert
    rulebooks: Insert
    directories: Insert
    attachments: Insert
    attachment_parts: Insert


@functools.cache
def upserts_for(dialect: str) -> Upserts:
    # Two classes with the same methods and no common ancestor that has them.
    spell: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]

    def replace(table: Table) -> Any:
        statement = spell(table)
        rest = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)

    counts = tables.delivery_counts
    add = spell(counts)
    total = counts.c.deliveries + add.excluded.deliveries
    flowing = spell(tables.flows)
    flown = tables.flows.c.messages + flowing.excluded.messages
    checkpoints = spell(tables.log_checkpoints)
    newer = {name: checkpoints.excluded[name] for name in ("size", "root", "note", "at")}
    return Upserts(
        cases=replace(tables.cases),
        consents=replace(tables.consents),
        sequences=replace(tables.sequences),
        staff=replace(tables.staff),
        sessions=replace(tables.sessions),
        drafts=replace(tables.drafts),
        party_keys=replace(party_tables.party_keys),
        flows=flowing.on_conflict_do_update(index_elements=list(tables.flows.primary_key), set_={"messages": flown}),
        counts=add.on_conflict_do_update(index_elements=[counts.c.state], set_={"deliveries": total}),
        log_nodes=spell(tables.log_nodes).on_conflict_do_nothing(),
        checkpoints=checkpoints.on_conflict_do_update(
            index_elements=["kind"], set_=newer, where=tables.log_checkpoints.c.size <= checkpoints.excluded.size
        ),
        person_entries=spell(tables.person_entries).on_conflict_do_nothing(),
        webhooks=replace(tables.webhooks),
        directory_sets=replace(tables.directory_sets),
        samples=spell(tables.samples).on_conflict_do_nothing(),
        rulebooks=replace(tables.rulebooks),
        directories=replace(tables.directories),
        attachments=replace(attachment_tables.attachments),
        attachment_parts=replace(attachment_tables.attachment_parts),
    )


class SqlGroup(reading.SqlReader):
    """One open transaction. After a write that failed it is broken: it can only be rolled back."""

    def __init__(self, wire: Wire, clock: clock.Clock, ring: Ring | None = None) -> None:
        super().__init__(wire)
        self._ring = ring
        self._clock = clock
        self._upserts = upserts_for(wire.connection.dialect.name)
        self.is_broken = False
        self.is_over = False

    def lease_due_deliveries(
        self, holder: str, *, at: datetime, until: datetime, limit: int
    ) -> Sequence[records.ClaimCheck]:
        return leasing.lease(self._execute, holder, at, until, limit)

    def take_back(self, unit_ids: Collection[str], *, before: datetime) -> int:
        return leasing.take_back(self._execute, unit_ids, before)

    def end(self) -> None:
        """From now on the connection is not the group's: every further call raises `RuntimeError`."""
        self.is_over = True

    def write(self, changes: records.Changes) -> None:
        if self.is_broken:
            raise port.StoreUnavailable("a write of this group failed before: roll it back")
        self._assert_open()
        try:
            self._write(changes)
            self._wire.flush()
        except BaseException as fault:
            self.is_broken = True
            if isinstance(fault, failures.RowRefused) and fault.table == _messages.name:
                raise port.DuplicateMessage from None
            raise

    def _write(self, changes: records.Changes) -> None:
        states = self._find_states(changes)
        self._each(_ADD_MESSAGES, map(rows.message_to_values, changes.messages))
        self._add_deliveries(changes.deliveries)
        upserts = self._upserts
        self._each(upserts.cases, map(rows.case_to_values, changes.cases.values()))
        self._each(upserts.consents, map(rows.consent_to_values, changes.consents))
        self._each(_ADD_DATA_KEYS, map(rows.data_key_to_values, changes.data_keys))
        self._each(rows.REWRAP, map(rows.rewrapped_to_values, changes.rewrapped))
        self._each(
            upserts.sequences,
            (
                {"lane_id": lane_id, "unit_id": unit_id, "last": last}
                for (lane_id, unit_id), last in changes.sequences.items()
            ),
        )
        self._change_deliveries(changes.delivery_changes, states)
        self._mark_published(changes.published, states)
        self._all(_TAKE_FROM_OUTBOX, changes.acknowledged)
        self._write_dead_letters(changes)
        self._write_pushes(changes)
        self._each(_ADD_AUDIT, map(rows.audit_to_values, changes.audit))
        self._write_beside_the_log(changes)
        self._write_history(changes)
        self._write_people(changes)
        self._each(self._upserts.flows, flows.count(changes))
        erased = retaining.write(self._execute, changes, self._clock.now())
        self._count({DeliveryState(state): -many for state, many in erased.items()})
        self._write_parties(changes)
        self._write_attachments(changes)
        for shred in changes.shreds:
            shredding.shred(self._execute, shred)
        if changes.shreds:
            self._tell(Bell.ERASED)

    def _write_people(self, changes: records.Changes) -> None:
        self._each(self._upserts.staff, map(people_rows.member_to_values, changes.staff))
        self._all(people_rows.END_SESSIONS_OF, [each.staff_id for each in changes.staff if each.ended_at is not None])
        if changes.sessions:
            at = rows.instant_to_cell(min(each.started_at for each in changes.sessions))
            self._wire.do(people_rows.END_OLD_SESSIONS, {"at": at})
        self._each(self._upserts.sessions, map(people_rows.session_to_values, changes.sessions))
        self._all(people_rows.END_SESSIONS, changes.ended_sessions)
        self._each(self._upserts.drafts, map(people_rows.draft_to_values, changes.drafts))
        self._all(people_rows.DROP_DRAFTS, changes.dropped_drafts)

    def _write_beside_the_log(self, changes: records.Changes) -> None:
        self._each(self._upserts.log_nodes, map(rows.node_to_values, changes.log_nodes))
        self._each(self._upserts.checkpoints, map(rows.checkpoint_to_values, changes.checkpoints))
        links = ({"person_key": person_key, "position": index} for person_key, index in changes.person_entries)
        self._each(self._upserts.person_entries, links)
        dropped = ({"dropped_standing": standing.value} for standing in changes.dropped_directory_sets)
        self._each(directory_rows.DROP, dropped)
        self._each(self._upserts.directory_sets, map(directory_rows.to_values, changes.directory_sets))

    def _write_history(self, changes: records.Changes) -> None:
        if changes.samples:
            self._wire.do(history_rows.FORGET_SAMPLES, history_rows.oldest_kept(changes.samples))
        self._each(self._upserts.samples, map(history_rows.sample_to_values, changes.samples))
        self._each(self._upserts.rulebooks, map(history_rows.rulebook_to_values, changes.rulebooks))
        self._each(self._upserts.directories, map(history_rows.directory_to_values, changes.directories))

    def _write_parties(self, changes: records.Changes) -> None:
        self._each(evidence.ADD, map(evidence.to_values, changes.evidence))
        self._each(self._upserts.party_keys, map(party_rows.key_to_values, changes.party_keys))
        if not changes.used_ids:
            return
        self._wire.do(party_rows.FORGET_USED_IDS, {"at": rows.instant_to_cell(self._clock.now())})
        used = changes.used_ids.items()
        self._each(
            party_rows.ADD_USED_IDS, ({"used_id": id, "ends_at": rows.instant_to_cell(ends_at)} for id, ends_at in used)
        )

    def _write_attachments(self, changes: records.Changes) -> None:
        self._each(self._upserts.attachments, map(attachment_rows.file_to_values, changes.attachments.values()))
        self._each(self._upserts.attachment_parts, map(attachment_rows.part_to_values, changes.attachment_parts))
        attachment_rows.sweep(self._execute, changes)

    def _add_deliveries(self, deliveries: Sequence[records.StoredDelivery]) -> None:
        self._each(_ADD_DELIVERIES, map(rows.delivery_to_values, deliveries))
        listed = [each for each in deliveries if each.sequence is not None]
        waiting = [each.delivery_id for each in listed if each.state is DeliveryState.PENDING]
        self._all(_ADD_TO_OUTBOX, waiting, published_at=None)
        if waiting:
            self._tell(Bell.OUTBOX)
        told = [each.delivery_id for each in listed if each.state is not DeliveryState.PENDING]
        now = rows.instant_to_cell(self._clock.now())
        self._all(_ADD_TO_OUTBOX, told, published_at=now)
        self._all(pushing.ADD_PUSHES, waiting + told, now=now)
        self._count(Counter(each.state for each in deliveries))

    def _change_deliveries(self, changes: Sequence[records.DeliveryChange], states: dict[str, DeliveryState]) -> None:
        """`states` are kept in step."""
        moved: Counter[DeliveryState] = Counter()
        for change in changes:
            if change.state is not None and change.delivery_id in states:
                moved[states[change.delivery_id]] -= 1
                moved[change.state] += 1
                states[change.delivery_id] = change.state
        self._each(_CHANGE_DELIVERY, map(rows.change_to_values, changes))
        self._count(moved)

    def _write_pushes(self, changes: records.Changes) -> None:
        self._each(self._upserts.webhooks, map(pushing.webhook_to_values, changes.webhooks))
        self._all(pushing.DROP_WEBHOOKS, changes.removed_webhooks)
        ended = [webhook.unit_id for webhook in changes.webhooks if not webhook.is_active]
        self._all(pushing.DROP_PUSHES, [*changes.removed_webhooks, *ended])
        now = rows.instant_to_cell(self._clock.now())
        self._each(pushing.PUSH_ALL, ({"unit_id": unit_id, "now": now} for unit_id in changes.pushed_anew))
        self._all(pushing.ADD_PUSHES, changes.revived, now=now)
        self._each(pushing.CHANGE_PUSH, map(pushing.push_to_values, changes.pushes))
        self._all(pushing.FINISH_PUSHES, changes.finished_pushes)

    def _write_dead_letters(self, changes: records.Changes) -> None:
        self._each(receiving.BURY, map(receiving.letter_to_values, changes.buried))
        self._all(receiving.UNBURY, [*changes.revived, *changes.dropped])
        self._all(_ADD_TO_OUTBOX, changes.revived, published_at=None)

    def _find_states(self, changes: records.Changes) -> dict[str, DeliveryState]:
        """Of all deliveries that are about to change, this group's own among them."""
        known = {each.delivery_id: each.state for each in changes.deliveries}
        changing = {change.delivery_id for change in changes.delivery_changes if change.state is not None}
        found = self._among(queries.DELIVERY_STATES, changing.union(changes.published).difference(known))
        return known | {delivery_id: DeliveryState(state) for delivery_id, state in found}

    def _mark_published(self, delivery_ids: Sequence[str], states: Mapping[str, DeliveryState]) -> None:
        now = rows.instant_to_cell(self._clock.now())
        self._all(_MARK_PUBLISHED, delivery_ids, published_at=now)
        self._all(_NOTIFY, delivery_ids)
        notified = sum(states.get(delivery_id) is DeliveryState.PENDING for delivery_id in set(delivery_ids))
        self._count(Counter({DeliveryState.PENDING: -notified, DeliveryState.NOTIFIED: notified}))

    def _count(self, moved: Mapping[DeliveryState, int]) -> None:
        steps = ({"state": state.value, "deliveries": step} for state, step in moved.items() if step)
        self._each(self._upserts.counts, steps)

    def _each(self, statement: UpdateBase, values: Iterable[rows.Values]) -> None:
        """Runs the statement once per row of values; not at all when there is none. All rows have the same names."""
        if many := list(values):
            self._wire.each(statement, many)

    def _all(self, statement: Executable, delivery_ids: Collection[str], **values: object) -> None:
        """Runs the statement over all these deliveries at once."""
        if delivery_ids:
            self._wire.do(statement, values | {"keys": list(delivery_ids)})

    def _tell(self, bell: Bell) -> None:
        if self._ring is not None:
            self._wire.say(self._ring(bell))

    def _rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        self._assert_open()
        return super()._rows(statement, values)

    def _execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    ) -> CursorResult[Any]:
        self._assert_open()
        return self._wire.execute(statement, values)

    def _assert_open(self) -> None:
        if self.is_over:
            raise RuntimeError("this commit group has ended")
