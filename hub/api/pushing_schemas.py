"""The OpenAPI components of webhooks and dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.delivery.dead_letters import DropReason
from hub.store.dead_letters import DeathReason

_UUID: Final = {"type": "string", "format": "uuid"}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_MAYBE_CURSOR: Final = {"type": ["string", "null"], "description": "Ange som cursor för nästa sida."}


def _object(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _list_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


_DEAD_LETTER = _object(
    {
        "delivery": _UUID,
        "message": _UUID,
        "type": _TEXT,
        "sender": _TEXT,
        "unit": _TEXT,
        "sequence": {"type": "integer", "minimum": 1},
        "cause": {"type": "string", "enum": [reason.value for reason in DeathReason]},
        "attempts": {"type": "integer"},
        "died": _INSTANT,
        "recordedtime": _INSTANT,
    }
)
COMPONENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "NewWebhook": {
        **_object({"url": {"type": "string", "format": "uri", "maxLength": 1024}}),
        "additionalProperties": False,
    },
    "Webhook": _object(
        {
            "unit": _TEXT,
            "url": _TEXT,
            "state": {"type": "string", "enum": ["active", "ended"]},
            "ended_by": _MAYBE_TEXT,
            "changed": _INSTANT,
            "failures": {"type": "integer", "minimum": 0},
            "failing_since": _MAYBE_TEXT,
            "rests_until": _MAYBE_TEXT,
            "secret": {"type": "string", "description": "Visas bara när den är ny (Standard Webhooks, whsec_)."},
        },
        "secret",
    ),
    "DeadLetterPage": _object({"items": _list_of(_DEAD_LETTER), "next": _MAYBE_CURSOR}),
    "DeadLettersRetried": _object({"dry_run": {"type": "boolean"}, "items": _list_of(_DEAD_LETTER)}),
    "DeadLetterSelection": {
        **_object(
            {
                "unit": _TEXT,
                "type": _TEXT,
                "cause": {"type": "string", "enum": [reason.value for reason in DeathReason]},
                "most": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
                "dry_run": {"type": "boolean", "default": False},
            },
            "unit",
            "type",
            "cause",
            "most",
            "dry_run",
        ),
        "additionalProperties": False,
    },
    "DeadLetterDrop": {
        **_object({"reason": {"type": "string", "enum": [reason.value for reason in DropReason]}}),
        "additionalProperties": False,
    },
}
