"""Signed tokens read strictly (RFC 7515): one spelling of base64url, no equal names, two kinds of signature.

The algorithms are Ed25519 (RFC 8032; `Ed25519` of RFC 9864 and its older name `EdDSA`, which here stands for that one
curve) and ES256. A key never comes from the token itself but in the one place where it must, a DPoP proof.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from schemas import strict_json

LARGEST: Final = 8192
ALGORITHMS: Final[Mapping[str, frozenset[str]]] = {
    "Ed25519": frozenset({"Ed25519", "EdDSA"}),
    "P-256": frozenset({"ES256"}),
}
"""Curve -> what a token's header may call the signature."""
NAMES: Final = tuple(sorted(name for names in ALGORITHMS.values() for name in names))
_SEGMENTS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CURVES: Final = {"OKP": "Ed25519", "EC": "P-256"}
_COORDINATE_BYTES: Final = 32
_LATEST_SECOND: Final = 253_402_300_799  # the last second of the year 9999, where datetime ends

# The points of order 1, 2, 4 and 8 of edwards25519 (RFC 7748 4.1) by their y, also written beyond the prime.
_PRIME: Final = 2**255 - 19
_ORDER_8: Final = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
_SMALL_ORDER: Final = frozenset(
    number.to_bytes(32, "little")
    for y in (int.from_bytes(bytes.fromhex(_ORDER_8), "little"),)
    for number in (0, 1, _PRIME - 1, _PRIME, _PRIME + 1, y, _PRIME - y)
)

VerifyingKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


class Malformed(Exception):
    """The text is no signed token in the strict form. Holds nothing of it."""


class WrongKey(ValueError):
    """This is no public key that the hub takes. The text is one sentence that holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token that has been read and not yet verified: trust nothing in it but to find the key."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def parse(token: str) -> Signed:
    """Raises `Malformed`."""
    if len(token) > LARGEST or _SEGMENTS.fullmatch(token) is None:
        raise Malformed
    header, payload, signature = token.split(".")
    signed = f"{header}.{payload}".encode()
    return Signed(load_object(header), load_object(payload), signed, decode(signature))


def decode(segment: str) -> bytes:
    """RFC 7515 section 2: no padding, and only the one spelling that encoding would give. Raises `Malformed`."""
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:  # also for letters that are none of ASCII's
        raise Malformed from None
    if encode(raw) != segment:
        raise Malformed
    return raw


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def load_object(segment: str) -> Mapping[str, Any]:
    """The JSON object in one segment. Raises `Malformed`."""
    try:
        document = strict_json.loads(decode(segment))
    except strict_json.NotJson:
        raise Malformed from None
    if not isinstance(document, dict):
        raise Malformed
    return document


def instant(value: object) -> datetime | None:
    """The instant of a NumericDate (RFC 7519 2), whole or with a fraction; None for anything else."""
    if type(value) not in (int, float) or not isinstance(value, int | float):  # True is an int to isinstance
        return None
    return datetime.fromtimestamp(value, UTC) if 0 <= value <= _LATEST_SECOND else None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that the hub takes, in its JWK form (RFC 7517) with the members that count."""

    jwk: Mapping[str, str]
    key: VerifyingKey
    thumbprint: str

    @property
    def algorithms(self) -> frozenset[str]:
        return ALGORITHMS[self.jwk["crv"]]

    def has_signed(self, token: Signed) -> bool:
        """Whether the signature is this key's, by the algorithm that the header names."""
        named = token.header.get("alg")
        return isinstance(named, str) and named in self.algorithms and self.verify(token.signature, token.signed)

    def verify(self, signature: bytes, content: bytes) -> bool:
        try:
            if isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, content)
            elif len(signature) == 2 * _COORDINATE_BYTES:
                r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
                der = utils.encode_dss_signature(r, s)
                self.key.verify(der, content, ec.ECDSA(hashes.SHA256()))
            else:
                return False
        except InvalidSignature:
            return False
        return True


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """The key of a JWK. Raises `WrongKey`, above all for one that holds its private part."""
    if jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}:
        raise WrongKey("This is a private key; only its public part may leave the one who owns it.")
    curve = _CURVES.get(str(jwk.get("kty")))
    names = ("kty", "crv", "x") if curve == "Ed25519" else ("kty", "crv", "x", "y")
    if curve is None or jwk.get("crv") != curve or not all(isinstance(jwk.get(name), str) for name in names):
        raise WrongKey("A key is an Ed25519 key or an EC key on P-256.")
    members: dict[str, str] = {name: jwk[name] for name in names}
    _check_use(jwk, ALGORITHMS[curve])
    if curve == "Ed25519" and _is_weak(members["x"]):
        raise WrongKey("This key verifies signatures that nobody made.")
    try:
        for name in names[2:]:
            if len(decode(members[name])) != _COORDINATE_BYTES:
                raise WrongKey("A coordinate of the key has not 32 bytes.")
        kind = OKPKey if members["kty"] == "OKP" else ECKey
        imported = kind.import_key(dict(members))
        raw = imported.public_key
    except WrongKey:
        raise
    except (Malformed, JoseError, ValueError):
        raise WrongKey("The key's numbers are no point of its curve.") from None
    if not isinstance(raw, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise WrongKey("A key is an Ed25519 key or an EC key on P-256.")
    return PublicKey(members, raw, imported.thumbprint())


def _check_use(jwk: Mapping[str, Any], algorithms: frozenset[str]) -> None:
    """RFC 7517 4.2 to 4.4: a key that says what it is for is for nothing else."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise WrongKey("This key says of itself that it is not for signatures.")
    if "alg" in jwk and jwk["alg"] not in tuple(algorithms):
        raise WrongKey("This key says of itself that it is for another algorithm than those of its curve.")


def _is_weak(x: str) -> bool:
    """Whether the point is of small order, so that one signature fits many texts (RFC 8032 leaves it to the caller)."""
    try:
        raw = bytearray(decode(x))
    except Malformed:
        return False  # told as what it is
    if len(raw) == _COORDINATE_BYTES:
        raw[-1] &= 0x7F  # the sign of the other coordinate
    return bytes(raw) in _SMALL_ORDER
