"""An agency's own keys and what it makes with them, good or bad on purpose; nothing of the hub's code."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from hub import bootstrap, settings
from hub.identity.roles import OPERATOR
from tests.support.party import Answer, Party

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "urn:samverkan:hub"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def segment(document: Any) -> str:
    return b64(document if isinstance(document, bytes) else json.dumps(document).encode())


@dataclass(frozen=True, slots=True)
class Key:
    """A private key that can sign anything."""

    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(
        default_factory=ed25519.Ed25519PrivateKey.generate
    )

    @classmethod
    def on_p256(cls) -> Key:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def algorithm(self) -> str:
        return "Ed25519" if isinstance(self.private, ed25519.Ed25519PrivateKey) else "ES256"

    @property
    def jwk(self) -> dict[str, str]:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.private.public_key().public_bytes_raw())}
        numbers = self.private.public_key().public_numbers()
        x, y = (b64(number.to_bytes(32)) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        members = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(members.encode()).digest())

    def sign(self, content: bytes) -> bytes:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(content)
        r, s = utils.decode_dss_signature(self.private.sign(content, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def jws(self, header: Any, claims: Any) -> str:
        body = f"{segment(header)}.{segment(claims)}"
        return f"{body}.{b64(self.sign(body.encode()))}"


def without_gaps(given: dict[str, Any]) -> dict[str, Any]:
    """The entries but for those whose value is `...`."""
    return {name: value for name, value in given.items() if value is not ...}


def assertion(
    unit: str, key: Key, *, at: datetime | None = None, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A client assertion; `header` and `claims` change what would be right, `...` leaves out."""
    now = int((at or datetime.now(UTC)).timestamp())
    right = {"iss": unit, "sub": unit, "aud": ISSUER, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
    return key.jws(without_gaps({"alg": key.algorithm} | (header or {})), without_gaps(right | claims))


def proof(
    key: Key,
    method: str,
    url: str,
    token: str | None = None,
    *,
    at: datetime | None = None,
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """A DPoP proof, with the same freedom."""
    right: dict[str, Any] = {
        "jti": str(uuid.uuid4()),
        "htm": method,
        "htu": url,
        "iat": int((at or datetime.now(UTC)).timestamp()),
    }
    if token is not None:
        right["ath"] = b64(hashlib.sha256(token.encode()).digest())
    named = {"typ": "dpop+jwt", "alg": key.algorithm, "jwk": key.jwk} | (header or {})
    return key.jws(without_gaps(named), without_gaps(right | claims))


def form(signed: str, **more: str) -> dict[str, str]:
    """The body of a call to the token endpoint."""
    right = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": signed}
    return without_gaps(right | more)


async def ask_for_token(party: Party, body: dict[str, str], **headers: str) -> Answer:
    """POST /oauth/token, without any other credential."""
    async with party.session.post(party.hub.url + "/oauth/token", data=body, headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


def operator(party: Party) -> Party:
    """Whoever reads the data directory, as the one who keeps the keys of the units."""
    given = settings.load({"data_dir": party.hub.data_dir}, {}, None)
    clock = getattr(party.hub, "clock", None)
    at = clock.now() if clock is not None else datetime.now(UTC)
    token = bootstrap.build_issuer(given).issue_staff(OPERATOR.staff_id, timedelta(minutes=5), at)
    return Party(party.session, party.hub, "nobody", token)


async def register(party: Party, key: Key, **more: Any) -> Answer:
    """The key counts for the party's unit from now on."""
    body = {"jwk": key.jwk, **more}
    answer = await operator(party).call("POST", f"/v1/admin/parties/{party.unit}/keys", json=body)
    assert answer.status == 201, answer.body
    return answer
