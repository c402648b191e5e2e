"""Bearer tokens of the hub's own making: JWTs (RFC 7519) signed with Ed25519, in the profile of RFC 9068.

Verification follows RFC 8725: one algorithm, an explicit type, issuer and audience, no key that the token
itself brings along. The algorithm is called `Ed25519` (RFC 9864); the older name `EdDSA` stands for two
curves and is refused. A token cannot be called back, which is why it lives an hour at most.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from hub import key_file
from hub.identity import jws
from hub.identity.port import Binding, BindingKind, Caller, NotAuthenticated, Reason, StaffCaller
from hub.identity.scopes import ALL, Scope

ALGORITHM: Final = "Ed25519"
TYPE: Final = "at+jwt"
LONGEST_TTL: Final = timedelta(hours=1)
SKEW_SECONDS: Final = 60
LARGEST_TOKEN: Final = 8192
SCHEMES: Final = frozenset({"bearer", "dpop"})
_TOKENS_KEPT: Final = 4096
_HEADER_NAMES: Final = frozenset({"alg", "typ", "kid"})
_UNIT_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# No unit id has a colon, so a person's token can never be taken for a unit's.
STAFF_PREFIX: Final = "staff:"
_STAFF_ID: Final = re.compile(r"operator|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LATEST_SECOND: Final = 253_402_300_799  # the last second of the year 9999, where datetime ends


class SigningKey:
    """The key that signs and verifies the hub's tokens, kept in its own file."""

    def __init__(self, secret: bytes, purpose: str = "token-signing") -> None:
        self.private: Final = Ed25519PrivateKey.from_private_bytes(key_file.derive(secret, purpose))
        self.key: Final = OKPKey.import_key(self.private)
        self.key_id: Final = self.key.thumbprint()

    @classmethod
    def open(cls, path: Path, *, create: bool, purpose: str = "token-signing") -> SigningKey:
        """Reads the key file, or makes it when `create` and there is none; what signs tokens signs nothing else, so
        each purpose has a key of its own. Raises `key_file.KeyLocked`."""
        return cls(key_file.load_or_create(path, create=create), purpose)

    def public_jwk(self) -> dict[str, Any]:
        """For who wants to verify a token: the key as RFC 7517 and RFC 8037 write it."""
        return {**self.key.as_dict(private=False), "kid": self.key_id, "alg": ALGORITHM, "use": "sig"}


