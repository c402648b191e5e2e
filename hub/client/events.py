"""Making events that the hub accepts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from schemas import envelope
from schemas.envelope import Envelope


def new_event(
    type: str,
    unit: str,
    data: Mapping[str, Any],
    *,
    subject: str | None = None,
    in_reply_to: Envelope | str | None = None,
    expires: datetime | None = None,
    version: str | None = None,
    at: datetime | None = None,
) -> Envelope:
    """An event of a catalogue type (`referral.submitted`), from a unit, with a fresh id, sent now.

    Keep it until it is accepted: sending the same event again is safe, a new one with the same content is a
    second message. `in_reply_to` is the answered event, whose case and thread are taken over, or only its id.
    Without `version` the newest schema counts. Raises `schemas.envelope.NotAnEvent` with every fault.
    """
    name = type.removeprefix(envelope.TYPE_PREFIX)
    answered = in_reply_to if isinstance(in_reply_to, Envelope) else None
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": f"/units/{unit}",
        "type": envelope.TYPE_PREFIX + name,
        "dataschema": f"/schemas/{name}/{version}" if version else None,
        "time": at or datetime.now(UTC),
        "subject": subject or (answered.subject if answered else None),
        "correlationid": (answered.correlationid or answered.id) if answered else None,
        "causationid": answered.id if answered else in_reply_to,
        "expirytime": expires,
        "data": dict(data),
    }
    return envelope.parse_structured(attributes)
