"""Proof of possession (RFC 9449): the caller shows with every call that it holds the key that its token is bound to.

The twelve checks of section 4.3, in its order; the last, whether the proof has been used before, is the store's. What
the call was is taken from the hub's configuration and the request line, never from a header of the caller.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from hub.identity import jws

TYPE: Final = "dpop+jwt"
WINDOW: Final = timedelta(seconds=60)
"""How old a proof may be. Clocks may be as far ahead as for assertions."""
_AHEAD: Final = timedelta(seconds=10)
_HEADER_NAMES: Final = frozenset({"alg", "typ", "jwk"})
_LONGEST_ID: Final = 255
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class Fault(StrEnum):
    """Why a proof is not taken, in words for the agency's developer."""

    NOT_ONE = "there must be exactly one DPoP header"
    MALFORMED = "the DPoP proof is no signed JWT in strict base64url of at most 8192 characters"
    TYPE = "typ of the DPoP proof must be dpop+jwt"
    ALGORITHM = "the DPoP proof must be signed with ES256, Ed25519 or EdDSA"
    HEADER = "the DPoP proof's header holds more than alg, typ and jwk"
    KEY = "jwk of the DPoP proof must be a public Ed25519 key or an EC key on P-256, without its private part"
    SIGNATURE = "the signature of the DPoP proof does not hold under its own jwk"
    CLAIMS = "the DPoP proof needs jti, htm, htu and iat, each of the right type"
    METHOD = "htm of the DPoP proof is not the method of this call"
    ADDRESS = "htu of the DPoP proof is not the public address of this call without query and fragment"
    TIME = "iat of the DPoP proof is more than 60 s old or lies ahead; compare the clocks"
    TOKEN = "ath of the DPoP proof is not the SHA-256 of the access token"  # noqa: S105 (not a secret)
    BINDING = "the access token is bound to another key than the DPoP proof's"
    REPLAYED = "this DPoP proof has been used before; make a new one for every call"


@dataclass(frozen=True, slots=True)
class NotProven(Exception):
    """The proof proves nothing."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Proof:
    """Possession of the key with this thumbprint. It counts only once: `jti` is remembered until `ends_at`."""

    thumbprint: str
    jti: str
    ends_at: datetime


def verify(headers: Sequence[str], *, method: str, url: str, at: datetime, token: str | None = None) -> Proof:
    """`url` is the address of the call as callers know it; `token` the access token that comes with it, if any.
    Raises `NotProven`."""
    if len(headers) != 1:
        raise NotProven(Fault.NOT_ONE)
    signed = _parse(headers[0])
    key = _check_header(signed)
    if not key.has_signed(signed):
        raise NotProven(Fault.SIGNATURE)
    jti, issued_at = _check_claims(signed.claims)
    if signed.claims["htm"] != method:
        raise NotProven(Fault.METHOD)
    if _address(signed.claims["htu"]) != _address(url):
        raise NotProven(Fault.ADDRESS)
    if not at - WINDOW <= issued_at <= at + _AHEAD:
        raise NotProven(Fault.TIME)
    if token is not None and not _is_hash_of(signed.claims.get("ath"), token):
        raise NotProven(Fault.TOKEN)
    return Proof(key.thumbprint, jti, issued_at + WINDOW + timedelta(seconds=1))


def _parse(header: str) -> jws.Signed:
    try:
        return jws.parse(header)
    except jws.Malformed:
        raise NotProven(Fault.MALFORMED) from None


def _check_header(signed: jws.Signed) -> jws.PublicKey:
    header = signed.header
    if header.get("typ") != TYPE:
        raise NotProven(Fault.TYPE)
    if header.get("alg") not in jws.NAMES:
        raise NotProven(Fault.ALGORITHM)
    if not header.keys() <= _HEADER_NAMES:
        raise NotProven(Fault.HEADER)
    jwk = header.get("jwk")
    try:
        return jws.public_key(jwk if isinstance(jwk, dict) else {})
    except jws.WrongKey:
        raise NotProven(Fault.KEY) from None


def _check_claims(claims: Mapping[str, Any]) -> tuple[str, datetime]:
    jti, issued_at = claims.get("jti"), jws.instant(claims.get("iat"))
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_ID or issued_at is None:
        raise NotProven(Fault.CLAIMS)
    if not isinstance(claims.get("htm"), str) or not isinstance(claims.get("htu"), str):
        raise NotProven(Fault.CLAIMS)
    return jti, issued_at


def _address(url: str) -> tuple[str, str, int | None, str] | None:
    """Scheme, host, port and path, as RFC 3986 6.2.2 and 6.2.3 make them comparable. None for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.query or parts.fragment or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme), parts.path or "/"


def _is_hash_of(given: object, token: str) -> bool:
    expected = jws.encode(hashlib.sha256(token.encode()).digest())
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