class TokenIssuer:
    """Makes tokens for units."""

    def __init__(
        self,
        key: SigningKey,
        *,
        issuer: str,
        audience: str,
        ttl_max: timedelta = LONGEST_TTL,
        receipt_key: SigningKey | None = None,
    ) -> None:
        self._key = key
        self.receipt_key: Final = receipt_key or key
        self.keys: Final = (key,) if receipt_key is None else (key, receipt_key)
        self._issuer = issuer
        self._audience = audience
        self._ttl_max = min(ttl_max, LONGEST_TTL)

    def issue(
        self,
        unit_id: str,
        ttl: timedelta,
        at: datetime,
        *,
        scopes: frozenset[Scope] = ALL,
        binding: Binding | None = None,
    ) -> str:
        """A token for the unit from `at` on, for anybody or for the one whom `binding` names.

        Raises `ValueError` when `ttl` is not between a second and the maximum, or the unit id has a form that no unit
        has."""
        if not _is_unit_id(unit_id):
            raise ValueError("a unit id is made of small letters, digits and single hyphens")
        more: dict[str, Any] = {"client_id": unit_id, "scope": " ".join(sorted(scopes))}
        if binding is not None:
            more["cnf"] = {binding.kind.value: binding.thumbprint}
        return self._issue(unit_id, ttl, at, more)

    def issue_staff(self, staff_id: str, ttl: timedelta, at: datetime) -> str:
        """A token for a member of the staff, or for `operator`. Raises `ValueError` as `issue` does."""
        if _STAFF_ID.fullmatch(staff_id) is None:
            raise ValueError("a staff id is a UUID")
        return self._issue(STAFF_PREFIX + staff_id, ttl, at, {})

    def _issue(self, subject: str, ttl: timedelta, at: datetime, more: Mapping[str, Any]) -> str:
        if not timedelta(seconds=1) <= ttl <= self._ttl_max:
            raise ValueError(f"a token lives from 1 to {self._ttl_max.total_seconds():.0f} seconds")
        issued = int(at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ttl.total_seconds()),
            "jti": secrets.token_urlsafe(16),
            **more,
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._key.key_id}
        return jwt.encode(header, claims, self._key.key, algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller | StaffCaller
    begins: int
    ends: int


class TokenAuthenticator:
    """Verifies the hub's own tokens; a token seen before costs no signature, but its times count on every
    call.

    For one thread, the event loop's. `skew` between the clocks of hub and issuer is 60 seconds.
    """

    def __init__(self, key: SigningKey, *, issuer: str, audience: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._known: OrderedDict[str, _Verified] = OrderedDict()

    def authenticate(self, authorization_header: str | None, at: datetime) -> Caller:
        """The unit that the header's bearer token (RFC 6750) names. Raises `NotAuthenticated`."""
        scheme, token = split_header(authorization_header)
        caller = self._authenticate(token, at)
        if not isinstance(caller, Caller):
            raise NotAuthenticated(Reason.NOT_A_UNIT)
        # A token that is bound to a key is no bearer token, and a bearer token no proof of anything.
        is_bound = caller.binding is not None and caller.binding.kind is BindingKind.KEY
        if is_bound != (scheme == "dpop"):
            raise NotAuthenticated(Reason.BINDING)
        return caller

    def authenticate_staff(self, authorization_header: str | None, at: datetime) -> StaffCaller:
        """The person whom the header's bearer token names. Raises `NotAuthenticated`."""
        scheme, token = split_header(authorization_header)
        caller = self._authenticate(token, at)
        if not isinstance(caller, StaffCaller) or scheme != "bearer":
            raise NotAuthenticated(Reason.NOT_STAFF)
        return caller

    def _authenticate(self, token: str, at: datetime) -> Caller | StaffCaller:
        verified = self._known.get(token)
        if verified is None:
            verified = self._verify(token)
            _check_times(verified, at)
            self._remember(token, verified)
        else:
            _check_times(verified, at)
        return verified.caller

    def _verify(self, token: str) -> _Verified:
        parsed = _parse(token)
        _check_header(parsed.header, self._key.key_id)
        try:
            jwt.decode(token, self._key.key, algorithms=[ALGORITHM])
        except JoseError:
            raise NotAuthenticated(Reason.SIGNATURE) from None
        # joserfc keeps the last of duplicate names; the strict reader refuses them.
        return self._check_claims(parsed.claims)

    def _check_claims(self, claims: Mapping[str, Any]) -> _Verified:
        if claims.get("iss") != self._issuer:
            raise NotAuthenticated(Reason.ISSUER)
        if claims.get("aud") != self._audience:
            raise NotAuthenticated(Reason.AUDIENCE)
        issued, begins, ends = (_instant(claims, name) for name in ("iat", "nbf", "exp"))
        if not issued < ends <= issued + LONGEST_TTL.total_seconds():
            raise NotAuthenticated(Reason.LIFETIME)
        subject, token_id = claims.get("sub"), claims.get("jti")
        if not isinstance(token_id, str) or _TOKEN_ID.fullmatch(token_id) is None:
            raise NotAuthenticated(Reason.CLAIMS)
        caller = _caller(subject, token_id, datetime.fromtimestamp(ends, UTC), claims)
        return _Verified(caller, max(issued, begins), ends)

    def _remember(self, token: str, verified: _Verified) -> None:
        self._known[token] = verified
        if len(self._known) > _TOKENS_KEPT:
            self._known.popitem(last=False)


def split_header(authorization_header: str | None) -> tuple[str, str]:
    """Scheme in small letters, and token. Raises `NotAuthenticated`."""
    if not authorization_header:
        raise NotAuthenticated(Reason.MISSING)
    scheme, _, token = authorization_header.partition(" ")
    if scheme.lower() not in SCHEMES or not token:
        raise NotAuthenticated(Reason.NOT_BEARER)
    if len(token) > LARGEST_TOKEN:
        raise NotAuthenticated(Reason.TOO_LARGE)
    return scheme.lower(), token


def _parse(token: str) -> jws.Signed:
    try:
        return jws.parse(token)
    except jws.Malformed:
        raise NotAuthenticated(Reason.MALFORMED) from None


def _check_header(header: Mapping[str, Any], key_id: str) -> None:
    if header.get("alg") != ALGORITHM:
        raise NotAuthenticated(Reason.ALGORITHM)
    if not header.keys() <= _HEADER_NAMES:  # jku, x5u, jwk, x5c, crit, b64 and whatever comes next
        raise NotAuthenticated(Reason.HEADER)
    if header.get("typ") != TYPE:
        raise NotAuthenticated(Reason.TYPE)
    if header.get("kid") != key_id:
        raise NotAuthenticated(Reason.KEY)


def _caller(subject: object, token_id: str, ends: datetime, claims: Mapping[str, Any]) -> Caller | StaffCaller:
    if isinstance(subject, str):
        if _is_unit_id(subject):
            return Caller(subject, token_id, ends, _scopes(claims.get("scope", "")), _binding(claims.get("cnf")))
        staff_id = subject.removeprefix(STAFF_PREFIX)
        if staff_id != subject and _STAFF_ID.fullmatch(staff_id):
            return StaffCaller(staff_id, token_id, ends)
    raise NotAuthenticated(Reason.CLAIMS)


def _scopes(text: object) -> frozenset[str]:
    """A token that names no scope opens nothing."""
    if not isinstance(text, str):
        raise NotAuthenticated(Reason.CLAIMS)
    return frozenset(text.split())


def _binding(confirmation: object) -> Binding | None:
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or len(confirmation) != 1:
        raise NotAuthenticated(Reason.CLAIMS)
    ((kind, thumbprint),) = confirmation.items()
    if kind not in set(BindingKind) or not isinstance(thumbprint, str):
        raise NotAuthenticated(Reason.CLAIMS)
    return Binding(BindingKind(kind), thumbprint)


def _instant(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= _LATEST_SECOND:  # True is an int to isinstance
        raise NotAuthenticated(Reason.CLAIMS)
    return value


def _check_times(verified: _Verified, at: datetime) -> None:
    now = at.timestamp()
    if now >= verified.ends + SKEW_SECONDS:
        raise NotAuthenticated(Reason.EXPIRED)
    if now < verified.begins - SKEW_SECONDS:
        raise NotAuthenticated(Reason.NOT_YET_VALID)


def _is_unit_id(text: str) -> bool:
    return len(text) <= 64 and _UNIT_ID.fullmatch(text) is not None
