"""Rows to records and back. A tuple of columns stands beside the function that unpacks it, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import bindparam, update

from hub.store import records, tables
from routing.case import Case, PlanChain, ReportingRequest

Values: TypeAlias = dict[str, Any]
Cells: TypeAlias = Sequence[Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def instant_to_cell(at: datetime) -> int:
    """Whole microseconds since 1970 in UTC. Raises `TypeError` for an instant without an offset."""
    return (at - _EPOCH) // _MICROSECOND


def cell_to_instant(cell: int) -> datetime:
    return _EPOCH + timedelta(microseconds=cell)


def optional_instant(cell: int | None) -> datetime | None:
    return None if cell is None else cell_to_instant(cell)


def optional_cell(at: datetime | None) -> int | None:
    return None if at is None else instant_to_cell(at)


def _to_json(value: object) -> str:
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


_message = tables.messages.c
MESSAGE: Final = (
    _message.position,
    _message.source,
    _message.message_id,
    _message.lane_id,
    _message.case_id,
    _message.type,
    _message.version,
    _message.sender,
    _message.fingerprint,
    _message.recorded_at,
    _message.expires_at,
    _message.envelope,
    _message.receipt,
    _message.erased_at,
)


def cells_to_message(cells: Cells, sealed: bytes | None = None) -> records.StoredMessage:
    (_, source, message_id, lane_id, case_id, type_, version, sender, fingerprint, *rest) = cells
    recorded_at, expires_at, envelope, receipt, erased_at = rest
    return records.StoredMessage(
        key=records.MessageKey(source, message_id),
        lane_id=lane_id,
        case_id=case_id,
        type=type_,
        version=version,
        sender=sender,
        fingerprint=fingerprint,
        recorded_at=cell_to_instant(recorded_at),
        expires_at=optional_instant(expires_at),
        envelope=orjson.loads(envelope),
        receipt=orjson.loads(receipt),
        sealed=sealed,
        erased_at=optional_instant(erased_at),
    )


def message_to_values(message: records.StoredMessage) -> Values:
    return {
        "source": message.key.source,
        "message_id": message.key.message_id,
        "lane_id": message.lane_id,
        "case_id": message.case_id,
        "type": message.type,
        "version": message.version,
        "sender": message.sender,
        "fingerprint": message.fingerprint,
        "recorded_at": instant_to_cell(message.recorded_at),
        "expires_at": optional_cell(message.expires_at),
        "envelope": _to_json(message.envelope),
        "receipt": _to_json(message.receipt),
        "sealed": message.sealed,
    }


_delivery = tables.deliveries.c
DELIVERY: Final = (
    _message.source,
    _message.message_id,
    _delivery.delivery_id,
    _delivery.lane_id,
    _delivery.unit_id,
    _delivery.kind,
    _delivery.sequence,
    _delivery.state,
    _delivery.verdict,
    _delivery.code,
    _delivery.rule,
    _delivery.basis,
    _delivery.withheld,
    _delivery.recorded_at,
    _delivery.acked_at,
    _delivery.handled_at,
    _delivery.outcome,
    _delivery.note,
    _delivery.next_at,
)


def cells_to_delivery(cells: Cells) -> records.StoredDelivery:
    source, message_id, delivery_id, lane_id, unit_id, kind, sequence, state, verdict, code, *rest = cells
    rule, basis, withheld, recorded_at, acked_at, handled_at, outcome, note, next_at = rest
    return records.StoredDelivery(
        delivery_id=delivery_id,
        key=records.MessageKey(source, message_id),
        lane_id=lane_id,
        unit_id=unit_id,
        kind=kind,
        sequence=sequence,
        state=records.DeliveryState(state),
        verdict=verdict,
        code=code,
        rule=rule,
        basis=None if basis is None else orjson.loads(basis),
        withheld=tuple(orjson.loads(withheld)),
        recorded_at=cell_to_instant(recorded_at),
        acked_at=optional_instant(acked_at),
        handled_at=optional_instant(handled_at),
        outcome=outcome,
        note=note,
        next_at=optional_instant(next_at),
    )


def delivery_to_values(delivery: records.StoredDelivery) -> Values:
    """`of_source` and `of_message_id` name the message; its position is looked up in the statement."""
    return {
        "of_source": delivery.key.source,
        "of_message_id": delivery.key.message_id,
        "delivery_id": delivery.delivery_id,
        "lane_id": delivery.lane_id,
        "unit_id": delivery.unit_id,
        "kind": delivery.kind,
        "sequence": delivery.sequence,
        "state": delivery.state.value,
        "verdict": delivery.verdict,
        "code": delivery.code,
        "rule": delivery.rule,
        "basis": None if delivery.basis is None else _to_json(delivery.basis),
        "withheld": _to_json(delivery.withheld),
        "recorded_at": instant_to_cell(delivery.recorded_at),
        "acked_at": optional_cell(delivery.acked_at),
        "handled_at": optional_cell(delivery.handled_at),
        "outcome": delivery.outcome,
        "note": delivery.note,
        "next_at": optional_cell(delivery.next_at),
    }


def change_to_values(change: records.DeliveryChange) -> Values:
    return {
        "changed_id": change.delivery_id,
        "new_state": None if change.state is None else change.state.value,
        "new_acked_at": optional_cell(change.acked_at),
        "new_handled_at": optional_cell(change.handled_at),
        "new_outcome": change.outcome,
        "new_note": change.note,
        "new_code": change.code,
        "new_next_at": optional_cell(change.next_at),
    }


CLAIM: Final = (
    _delivery.position,
    _delivery.delivery_id,
    _delivery.unit_id,
    _delivery.sequence,
    _delivery.state,
    _delivery.recorded_at,
    _message.message_id,
    _message.type,
    _message.source,
    _message.case_id,
)


def cells_to_claim(cells: Cells) -> records.ClaimCheck:
    position, delivery_id, unit_id, sequence, state, recorded_at, message_id, type_, source, case_id = cells
    return records.ClaimCheck(
        delivery_id=delivery_id,
        unit_id=unit_id,
        message_id=message_id,
        type=type_,
        source=source,
        case_id=case_id,
        sequence=sequence,
        recorded_at=cell_to_instant(recorded_at),
        state=records.DeliveryState(state),
        position=position,
    )


_case = tables.cases.c
_WITHOUT_MEMORY: Final = tuple(column for column in _case if column.name not in ("next_at", "memory"))
CASE: Final = _WITHOUT_MEMORY
STORED_CASE: Final = (*CASE, _case.next_at, _case.memory)


def cells_to_case(cells: Cells) -> Case:
    case_id, person_key, state, finsam_state, opened_at, parties, stadsdel, jobbtorg, team, *rest = cells
    plans, request, suspended, closed_at = rest
    return Case(
        case_id=case_id,
        person_key=person_key,
        state=state,
        finsam_state=finsam_state,
        opened_at=cell_to_instant(opened_at),
        parties=frozenset(orjson.loads(parties)),
        responsible_stadsdel=stadsdel,
        responsible_jobbtorg=jobbtorg,
        team=team,
        plans={plan_id: PlanChain(*chain) for plan_id, chain in orjson.loads(plans).items()},
        reporting_request=None if request is None else _load_request(request),
        suspended=suspended,
        closed_at=optional_instant(closed_at),
    )


def cells_to_stored_case(cells: Cells) -> records.StoredCase:
    *of_case, next_at, memory = cells
    return records.StoredCase(cells_to_case(of_case), memory, optional_instant(next_at))


def _load_request(cell: str) -> ReportingRequest:
    request_id, items, until = orjson.loads(cell)
    return ReportingRequest(request_id, frozenset(items), date.fromisoformat(until))


def case_to_values(stored: records.StoredCase) -> Values:
    case = stored.case
    request = case.reporting_request
    return {
        "case_id": case.case_id,
        "person_key": case.person_key,
        "state": case.state,
        "finsam_state": case.finsam_state,
        "opened_at": instant_to_cell(case.opened_at),
        "parties": _to_json(case.parties),
        "responsible_stadsdel": case.responsible_stadsdel,
        "responsible_jobbtorg": case.responsible_jobbtorg,
        "team": case.team,
        "plans": _to_json({plan: (chain.latest, chain.in_force) for plan, chain in case.plans.items()}),
        "reporting_request": (
            None if request is None else _to_json((request.request_id, request.items, request.until))
        ),
        "suspended": case.suspended,
        "closed_at": optional_cell(case.closed_at),
        "next_at": optional_cell(stored.next_at),
        "memory": stored.memory,
    }


CONSENT: Final = tuple(tables.consents.c)


def cells_to_consent(cells: Cells) -> records.StoredConsent:
    consent_id, version, person_key, recorded_by, status, valid_to, recorded_at, *rest = cells
    narrowing, sealed, told_days, ended_at = rest
    return records.StoredConsent(
        consent_id=consent_id,
        version=version,
        person_key=person_key,
        recorded_by=recorded_by,
        status=status,
        valid_to=valid_to,
        recorded_at=cell_to_instant(recorded_at),
        narrowing=orjson.loads(narrowing),
        sealed=sealed,
        told_days=told_days,
        ended_at=optional_instant(ended_at),
    )


def consent_to_values(consent: records.StoredConsent) -> Values:
    return {
        "consent_id": consent.consent_id,
        "version": consent.version,
        "person_key": consent.person_key,
        "recorded_by": consent.recorded_by,
        "status": consent.status,
        "valid_to": consent.valid_to,
        "recorded_at": instant_to_cell(consent.recorded_at),
        "narrowing": _to_json(consent.narrowing),
        "sealed": consent.sealed,
        "told_days": consent.told_days,
        "ended_at": optional_cell(consent.ended_at),
    }


def data_key_to_values(key: records.DataKey) -> Values:
    return {"lane_id": key.lane_id, "wrapped": key.wrapped, "kek_id": key.kek_id}


REWRAP: Final = (
    update(tables.data_keys)
    .where(tables.data_keys.c.lane_id == bindparam("of_lane"))
    .values(wrapped=bindparam("new_wrapped"), kek_id=bindparam("new_kek_id"))
)


def rewrapped_to_values(key: records.DataKey) -> Values:
    return {"of_lane": key.lane_id, "new_wrapped": key.wrapped, "new_kek_id": key.kek_id}


AUDIT: Final = tuple(tables.audit.c)


def cells_to_audit(cells: Cells) -> records.AuditRow:
    index, entry, leaf, at, action, actor, unit, type_, message_id, case_id, code = cells
    return records.AuditRow(
        index=index,
        entry=entry,
        leaf=leaf,
        at=cell_to_instant(at),
        action=action,
        actor=actor,
        unit=unit,
        type=type_,
        message_id=message_id,
        case_id=case_id,
        code=code,
    )


def audit_to_values(row: records.AuditRow) -> Values:
    return {
        "position": row.index,
        "entry": row.entry,
        "leaf": row.leaf,
        "at": instant_to_cell(row.at),
        "action": row.action,
        "actor": row.actor,
        "unit": row.unit,
        "type": row.type,
        "message_id": row.message_id,
        "case_id": row.case_id,
        "code": row.code,
    }


CHECKPOINT: Final = tuple(tables.log_checkpoints.c)


def cells_to_checkpoint(cells: Cells) -> records.StoredCheckpoint:
    kind, size, root, note, at = cells
    return records.StoredCheckpoint(records.CheckpointKind(kind), size, root, note, cell_to_instant(at))


def checkpoint_to_values(checkpoint: records.StoredCheckpoint) -> Values:
    return {
        "kind": checkpoint.kind.value,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "note": checkpoint.note,
        "at": instant_to_cell(checkpoint.at),
    }


def node_to_values(node: records.LogNode) -> Values:
    return {"level": node.level, "position": node.position, "hash": node.hash}
