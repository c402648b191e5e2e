"""A unit's signature on each message that it sends (RFC 9421): the hub keeps it as evidence of who sent what.

Made anew for every attempt, since a nonce counts once. Covered are method, address, digest and media type; the body is
covered by its digest (RFC 9530).
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Callable
from typing import Final

from hub.client.credentials import PrivateKey

TAG: Final = "samverkan-message"
LIFE_SECONDS: Final = 120
_LABEL: Final = "sig1"


class MessageSigner:
    """Signs with a key that the unit has registered at the hub; `key_id` is its name or thumbprint there."""

    def __init__(self, key: PrivateKey, key_id: str | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._key_id = key_id or key.thumbprint
        self._clock = clock

    def headers(self, method: str, media_type: str, body: bytes, url: str) -> dict[str, str]:
        """What the call to `url` carries beside its Content-Type."""
        digest = f"sha-256=:{_encode(hashlib.sha256(body).digest())}:"
        covered = {"@method": method, "@target-uri": url, "content-digest": digest, "content-type": media_type}
        names = " ".join(f'"{name}"' for name in covered)
        parameters = f"({names}){self._parameters()}"
        lines = [f'"{name}": {value}' for name, value in covered.items()] + [f'"@signature-params": {parameters}']
        signature = self._key.sign_bytes("\n".join(lines).encode())
        return {
            "Content-Digest": digest,
            "Signature-Input": f"{_LABEL}={parameters}",
            "Signature": f"{_LABEL}=:{_encode(signature)}:",
        }

    def _parameters(self) -> str:
        now = int(self._clock())
        return f';created={now};expires={now + LIFE_SECONDS};nonce="{uuid.uuid4()}";keyid="{self._key_id}";tag="{TAG}"'


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
