"""The OpenAPI components of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.attachments.content import MEDIA_TYPES
from hub.attachments.uploading import AttachmentFault
from hub.store.attachments import PART_BYTES, AttachmentState
from schemas import envelope as envelopes

_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_DIGEST: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256."}
_SIZE: Final = {"type": "integer", "minimum": 1, "description": "Byte."}
_MEDIA_TYPE: Final = {"type": "string", "enum": list(MEDIA_TYPES)}
_SHOWN: Final = [state.value for state in AttachmentState if state is not AttachmentState.GONE]

_ONE: Final = "[0-9a-f-]{36}=[A-Z]{2}([+][A-Z]{2})*"
ATTRIBUTE: Final = {
    "type": "string",
    "pattern": f"^{_ONE}( {_ONE}){{0,{envelopes.MOST_ATTACHED - 1}}}$",
    "description": "Bilagor som id=KATEGORI+KATEGORI, med mellanslag emellan; en mottagare ser sina.",
}
"""The attribute of an event that names files."""

COMPONENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "NewAttachment": {
        "type": "object",
        "properties": {"media_type": _MEDIA_TYPE, "size": _SIZE, "sha256": _DIGEST},
        "required": ["media_type", "size", "sha256"],
        "additionalProperties": False,
    },
    "AttachmentPart": {"type": "string", "format": "binary", "maxLength": PART_BYTES},
    "Attachment": {
        "type": "object",
        "properties": {
            "attachment": {"type": "string", "format": "uuid"},
            "media_type": _MEDIA_TYPE,
            "size": _SIZE,
            "sha256": _DIGEST,
            "state": {"type": "string", "enum": _SHOWN},
            "code": {"enum": [None, *AttachmentFault], "description": "Varför filen inte togs emot."},
            "part_size": {"const": PART_BYTES},
            "missing": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "message": {**_MAYBE_TEXT, "description": "Meddelandet som filen följde med."},
            "ends": {**_MAYBE_TEXT, "description": "När den tas bort om inget meddelande tar den med sig."},
        },
        "required": [
            "attachment",
            "media_type",
            "size",
            "sha256",
            "state",
            "code",
            "part_size",
            "missing",
            "message",
            "ends",
        ],
    },
}
