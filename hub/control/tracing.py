"""One message's whole way, from what the store and the log know of it. Names of fields, never what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from hub.audit.merkle import leaf_hash
from hub.store.port import Reader
from hub.store.records import AuditQuery, AuditRow, StoredDelivery, StoredMessage

_MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the log about the message."""

    index: int
    at: datetime
    action: str
    actor: str
    unit: str | None
    code: str | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recipient:
    """What was decided for one recipient, and how far its copy has come."""

    unit: str
    verdict: str
    code: str | None
    rule: str
    basis: Mapping[str, Any] | None
    categories: Sequence[str] = ()
    withheld: Sequence[str] = ()
    delivery: StoredDelivery | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """`message` is None for one that was refused as a whole, or of which only the log is left."""

    message_id: str
    sender: str
    type: str | None
    case_id: str | None
    code: str | None
    rulebook: str | None
    message: StoredMessage | None
    recipients: Sequence[Recipient]
    steps: Sequence[Step]
    faults: Sequence[Sequence[str]] = field(default=())

    @property
    def is_refused(self) -> bool:
        return self.message is None


def trace(reader: Reader, message_id: str) -> list[Trace]:
    """What is known of the messages with this id: one, but where two units have used the same."""
    entries = reader.list_audit(AuditQuery(message_id=message_id, limit=_MOST_ENTRIES))
    stored = reader.find_messages([each.key for each in reader.find_earlier([message_id])])
    traces = [_of_stored(reader, message, entries) for message in stored.values()]
    senders = {message.sender for message in stored.values()}
    refusals = [row for row in entries if row.action == "message_refused" and row.actor not in senders]
    return traces + [_of_refusal(row, entries) for row in refusals[-1:]]


def _of_stored(reader: Reader, message: StoredMessage, entries: Sequence[AuditRow]) -> Trace:
    accepted = next((row for row in entries if row.action == "message_accepted" and row.actor == message.sender), None)
    told = _told(accepted) if accepted is not None else {}
    ruled = {row["unit"]: row for row in told.get("recipients", ()) if isinstance(row, dict) and "unit" in row}
    recipients = [
        Recipient(
            unit=copy.unit_id,
            verdict=copy.verdict,
            code=copy.code,
            rule=copy.rule,
            basis=copy.basis,
            categories=_texts(ruled.get(copy.unit_id, {}).get("categories")),
            withheld=copy.withheld,
            delivery=copy,
        )
        for copy in reader.list_deliveries(message.key)
    ]
    return Trace(
        message_id=message.key.message_id,
        sender=message.sender,
        type=message.type,
        case_id=message.case_id,
        code=None,
        rulebook=told.get("rulebook"),
        message=message,
        recipients=recipients,
        steps=[_step(row) for row in entries],
    )


def _of_refusal(row: AuditRow, entries: Sequence[AuditRow]) -> Trace:
    told = _told(row)
    return Trace(
        message_id=row.message_id or "",
        sender=row.actor,
        type=row.type,
        case_id=row.case_id,
        code=row.code,
        rulebook=told.get("rulebook"),
        message=None,
        recipients=[
            Recipient(str(each["unit"]), str(each.get("verdict")), each.get("code"), str(each.get("rule", "")), None)
            for each in told.get("recipients", ())
            if isinstance(each, dict) and "unit" in each
        ],
        steps=[_step(each) for each in entries],
        faults=[fault for fault in told.get("faults", ()) if isinstance(fault, list)],
    )


def _told(row: AuditRow) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(row.entry)
    return told


def _step(row: AuditRow) -> Step:
    return Step(row.index, row.at, row.action, row.actor, row.unit, row.code, _told(row))


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def verify_entry(row: AuditRow) -> bool:
    """Whether the entry is the one that its leaf commits to (RFC 9162 2.1.1)."""
    return leaf_hash(row.entry) == row.leaf
