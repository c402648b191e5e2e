"""Claim checks as CloudEvents without data: a batch of the JSON format (CloudEvents 1.0, JSON format 4).

The event is the sender's own, with `dataref` (documented extension) in place of its data, so nothing about the person
travels. Between hubs the same batch says also whose inbox it is and where in it, for those who listen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from hub.store.records import ClaimCheck, DeliveryState
from schemas.envelope import TYPE_PREFIX

MEDIA_TYPE: Final = "application/cloudevents-batch+json"


def event_of(claim: ClaimCheck) -> dict[str, Any]:
    """What a unit gets."""
    event = {
        "specversion": "1.0",
        "id": claim.message_id,
        "source": claim.source,
        "type": f"{TYPE_PREFIX}{claim.type}",
        "subject": claim.case_id,
        "sequence": str(claim.sequence),
        "recordedtime": claim.recorded_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "deliveryid": claim.delivery_id,
        "dataref": f"/v1/inbox/{claim.delivery_id}",
    }
    return {name: value for name, value in event.items() if value is not None}


def dump(claims: Iterable[ClaimCheck]) -> bytes:
    """The body for one unit's queue."""
    return orjson.dumps([event_of(claim) for claim in claims])


def load_deliveries(body: bytes) -> list[str]:
    """The delivery ids in what a unit got. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    return [str(event["deliveryid"]) for event in orjson.loads(body)]


def dump_bells(claims: Iterable[ClaimCheck]) -> bytes:
    """The body for the hubs' own queues."""
    return orjson.dumps(
        [
            event_of(claim) | {"unit": claim.unit_id, "position": claim.position, "state": claim.state.value}
            for claim in claims
        ]
    )


def load_bells(body: bytes) -> Sequence[ClaimCheck]:
    """Raises `ValueError` or `KeyError` for what no hub of this version has written."""
    return [
        ClaimCheck(
            delivery_id=event["deliveryid"],
            unit_id=event["unit"],
            message_id=event["id"],
            type=event["type"].removeprefix(TYPE_PREFIX),
            source=event["source"],
            case_id=event.get("subject"),
            sequence=int(event["sequence"]),
            recorded_at=datetime.fromisoformat(event["recordedtime"]),
            state=DeliveryState(event["state"]),
            position=event["position"],
        )
        for event in orjson.loads(body)
    ]
