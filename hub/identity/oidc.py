"""Signing in by OpenID Connect: authorization code with PKCE (Core 1.0; RFC 7636, RFC 9207, RFC 9700).

The hub keeps nothing between the two steps: state, nonce and verifier are made from one secret that only the browser
has, so a code that was stolen or planted fits no other browser. The level of assurance is required, not hoped for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub import bounded
from hub.identity.roles import is_subject
from hub.settings import Settings
from schemas import strict_json

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
_SKEW_SECONDS: Final = 60
_LARGEST: Final = 262_144
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_KEPT_FOR: Final = timedelta(hours=1)


class SignInRefused(Exception):
    """Nobody is signed in. `reason` is a word for the log; the person is told that it did not work."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as one. Trying again may help."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for people, as the operator has set it. `acr` are the levels that are enough, any one of them."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    signed_out_uri: str
    acr: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The one that the settings describe; the settings have been checked to be whole."""
        redirect_uri = f"{settings.public_url}/sign-in/callback"
        client_id, secret = settings.oidc_client_id or "", settings.oidc_client_secret or ""
        signed_out_uri = f"{settings.public_url}/sign-in"
        return cls(settings.oidc_issuer or "", client_id, secret, redirect_uri, signed_out_uri, settings.oidc_acr)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who it is, by the provider's word. `token` is that word: the provider wants it back when the person signs out."""

    iss: str
    sub: str
    acr: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WayOut:
    """A form for the browser to send (RP-Initiated Logout 1.0, 2). By POST: an address would be written down on its
    way, with the token in it."""

    address: str
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    """The provider's own description, and its keys."""

    document: Mapping[str, Any]
    keys: KeySet
    read_at: datetime


class OpenIdSignIn:
    """One provider. What it says of itself is read again after an hour, and when a key is new."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._known: _Known | None = None

    async def begin(self, secret: str, at: datetime) -> str:
        """The address to send the browser to. Raises `ProviderUnavailable`."""
        known = await self._find(at)
        verifier = derive(secret, "verifier")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._provider.redirect_uri,
            "scope": "openid",
            "state": derive(secret, "state"),
            "nonce": derive(secret, "nonce"),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "acr_values": " ".join(self._provider.acr),
        }
        address = str(known.document["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    async def finish(self, secret: str, answer: Mapping[str, str], at: datetime) -> Vouched:
        """Who came back with `answer` (the query string). Raises `SignInRefused`, `ProviderUnavailable`."""
        if not hmac.compare_digest(answer.get("state", "").encode(), derive(secret, "state").encode()):
            raise SignInRefused("state")
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise SignInRefused("issuer_of_answer")
        if "error" in answer or not answer.get("code"):
            raise SignInRefused("provider_said_no")
        token = await self._redeem(answer["code"], derive(secret, "verifier"), at)
        return self._judge(token, await self._verify(token, at), derive(secret, "nonce"), at)

    async def find_way_out(self, token: str | None, at: datetime) -> WayOut | None:
        """Where the browser signs out at the provider too; None where the provider has no such place, or does not
        answer: the person is signed out here all the same."""
        try:
            address = (await self._find(at)).document.get("end_session_endpoint")
        except ProviderUnavailable:
            return None
        if not _is_safe(address):
            return None
        told = {"client_id": self._provider.client_id, "post_logout_redirect_uri": self._provider.signed_out_uri}
        return WayOut(str(address), told | ({"id_token_hint": token} if token else {}))

    async def _redeem(self, code: str, verifier: str, at: datetime) -> str:
        known = await self._find(at)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._provider.redirect_uri,
            "code_verifier": verifier,
        }
        who = _basic(self._provider.client_id, self._provider.client_secret)
        document = await _fetch("POST", str(known.document["token_endpoint"]), form, {"Authorization": who})
        token = document.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("no_id_token")
        return token

    async def _verify(self, token: str, at: datetime) -> Mapping[str, Any]:
        """The claims of a token that one of the provider's keys has signed."""
        for is_last in (False, True):
            known = await self._find(at, fresh=is_last)
            try:
                decoded = jwt.decode(token, known.keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                # A key that is new to us: the provider's list is read once more.
                continue
            return dict(decoded.claims)
        raise SignInRefused("signature")

    def _judge(self, token: str, claims: Mapping[str, Any], nonce: str, at: datetime) -> Vouched:
        """Core 1.0, 3.1.3.7, in its order."""
        if claims.get("iss") != self._provider.issuer:
            raise SignInRefused("issuer")
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self._provider.client_id not in audiences:
            raise SignInRefused("audience")
        if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != self._provider.client_id:
            raise SignInRefused("authorised_party")
        _check_times(claims, at.timestamp())
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise SignInRefused("nonce")
        acr, sub = claims.get("acr"), claims.get("sub")
        if self._provider.acr and acr not in self._provider.acr:
            raise SignInRefused("assurance")
        if not isinstance(sub, str) or not is_subject(sub):
            raise SignInRefused("subject")
        return Vouched(self._provider.issuer, sub, str(acr or "none"), token)

    async def _find(self, at: datetime, *, fresh: bool = False) -> _Known:
        if self._known is not None and not fresh and at - self._known.read_at < _KEPT_FOR:
            return self._known
        document = await _fetch("GET", f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._provider.issuer:
            raise ProviderUnavailable("another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _is_safe(document.get(name)):
                raise ProviderUnavailable(name)
        try:
            keys = KeySet.import_key_set(await _fetch("GET", document["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise ProviderUnavailable("keys") from None
        self._known = _Known(document, keys, at)
        return self._known


def derive(secret: str, name: str) -> str:
    """One of the values that belong together: nobody who sees one can tell another."""
    return (
        base64.urlsafe_b64encode(hmac.digest(secret.encode(), f"oidc {name}".encode(), "sha256")).rstrip(b"=").decode()
    )


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749 2.3.1: both are written as in a form first."""
    given = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(given.encode()).decode()


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    ends, issued, begins = (_instant(claims, name) for name in ("exp", "iat", "nbf"))
    if ends <= now - _SKEW_SECONDS or max(issued, begins) > now + _SKEW_SECONDS:
        raise SignInRefused("times")


def _instant(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate; `nbf` need not be there."""
    value = claims.get(name, 0 if name == "nbf" else None)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SignInRefused("times")
    return value


def _is_safe(address: object) -> bool:
    """TLS, or this machine."""
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))


async def _fetch(
    method: str, address: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A JSON object. Redirects are not followed: a secret would go wherever they point."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.request(method, address, data=form, headers=headers, allow_redirects=False) as answer,
        ):
            content = await bounded.read(answer, _LARGEST)
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError, bounded.TooLong):
        raise ProviderUnavailable("no answer") from None
    if 400 <= status < 500 and method == "POST":
        raise SignInRefused("code")
    if status != 200:
        raise ProviderUnavailable(f"status {status}")
    try:
        document = strict_json.loads(content)
    except strict_json.NotJson:
        raise ProviderUnavailable("not JSON") from None
    if not isinstance(document, dict):
        raise ProviderUnavailable("no object")
    return document
