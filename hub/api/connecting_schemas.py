"""What goes over the wire when an agency connects, as JSON Schema for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.identity import assertions
from hub.identity.scopes import Scope

_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}
_JWK: Final = {
    "type": "object",
    "description": "Publik nyckel (RFC 7517): Ed25519, eller EC på P-256.",
    "properties": {"kty": {"type": "string", "enum": ["OKP", "EC"]}, "crv": _TEXT, "x": _TEXT, "y": _TEXT},
    "required": ["kty", "crv", "x"],
}
_KEY: Final = {
    "unit": _TEXT,
    "key": {**_TEXT, "description": "Tumavtryck: RFC 7638, för certifikat RFC 8705 3.1."},
    "kind": {"type": "string", "enum": ["jwk", "certificate"]},
    "name": {**_MAYBE_TEXT, "description": "kid, om enheten kallar nyckeln något annat."},
    "jwk": {"oneOf": [{"type": "null"}, _JWK]},
    "begins": _INSTANT,
    "ends": _MAYBE_INSTANT,
    "counts": {"type": "boolean", "description": "Om den gäller just nu."},
}


def _object(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
    }


COMPONENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "TokenRequest": _object(
        {
            "grant_type": {"const": "client_credentials"},
            "client_assertion_type": {"const": assertions.TYPE},
            "client_assertion": {
                **_TEXT,
                "description": "JWT: iss och sub är enheten, aud navets issuer, jti, exp.",
            },
            "client_id": {**_TEXT, "description": "Enhetens id, om det anges."},
            "scope": {**_TEXT, "description": "Med mellanslag: " + ", ".join(Scope) + ". Saknas det gäller alla."},
        },
        "client_id",
        "scope",
    ),
    "TokenAnswer": _object(
        {
            "access_token": _TEXT,
            "token_type": {"type": "string", "enum": ["Bearer", "DPoP"]},
            "expires_in": {"type": "integer", "minimum": 1, "maximum": 900},
            "scope": _TEXT,
        }
    ),
    "TokenError": _object({"error": _TEXT, "error_description": _TEXT}),
    "Evidence": _object(
        {
            "method": _TEXT,
            "target_uri": _TEXT,
            "headers": {"type": "object", "additionalProperties": _TEXT},
            "label": _TEXT,
            "key": _JWK,
            "body": {**_TEXT, "description": "Innehållet som det kom, i base64."},
        }
    ),
    "SelfTest": _object(
        {
            "time": _INSTANT,
            "unit": _MAYBE_TEXT,
            "ok": {"type": "boolean"},
            "checks": {
                "type": "array",
                "items": _object(
                    {"check": _TEXT, "ok": {"type": ["boolean", "null"]}, "said": _TEXT, "todo": _TEXT},
                ),
            },
        }
    ),
    "PartyKey": _object(_KEY),
    "PartyKeys": _object({"items": {"type": "array", "items": _object(_KEY)}}),
    "NewPartyKey": {
        **_object(
            {
                "jwk": _JWK,
                "certificate": {**_TEXT, "description": "PEM. Antingen detta eller jwk."},
                "name": _MAYBE_TEXT,
                "begins": _MAYBE_INSTANT,
                "ends": _MAYBE_INSTANT,
                "overlap_seconds": {"type": ["integer", "null"], "minimum": 0, "maximum": 7_776_000},
            },
            "jwk",
            "certificate",
            "name",
            "begins",
            "ends",
            "overlap_seconds",
        ),
        "additionalProperties": False,
    },
}
