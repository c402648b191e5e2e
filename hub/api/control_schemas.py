"""The bodies of the control room's operations, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

COMPONENTS: Mapping[str, Mapping[str, Any]] = {
    "RetentionDue": _object({"counts": _COUNTS, "held": _COUNT, "items": {"type": "array", "items": _DUE}}),
    "RetentionRun": _RUN,
    "RetentionRuns": _items(_RUN),
    "RetentionHold": _HOLD,
    "RetentionHolds": _items(_HOLD),
    "NewRetentionHold": {
        **_object({"subject": _UUID, "reference": {"type": "string", "maxLength": 40}}),
        "additionalProperties": False,
    },
    "KeyRotation": _object({"before": _TEXT, "after": _TEXT, "keys": _COUNT}),
}
