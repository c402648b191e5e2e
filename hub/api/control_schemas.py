"""The bodies of the control room's operations, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.identity import reasons
from hub.transport.port import QueueKind
from routing.retention import Kind

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_UUID = {"type": "string", "format": "uuid"}
_INSTANT = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"type": "object", "additionalProperties": _COUNT, "description": "Antal per slag."}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _items(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"items": {"type": "array", "items": schema}})


_DUE = _object(
    {
        "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
        "what": _TEXT,
        "type": _MAYBE_TEXT,
        "due": _INSTANT,
        "held": {"type": "boolean"},
    }
)
_RUN = _object(
    {"run": _UUID, "began": _INSTANT, "ended": _INSTANT, "actor": _TEXT, "rulebook": _TEXT, "counts": _COUNTS}
)
_HOLD = _object({"subject": _MAYBE_TEXT, "reference": _TEXT, "by": _TEXT, "placed": _INSTANT})

_FLOW = _object({"sender": _TEXT, "unit": _MAYBE_TEXT, "code": _MAYBE_TEXT, "messages": _COUNT})
_FOUND = _object(
    {
        "at": _INSTANT,
        "message": _MAYBE_TEXT,
        "type": _MAYBE_TEXT,
        "sender": _TEXT,
        "unit": _MAYBE_TEXT,
        "case": _MAYBE_TEXT,
        "state": _TEXT,
        "verdict": _TEXT,
        "code": _MAYBE_TEXT,
    }
)
_RECIPIENT = _object(
    {
        "unit": _TEXT,
        "verdict": _TEXT,
        "code": _MAYBE_TEXT,
        "rule": _TEXT,
        "basis": {"type": ["object", "null"]},
        "categories": {"type": "array", "items": _TEXT},
        "withheld": {"type": "array", "items": _TEXT},
        "fields": {"type": "array", "items": _TEXT},
        "state": _MAYBE_TEXT,
    }
)
_STEP = _object(
    {
        "index": _COUNT,
        "at": _INSTANT,
        "action": _TEXT,
        "actor": _TEXT,
        "unit": _MAYBE_TEXT,
        "code": _MAYBE_TEXT,
    }
)
_TRACE = _object(
    {
        "message": _TEXT,
        "sender": _TEXT,
        "type": _MAYBE_TEXT,
        "case": _MAYBE_TEXT,
        "accepted": {"type": "boolean"},
        "code": _MAYBE_TEXT,
        "rulebook": _MAYBE_TEXT,
        "recipients": {"type": "array", "items": _RECIPIENT},
        "steps": {"type": "array", "items": _STEP},
    }
)
_OVERDUE = _object({"unit": _MAYBE_TEXT, "deadline": _TEXT, "cases": _COUNT})
_QUEUE = _object(
    {
        "kind": {"type": "string", "enum": [kind.value for kind in QueueKind]},
        "unit": _MAYBE_TEXT,
        "messages": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Null: kön saknas eller svarar inte.",
        },
    }
)
_TRANSPORT = _object(
    {
        "measured": _INSTANT,
        "queues": {
            "type": ["array", "null"],
            "items": _QUEUE,
            "description": "Transportens egna köer. Null: den kunde inte tillfrågas.",
        },
    }
)
_CONSENTS = _object({"recorded_by": _TEXT, "status": _TEXT, "consents": _COUNT})

COMPONENTS: Mapping[str, Mapping[str, Any]] = {
    "Flows": _object(
        {
            "first": {"type": "string", "format": "date"},
            "last": {"type": "string", "format": "date"},
            "items": {"type": "array", "items": _FLOW},
        }
    ),
    "MessagesFound": _items(_FOUND),
    "MessageTraces": _items(_TRACE),
    "Statistics": _object(
        {
            "copies": _COUNTS,
            "outbox_oldest_seconds": {"type": ["integer", "null"]},
            "dead_letters": _COUNT,
            "log_size": _COUNT,
            "checkpoint": _MAYBE_TEXT,
            "webhooks": _COUNTS,
            "transport": _TRANSPORT,
            "overdue": {"type": "array", "items": _OVERDUE},
            "consents": {"type": "array", "items": _CONSENTS},
        }
    ),
    "RetentionDue": _object({"counts": _COUNTS, "held": _COUNT, "items": {"type": "array", "items": _DUE}}),
    "RetentionRun": _RUN,
    "RetentionRuns": _items(_RUN),
    "RetentionHold": _HOLD,
    "RetentionHolds": _items(_HOLD),
    "NewRetentionHold": {
        **_object({"subject": _UUID, "reference": {"type": "string", "maxLength": 40}}),
        "additionalProperties": False,
    },
    "EntriesAbout": _object({"items": {"type": "array", "items": {"type": "object"}}, "total": _COUNT}),
    "PersonSearch": {
        "type": "object",
        "properties": {
            "number": {"type": "string", "pattern": "^[0-9]{8}-?[0-9]{4}$"},
            "reason": {"type": "string", "enum": list(reasons.REASONS)},
            "reference": {"type": "string", "maxLength": 40},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500},
        },
        "required": ["number", "reason"],
        "additionalProperties": False,
    },
    "KeyRotation": _object({"before": _TEXT, "after": _TEXT, "keys": _COUNT}),
}
