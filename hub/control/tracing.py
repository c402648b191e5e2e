"""One message's whole way, from what the store and the log know of it. Names of fields, never what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from hub.audit.merkle import leaf_hash
from hub.control import disclosed
from hub.service import Hub
from hub.store.records import AuditQuery, AuditRow, StoredDelivery, StoredMessage
from hub.store.survey import Announcement

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
    fields: Sequence[str] = ()
    """Pointers of what it may see, or saw when it opened its copy last; none once the body is destroyed."""
    delivery: StoredDelivery | None = None
    announced: Announcement | None = None
    """Until the recipient has acknowledged its copy."""


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


def trace(hub: Hub, message_id: str) -> list[Trace]:
    """What is known of the messages with this id: one, but where two units have used the same."""
    reader = hub.reader
    entries = reader.list_audit(AuditQuery(message_id=message_id, limit=_MOST_ENTRIES))
    stored = reader.find_messages([each.key for each in reader.find_earlier([message_id])])
    traces = [_of_stored(hub, message, entries) for message in stored.values()]
    senders = {message.sender for message in stored.values()}
    refusals = [row for row in entries if row.action == "message_refused" and row.actor not in senders]
    return traces + [_of_refusal(row, entries) for row in refusals[-1:]]


def _of_stored(hub: Hub, message: StoredMessage, entries: Sequence[AuditRow]) -> Trace:
    accepted = next((row for row in entries if row.action == "message_accepted" and row.actor == message.sender), None)
    told = _told(accepted) if accepted is not None else {}
    ruled = {row["unit"]: row for row in told.get("recipients", ()) if isinstance(row, dict) and "unit" in row}
    opened = {row.unit: _told(row) for row in entries if row.action == "delivery_disclosed"}
    sent = disclosed.list_fields(hub, message)
    copies = hub.reader.list_deliveries(message.key)
    announced = hub.reader.find_announcements([copy.delivery_id for copy in copies])
    recipients = [
        replace(
            _of_copy(copy, ruled.get(copy.unit_id, {}), opened.get(copy.unit_id), sent),
            announced=announced.get(copy.delivery_id),
        )
        for copy in copies
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


def _of_copy(
    copy: StoredDelivery, ruled: Mapping[str, Any], opened: Mapping[str, Any] | None, sent: Sequence[str]
) -> Recipient:
    """What was decided at intake, and, for one who has opened it, what was decided anew when it last did."""
    withheld = copy.withheld if opened is None else _texts(opened.get("withheld"))
    return Recipient(
        unit=copy.unit_id,
        verdict=copy.verdict,
        code=copy.code,
        rule=copy.rule,
        basis=copy.basis,
        categories=_texts((ruled if opened is None else opened).get("categories")),
        withheld=withheld,
        fields=disclosed.without(sent, withheld) if copy.sequence is not None else (),
        delivery=copy,
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
