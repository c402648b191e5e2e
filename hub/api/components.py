"""What goes over the wire, as JSON Schema: the components that the OpenAPI document refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.api import attachments_schemas, connecting_schemas, control_schemas, pushing_schemas
from hub.identity import reasons
from hub.store.records import DeliveryState

_UUID = {"type": "string", "format": "uuid"}
_INSTANT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_TEXTS = {"type": "array", "items": _TEXT}
_MAYBE_CURSOR = {"type": ["string", "null"], "description": "Ange som cursor för nästa sida."}
_STATES = {"type": "string", "enum": [state.value for state in DeliveryState]}


def _object(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _list_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


_BASIS = {
    "oneOf": [
        {"type": "null"},
        _object({"code": _TEXT, "consent": _MAYBE_TEXT, "version": {"type": ["integer", "null"]}}),
    ]
}
_RECIPIENT = {
    "unit": _TEXT,
    "verdict": {"type": "string", "enum": ["deliver", "redact", "refuse", "manual"]},
    "code": _MAYBE_TEXT,
    "rule": _TEXT,
    "basis": _BASIS,
    "withheld": {**_TEXTS, "description": "Pekare till det som mottagaren inte får; bara avsändaren ser det."},
    "delivery": _MAYBE_TEXT,
}
_LOG = {
    "oneOf": [
        {"type": "null", "description": "Vid prövning utan att skicka."},
        _object({"index": {"type": "integer"}, "leaf": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}),
    ]
}
_CLAIM = _object(
    {
        "delivery": _UUID,
        "message": _UUID,
        "type": _TEXT,
        "source": _TEXT,
        "subject": _MAYBE_TEXT,
        "sequence": {"type": "integer", "minimum": 1, "description": "Per ärende och mottagare, utan luckor."},
        "recordedtime": _INSTANT,
        "dataref": _TEXT,
        "state": _STATES,
    }
)
_SENT = {
    "id": _UUID,
    "source": _TEXT,
    "type": _TEXT,
    "dataschema": _TEXT,
    "case": _MAYBE_TEXT,
    "correlationid": _MAYBE_TEXT,
    "causationid": _MAYBE_TEXT,
    "recordedtime": _INSTANT,
    "log": _LOG,
}
_PROPOSED = {
    "type": ["object", "null"],
    "properties": {"digest": _TEXT, "proposed_by": _MAYBE_TEXT, "at": _TEXT},
}
_STAFF = {
    "staff": _UUID,
    "iss": {"type": "string", "description": "Vem som intygar (OpenID Connect), ordagrant."},
    "sub": {"type": "string", "description": "Vad intygaren kallar personen."},
    "name": {"type": "string", "description": "Vad kollegorna kallar personen.", "minLength": 1, "maxLength": 100},
    "roles": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "string",
            "pattern": "^(administrator|auditor|data_officer|handlaggare:[a-z0-9-]+|team_coordinator:[a-z0-9-]+)$",
        },
    },
    "changed": _INSTANT,
    "ended": _MAYBE_TEXT,
}
COMPONENTS: Mapping[str, Mapping[str, Any]] = {
    **control_schemas.COMPONENTS,
    **connecting_schemas.COMPONENTS,
    "Event": {
        "type": "object",
        "description": "Ett CloudEvent 1.0. `data` följer typens schema under /schemas.",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _UUID,
            "source": {"type": "string", "pattern": "^/units/[a-z0-9][a-z0-9-]{1,63}$"},
            "type": {"type": "string", "pattern": "^se[.]samverkan[.]"},
            "dataschema": {"type": "string", "description": "Saknas det gäller den nyaste versionen."},
            "datacontenttype": {"const": "application/json"},
            "time": _INSTANT,
            "subject": {**_UUID, "description": "Ärende-id, givet av navet."},
            "correlationid": _UUID,
            "causationid": _UUID,
            "expirytime": _INSTANT,
            "traceparent": _TEXT,
            "attachments": attachments_schemas.ATTRIBUTE,
            "recordedtime": {**_INSTANT, "description": "Sätts av navet vid leverans."},
            "sequence": {"type": "string", "description": "Sätts av navet vid leverans."},
            "dataref": {"type": "string", "description": "Sätts av navet vid leverans."},
            "deliveryid": {**_UUID, "description": "Sätts av navet vid leverans."},
            "data": {"type": "object"},
        },
    },
    "Receipt": _object(
        {
            "id": _UUID,
            "source": _TEXT,
            "case": _MAYBE_TEXT,
            "status": {"const": "accepted"},
            "recordedtime": _INSTANT,
            "rulebook": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            "recipients": _list_of(_object({**_RECIPIENT, "about": _MAYBE_TEXT}, "about")),
            "warnings": _list_of(_object({"code": _TEXT, "pointer": _TEXT})),
            "log": _LOG,
        }
    ),
    "ReceiptOrBatch": {
        "oneOf": [
            {"$ref": "#/components/schemas/Receipt"},
            _list_of(
                _object(
                    {
                        "status": {"type": "integer"},
                        "body": {
                            "oneOf": [
                                {"$ref": "#/components/schemas/Receipt"},
                                {"$ref": "#/components/schemas/Problem"},
                            ]
                        },
                    }
                )
            ),
        ]
    },
    "SentPage": _object({"items": _list_of(_object(_SENT)), "next": _MAYBE_CURSOR}),
    "SentMessage": _object(
        {
            **_SENT,
            "rulebook": _TEXT,
            "recipients": _list_of(
                _object(
                    {
                        **_RECIPIENT,
                        "state": _STATES,
                        "acknowledged": _MAYBE_TEXT,
                        "handled": _MAYBE_TEXT,
                        "outcome": _MAYBE_TEXT,
                        "note": _MAYBE_TEXT,
                    }
                )
            ),
        }
    ),
    "InboxPage": _object({"items": _list_of(_CLAIM), "next": _MAYBE_CURSOR}),
    "Outcome": {
        **_object(
            {
                "outcome": {"type": "string", "enum": ["handled", "needs_info", "declined"]},
                "note": {"type": "string", "minLength": 1, "maxLength": 500},
            },
            "note",
        ),
        "additionalProperties": False,
    },
    "AuditPage": _object({"items": _list_of({"type": "object"}), "next": _MAYBE_CURSOR}),
    "RegisterExtract": _object(
        {
            "extract": _UUID,
            "files": {"type": "object", "additionalProperties": {"type": "string", "contentEncoding": "base64"}},
            "signature": _TEXT,
            "key": {"type": "object"},
        }
    ),
    "RegisterExtractRequest": {
        **_object(
            {
                "number": {"type": "string", "pattern": "^[0-9]{8}-?[0-9]{4}$"},
                "reason": {"type": "string", "enum": list(reasons.REASONS)},
                "reference": _TEXT,
                "name": _TEXT,
                "masked": {"type": "boolean"},
            },
            "reference",
            "name",
            "masked",
        ),
        "additionalProperties": False,
    },
    "Case": _object(
        {
            "id": _UUID,
            "state": _MAYBE_TEXT,
            "finsam_state": _MAYBE_TEXT,
            "responsible": _object({"stadsdel": _MAYBE_TEXT, "jobbtorg": _MAYBE_TEXT, "team": _MAYBE_TEXT}),
            "opened": _INSTANT,
            "closed": _MAYBE_TEXT,
            "plans": {"type": "object"},
            "deadlines": _list_of(
                _object(
                    {
                        "deadline": _TEXT,
                        "title": _TEXT,
                        "due": _INSTANT,
                        "about": {**_MAYBE_TEXT, "description": "Planen eller insatsen som det gäller."},
                        "overdue": {"type": "boolean"},
                    }
                )
            ),
            "sent": _list_of(_object({"id": _UUID, "type": _TEXT, "recordedtime": _INSTANT})),
            "received": _list_of(_CLAIM),
        }
    ),
    "Consent": _object(
        {
            "id": _UUID,
            "version": {"type": "integer", "minimum": 1},
            "status": _TEXT,
            "purpose": _TEXT,
            "valid_from": {"type": "string", "format": "date"},
            "valid_to": {"type": "string", "format": "date"},
            "recorded_by": _TEXT,
            "edges": _list_of({"type": "object"}),
            "excluded": _list_of({"type": "object"}),
        }
    ),
    "Reloaded": _object(
        {
            "rulebook": _object({"before": _TEXT, "now": _TEXT}),
            "directory": _object({"in_force": _TEXT, "on_disk": _TEXT, "proposed": _PROPOSED}),
        }
    ),
    "Governed": _object(
        {
            "in_force": _TEXT,
            **dict.fromkeys(("since", "proposed_by", "approved_by"), _MAYBE_TEXT),
            "proposed": _PROPOSED,
            "differences": _list_of(_TEXT),
        }
    ),
    "Approved": _object({"in_force": _TEXT}),
    "Approval": {**_object({"digest": _TEXT}), "additionalProperties": False},
    "StaffList": _object({"items": _list_of(_object(_STAFF))}),
    "StaffMember": _object(_STAFF),
    "SessionsEnded": _object({"ended": {"type": "integer", "minimum": 0}}),
    "NewStaffMember": {
        **_object({name: _STAFF[name] for name in ("iss", "sub", "name", "roles")}),
        "additionalProperties": False,
    },
    **attachments_schemas.COMPONENTS,
    **pushing_schemas.COMPONENTS,
    "Units": _object({"on": _TEXT, "items": _list_of({"type": "object"})}),
    "Catalogue": _object({"rulebook": _TEXT, "items": _list_of({"type": "object"})}),
    "Status": _object({"status": {"type": "string", "enum": ["ok", "unavailable"]}}),
    "Problem": _object(
        {
            "type": _TEXT,
            "title": {"type": "string", "description": "På svenska, för handläggaren."},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Varför; se docs/reference/refusal-codes.md."},
            "detail": _TEXT,
            "request_id": _TEXT,
            "errors": _list_of(_object({"pointer": _TEXT, "keyword": _TEXT, "detail": _TEXT})),
            "recipients": _list_of({"type": "object"}),
        },
        "request_id",
        "errors",
        "recipients",
    ),
}
