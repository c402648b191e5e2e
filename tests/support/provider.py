"""An OpenID Connect provider in this process that checks what a client must do, and errs on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT, SECRET = "samverkan", "a-secret-of-the-provider"
LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"


class FaultyProvider:
    """Vouches for `sub`. `claims` changes the ID token, `sign` how it is signed; both are for one test."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.key = ECKey.generate_key("P-256", parameters={"kid": "one"})
        self.issuer = ""
        self.sub = "person-1"
        self.claims: dict[str, Any] = {}
        self.named_issuer: str | None = None
        self.way_out: str | None = None
        self.sign: Callable[[dict[str, Any]], str] = self._sign
        self.asked: dict[str, str] = {}
        self.redeemed: list[str] = []
        self.left: dict[str, str] = {}
        self._challenges: dict[str, str] = {}
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_post("/logout", self._logout)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.issuer = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _describe(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.named_issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            | ({"end_session_endpoint": self.way_out} if self.way_out else {})
        )

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def _authorize(self, request: web.Request) -> web.Response:
        """The person agrees at once."""
        self.asked = dict(request.query)
        assert self.asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._challenges)}"
        self._challenges[code] = self.asked["code_challenge"]
        back = urlencode({"code": code, "state": self.asked["state"], "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{self.asked['redirect_uri']}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        code, verifier = str(form["code"]), str(form["code_verifier"])
        challenge = _encoded(hashlib.sha256(verifier.encode()).digest())
        known = request.headers.get("Authorization", "") == _basic(CLIENT, SECRET)
        if not known or self._challenges.pop(code, None) != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.redeemed.append(code)
        now = int(self._now())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.sub,
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "acr": LOA3,
            **self.claims,
        }
        token = self.sign({name: value for name, value in claims.items() if value is not None})
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": token})

    async def _logout(self, request: web.Request) -> web.Response:
        """RP-Initiated Logout 1.0; the person is not asked again."""
        self.left = {name: str(value) for name, value in (await request.post()).items()}
        return web.Response(status=303, headers={"Location": self.left["post_logout_redirect_uri"]})

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key)

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """CVE-2022-29217: the public key taken for a shared secret."""
        said = ".".join((_encoded(b'{"alg":"HS256","kid":"one"}'), self._sign(claims).split(".")[1]))
        return f"{said}.{_encoded(hmac.digest(self.key.as_pem(private=False), said.encode(), 'sha256'))}"

    def sign_with_another_key(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, ECKey.generate_key("P-256"))

    def leave_unsigned(self, claims: dict[str, Any]) -> str:
        signed = self._sign(claims)
        header = _encoded(b'{"alg":"none"}')
        return f"{header}.{signed.split('.')[1]}."

    def rotate(self) -> None:
        """A new key under a new name, which nobody has heard of."""
        self.key = ECKey.generate_key("P-256", parameters={"kid": "two"})
        self.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "two"}, claims, self.key)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
