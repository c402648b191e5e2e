"""A unit's own way to its tokens: `private_key_jwt` (RFC 7523), with proof of possession (RFC 9449) if wanted.

A token is kept until shortly before its end and then replaced by a new one, by one task for all that wait. The private
key stays in this process; what leaves is signed with it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from hub.client.errors import AnswerNotUnderstood, HubUnavailable, TokenRefused
from schemas import strict_json

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 60
# How long before its end a token is no longer used: longer than a call takes.
MARGIN_SECONDS: Final = 30
_METADATA: Final = "/.well-known/oauth-authorization-server"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


class KeyNotUsable(ValueError):
    """The file holds no private Ed25519 key and none on P-256. The text names the file only."""


class PrivateKey:
    """A unit's private key: Ed25519, or EC on P-256, in PEM."""

    def __init__(self, key: OKPKey | ECKey) -> None:
        self._key = key
        self.algorithm: Final = "Ed25519" if isinstance(key, OKPKey) else "ES256"
        self.public: Final[dict[str, Any]] = key.as_dict(private=False)
        self.thumbprint: Final[str] = key.thumbprint()

    @classmethod
    def load(cls, path: Path) -> PrivateKey:
        """Raises `KeyNotUsable`, and `OSError` when the file cannot be read."""
        return cls.read(path.read_text(encoding="ascii", errors="replace"), str(path))

    @classmethod
    def read(cls, pem: str, name: str = "the key") -> PrivateKey:
        for kind, curve in ((OKPKey, "Ed25519"), (ECKey, "P-256")):
            try:
                key = kind.import_key(pem)
                private = key.as_dict(private=True)
            except (JoseError, ValueError, TypeError):
                continue
            if "d" in private and private["crv"] == curve:
                return cls(key)
        raise KeyNotUsable(f"{name} holds no private Ed25519 key and none on P-256 (PEM, without a password)")

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key, for proofs of possession."""
        return cls(ECKey.generate_key("P-256"))

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        return jwt.encode({"alg": self.algorithm, **header}, dict(claims), self._key, algorithms=[self.algorithm])

    def sign_bytes(self, content: bytes) -> bytes:
        """As RFC 9421 3.3 and RFC 7518 3.4 write a signature: 64 bytes, either way."""
        private = self._key.private_key
        if isinstance(private, Ed25519PrivateKey):
            return private.sign(content)
        assert isinstance(private, EllipticCurvePrivateKey)
        r, s = decode_dss_signature(private.sign(content, ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


class ClientCredentials:
    """Gives `HubClient` its tokens. `kid` is the key's name at the hub, if it has one there.

    `issuer` and the token endpoint are asked of the hub once unless given. With `dpop` every token is bound to a key
    that lives as long as this object."""

    def __init__(
        self,
        base_url: str,
        unit: str,
        key: PrivateKey,
        *,
        kid: str | None = None,
        issuer: str | None = None,
        scope: str | None = None,
        dpop: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._unit, self._key, self._kid = unit, key, kid
        self._issuer, self._scope = issuer, scope
        self._holder = PrivateKey.generate() if dpop else None
        self._clock = clock
        self._kept: tuple[str, float] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def headers(self, method: str, url: str) -> dict[str, str]:
        """What a call to `url` (without query) carries. Raises `TokenRefused`, `HubUnavailable`."""
        token = await self()
        if self._holder is None:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": f"DPoP {token}", "DPoP": self._proof(self._holder, method, url, token)}

    async def __call__(self) -> str:
        """A token that counts now."""
        async with self._one_at_a_time:
            if self._kept is None or self._clock() >= self._kept[1]:
                given = await self._fetch()
                self._kept = (given["access_token"], self._clock() + given["expires_in"] - MARGIN_SECONDS)
            return self._kept[0]

    def forget(self) -> None:
        """The next call gets a new token."""
        self._kept = None

    async def _fetch(self) -> dict[str, Any]:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            if self._issuer is None:
                self._issuer = str((await self._ask(session, "GET", _METADATA)).get("issuer"))
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._assertion(self._issuer),
            }
            if self._scope is not None:
                form["scope"] = self._scope
            given = await self._ask(session, "POST", "/oauth/token", form)
        if not isinstance(given.get("access_token"), str) or not isinstance(given.get("expires_in"), int):
            raise AnswerNotUnderstood("no access token")
        return given

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, path: str, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        url = self._base_url + path
        headers = {"DPoP": self._proof(self._holder, method, url)} if self._holder and form else {}
        try:
            async with session.request(method, url, data=form, headers=headers, allow_redirects=False) as response:
                status, raw = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HubUnavailable(type(error).__name__) from None
        if status >= 500 or status == 429:
            raise HubUnavailable(str(status))
        return _read(status, raw)

    def _assertion(self, issuer: str) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._unit,
            "sub": self._unit,
            "aud": issuer,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        return self._key.sign({} if self._kid is None else {"kid": self._kid}, claims)

    def _proof(self, holder: PrivateKey, method: str, url: str, token: str | None = None) -> str:
        claims: dict[str, Any] = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(self._clock())}
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return holder.sign({"typ": "dpop+jwt", "jwk": holder.public}, claims)


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(raw)
    except strict_json.NotJson:
        document = None
    if not isinstance(document, dict):
        raise AnswerNotUnderstood(f"status {status}")
    if status != 200:
        raise TokenRefused(str(document.get("error")), str(document.get("error_description", "")))
    return document
