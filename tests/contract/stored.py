"""Records with valid defaults: a test shows only what it is about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.store import port, records
from routing.case import Case

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    return f"{prefix}-{next(_numbers):06}"


def message(message_id: str | None = None, **changes: Any) -> records.StoredMessage:
    source = changes.pop("source", "/units/sd-farsta")
    values: dict[str, Any] = {
        "key": records.MessageKey(source, message_id or new_id("message")),
        "lane_id": "case-1",
        "case_id": "case-1",
        "type": "referral.submitted",
        "version": "1.0",
        "sender": source.removeprefix("/units/"),
        "fingerprint": b"\x00\xff" * 16,
        "recorded_at": NOON,
        "expires_at": None,
        "envelope": {"type": "se.samverkan.referral.submitted", "subject": "case-1"},
        "receipt": {"status": "accepted", "recipients": [{"unit": "jt-sydost", "verdict": "deliver"}]},
        "sealed": b"nonce and ciphertext",
    }
    return records.StoredMessage(**values | changes)


def delivery(of: records.StoredMessage, **changes: Any) -> records.StoredDelivery:
    values: dict[str, Any] = {
        "delivery_id": new_id("delivery"),
        "key": of.key,
        "lane_id": of.lane_id,
        "unit_id": "jt-sydost",
        "kind": "jt",
        "sequence": next(_numbers),
        "state": records.DeliveryState.PENDING,
        "verdict": "deliver",
        "code": None,
        "rule": "referral.submitted/jt",
        "basis": {"code": "CONSENT", "consent": "consent-1", "version": 1},
        "withheld": ("/content/note",),
        "recorded_at": of.recorded_at,
    }
    return records.StoredDelivery(**values | changes)


def refused(of: records.StoredMessage, **changes: Any) -> records.StoredDelivery:
    values: dict[str, Any] = {
        "sequence": None,
        "state": records.DeliveryState.REFUSED,
        "verdict": "refuse",
        "code": "CONSENT_MISSING",
        "basis": None,
        "withheld": (),
    }
    return delivery(of, **values | changes)


def case(case_id: str | None = None, **changes: Any) -> records.StoredCase:
    """The case with its sealed memory; `memory` and `next_at` are the store's, the rest is the case's."""
    beside = {name: changes.pop(name) for name in ("memory", "next_at") if name in changes}
    values: dict[str, Any] = {
        "case_id": case_id or new_id("case"),
        "person_key": "person-1",
        "state": "referred",
        "finsam_state": None,
        "opened_at": NOON,
    }
    return records.StoredCase(Case(**values | changes), **beside)


def consent(consent_id: str | None = None, **changes: Any) -> records.StoredConsent:
    values: dict[str, Any] = {
        "consent_id": consent_id or new_id("consent"),
        "version": 1,
        "person_key": "person-1",
        "recorded_by": "sd-farsta",
        "status": "active",
        "valid_to": "2026-12-31",
        "recorded_at": NOON,
        "narrowing": {"parties": [], "categories": []},
        "sealed": b"sealed consent",
    }
    return records.StoredConsent(**values | changes)


def audit(index: int, **changes: Any) -> records.AuditRow:
    values: dict[str, Any] = {
        "index": index,
        "entry": b'{"action":"message_accepted"}',
        "leaf": bytes(32),
        "at": NOON + timedelta(seconds=index),
        "action": "message_accepted",
        "actor": "sd-farsta",
    }
    return records.AuditRow(**values | changes)


def checkpoint(size: int, **changes: Any) -> records.StoredCheckpoint:
    values: dict[str, Any] = {"kind": records.CheckpointKind.SIGNED, "size": size, "root": bytes(32), "at": NOON}
    return records.StoredCheckpoint(**values | {"note": f"hub\n{size}\n"} | changes)


def sent(
    *,
    message_id: str | None = None,
    unit_id: str = "jt-sydost",
    delivery: dict[str, Any] | None = None,
    **changes: Any,
) -> tuple[records.Changes, records.StoredMessage, records.StoredDelivery]:
    """One message on its way to one unit, as the changes that store it."""
    stored = message(message_id, **changes)
    copy = globals()["delivery"](stored, unit_id=unit_id, **delivery or {})
    return records.Changes(messages=[stored], deliveries=[copy]), stored, copy


async def keep(store: port.Store, *many: records.Changes) -> None:
    """Writes all changes in one group and commits it."""
    group = store.begin()
    for changes in many:
        group.write(changes)
    await store.commit(group)
