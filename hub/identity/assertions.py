"""How an agency proves to the token endpoint that it is the one: `private_key_jwt` (RFC 7523, FAPI 2.0 5.3.2.1).

Pure: whether the `jti` has been used before is asked of the store afterwards, by whoever takes the assertion.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from hub.identity import jws
from hub.store.parties import KeyKind, PartyKey

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE: Final = timedelta(hours=1)
# FAPI 2.0: clocks that are 10 s ahead must be borne with, 60 s must not be exceeded.
AHEAD: Final = timedelta(seconds=10)
_LONGEST_ID: Final = 255
# Not a set: what stands there may be a list, which no set can be asked for.
_TYPES: Final = (None, "JWT", "jwt", "client-authentication+jwt")
_HEADER_NAMES: Final = frozenset({"alg", "typ", "kid"})


class Fault(StrEnum):
    """Why an assertion is not taken. The words are for the agency's developer (RFC 6749 5.2 wants them in ASCII)."""

    MALFORMED = "the client assertion is no signed JWT in strict base64url of at most 8192 characters"
    HEADER = "the client assertion's header holds more than alg, typ and kid, or another typ than JWT"
    ALGORITHM = "the client assertion must be signed with ES256, Ed25519 or EdDSA"
    CLAIMS = "the client assertion needs iss, sub, aud, jti and exp, each of the right type"
    SUBJECT = "iss and sub of the client assertion must both be the client id, which is the unit id"
    AUDIENCE = "aud of the client assertion must be the issuer of the metadata document, as one string"
    EXPIRED = "the client assertion has expired; compare the clocks"
    TOO_LONG = "the client assertion must expire within an hour"
    NOT_YET_VALID = "iat or nbf of the client assertion lies in the future; compare the clocks"
    KEY = "no such client, no such key, or the signature does not hold"
    REPLAYED = "this client assertion has been used before; make a new one for every call"


@dataclass(frozen=True, slots=True)
class NotTaken(Exception):
    """The assertion proves nothing."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Proven:
    """Who the caller is, by which key. It counts only once: `jti` must be remembered until `ends_at`."""

    unit_id: str
    key_id: str
    jti: str
    ends_at: datetime
    issued_at: datetime | None = None


def client_of(assertion: str) -> str:
    """Whose keys the assertion is to be verified with: what it says of itself. Raises `NotTaken`."""
    subject = _parse(assertion).claims.get("sub")
    if not isinstance(subject, str) or len(subject) > _LONGEST_ID:
        raise NotTaken(Fault.CLAIMS)
    return subject


def issued_at(assertion: str) -> datetime | None:
    """When it was made, by what it says of itself; None where it says nothing that can be read."""
    with contextlib.suppress(NotTaken):
        return jws.instant(_parse(assertion).claims.get("iat"))
    return None


def verify(assertion: str, keys: Collection[PartyKey], *, issuer: str, at: datetime) -> Proven:
    """The unit that has signed the assertion with one of its `keys` that count now. Raises `NotTaken`.

    The signature comes before everything that it covers: who cannot sign learns nothing but that."""
    signed = _parse(assertion)
    for fault in _header_faults(signed.header):
        raise NotTaken(fault)
    key = _find_signer(signed, keys, at)
    for fault in _claim_faults(signed.claims, key.unit_id, issuer, at):
        raise NotTaken(fault)
    ends_at = jws.instant(signed.claims["exp"])
    assert ends_at is not None
    return Proven(key.unit_id, key.key_id, signed.claims["jti"], ends_at + timedelta(seconds=1), issued_at(assertion))


def examine(assertion: str, keys: Collection[PartyKey], *, issuer: str, at: datetime) -> tuple[Fault, ...]:
    """Every fault that can be seen, for the one who made it; none where `verify` would take it.

    What does not hang on a key is about the caller's own text and is told whoever asks. Whether it was used before is
    not looked at."""
    try:
        signed = _parse(assertion)
    except NotTaken as broken:
        return (broken.fault,)
    found = [*_header_faults(signed.header)]
    if not found:
        try:
            _find_signer(signed, keys, at)
        except NotTaken as unknown:
            found.append(unknown.fault)
    return (*found, *dict.fromkeys(_claim_faults(signed.claims, signed.claims.get("sub"), issuer, at)))


def _parse(assertion: str) -> jws.Signed:
    try:
        return jws.parse(assertion)
    except jws.Malformed:
        raise NotTaken(Fault.MALFORMED) from None


def _find_signer(signed: jws.Signed, keys: Collection[PartyKey], at: datetime) -> PartyKey:
    name = signed.header.get("kid")
    for key in keys:
        named = name is None or name in (key.key_id, key.name)
        if named and key.counts_at(at) and _has_signed(key, signed):
            return key
    raise NotTaken(Fault.KEY)


def _has_signed(key: PartyKey, signed: jws.Signed) -> bool:
    return key.kind is KeyKind.JWK and key.jwk is not None and jws.public_key(key.jwk).has_signed(signed)


def _header_faults(header: Mapping[str, Any]) -> Iterator[Fault]:
    if not header.keys() <= _HEADER_NAMES or header.get("typ") not in _TYPES:
        yield Fault.HEADER
    if header.get("alg") not in jws.NAMES:
        yield Fault.ALGORITHM


def _claim_faults(claims: Mapping[str, Any], unit_id: object, issuer: str, at: datetime) -> Iterator[Fault]:
    jti, ends_at = claims.get("jti"), jws.instant(claims.get("exp"))
    begins = [jws.instant(claims.get(name, 0)) for name in ("iat", "nbf")]
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_ID or ends_at is None:
        yield Fault.CLAIMS
    if not isinstance(unit_id, str) or claims.get("iss") != unit_id or claims.get("sub") != unit_id:
        yield Fault.SUBJECT
    if claims.get("aud") != issuer:
        yield Fault.AUDIENCE
    if None in begins:
        yield Fault.CLAIMS
    if any(begins_at is not None and begins_at > at + AHEAD for begins_at in begins):
        yield Fault.NOT_YET_VALID
    if ends_at is not None and ends_at <= at:
        yield Fault.EXPIRED
    if ends_at is not None and ends_at > at + LONGEST_LIFE + AHEAD:
        yield Fault.TOO_LONG
