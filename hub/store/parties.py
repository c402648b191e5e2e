"""What the store keeps about agencies' credentials, as plain frozen data. Only public parts: no secret of anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyKind(StrEnum):
    """What a unit proves itself with. Wire values of the table."""

    JWK = "jwk"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class PartyKey:
    """One public key or certificate of a unit; it counts from `begins_at` to before `ends_at` (None: on and on).

    `key_id` is the thumbprint: of the key by RFC 7638, of the certificate by RFC 8705 3.1. `name` is what the unit
    calls the key in the header `kid`, when another. `jwk` is None for a certificate."""

    unit_id: str
    key_id: str
    kind: KeyKind
    name: str | None
    jwk: Mapping[str, str] | None
    begins_at: datetime
    ends_at: datetime | None = None

    def counts_at(self, at: datetime) -> bool:
        return self.begins_at <= at and (self.ends_at is None or at < self.ends_at)


def once(purpose: str, owner: str, id: str) -> str:
    """The name under which an id that may be used only once is remembered: a digest, since the id is the caller's."""
    return hashlib.sha256(f"{purpose}\0{owner}\0{id}".encode()).hexdigest()
