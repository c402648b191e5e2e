"""Signing out where the person signed in: at the provider, too (OpenID Connect RP-Initiated Logout 1.0).

The provider wants its token back as a hint, and the token names the person. It is kept with the session, sealed under a
key that only the browser's cookie gives: neither the database nor a backup of it can tell.
"""

from __future__ import annotations

import base64
import hmac
import os
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.api.keys import hub_of
from hub.identity.oidc import WayOut
from hub.store.people import Session
from hub.web import frame

_MEMORY: Final = "vouched_by"
_NONCE_BYTES: Final = 12
_LONGEST: Final = 8192
"""Letters of a token that a session keeps; with a longer one the person may have to confirm at the provider."""


def remember(secret: str, token: str) -> dict[str, str]:
    """What a session keeps, for `secret` to open."""
    if len(token) > _LONGEST:
        return {_MEMORY: ""}
    nonce = os.urandom(_NONCE_BYTES)
    return {_MEMORY: base64.b64encode(nonce + _cipher(secret).encrypt(nonce, token.encode(), None)).decode()}


def recall(secret: str, memory: str) -> str | None:
    """The token; None where none was kept, or under another secret."""
    sealed = base64.b64decode(memory)
    try:
        return _cipher(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
    except (InvalidTag, ValueError):
        return None


def _cipher(secret: str) -> AESGCM:
    return AESGCM(hmac.digest(secret.encode(), b"samverkan id token", "sha256"))


async def find_way_out(request: web.Request, session: Session, secret: str) -> WayOut | None:
    """For who signed in at the provider; None for everybody else."""
    hub, kept = hub_of(request), session.memory.get(_MEMORY)
    if hub.oidc is None or kept is None:
        return None
    return await hub.oidc.find_way_out(recall(secret, kept), hub.clock.now())


def show(request: web.Request, way: WayOut) -> web.Response:
    """Signed out here; the form goes on to the provider, by itself where there is a script."""
    # The provider may send the browser on to places of its own, which browsers hold the form to as well.
    places = f"'self' {origin_of(way.address)} https:"
    policy = frame.POLICY.replace("form-action 'self'", f"form-action {places}")
    headers = {"Content-Security-Policy": policy}
    return frame.page(request, "signed_out.html", way=way, headers=headers)


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
