"""What a browser carries: the session's cookie, the token of a form, and whether a request comes from our own pages.

The cookie holds 256 random bits; the store has only their hash. The token of a form is made from the cookie, so that
nothing has to be kept for it: whoever can make one has the cookie. OWASP ASVS 5, V3 and V7.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from hub.api.answers import read_form
from hub.api.problems import call_problem
from hub.identity.staffing import SESSION_LIFE
from hub.settings import Settings

SESSION_COOKIE: Final = "samverkan"
LANGUAGE_COOKIE: Final = "samverkan-language"
FORM_FIELD: Final = "csrf"
FORM_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_LONGEST_COOKIE: Final = 128


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def key_of(secret: str) -> str:
    """What the store knows a session by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(secret: str) -> str:
    return hmac.digest(secret.encode(), b"samverkan form token", "sha256").hex()


def is_secure(request: web.Request, settings: Settings) -> bool:
    """Whether the browser speaks TLS, to the hub or to the proxy before it (`public_url`)."""
    return request.secure or (settings.public_url or "").startswith("https://")


def _named(name: str, secure: bool) -> str:
    # RFC 6265bis 4.1.3.2: a browser takes a __Host- cookie only with Secure, for this host alone, for the whole of it.
    return f"__Host-{name}" if secure else name


def find_secret(request: web.Request, settings: Settings, name: str = SESSION_COOKIE) -> str | None:
    secret = request.cookies.get(_named(name, is_secure(request, settings)))
    return secret if secret and len(secret) <= _LONGEST_COOKIE else None


def give(
    response: web.StreamResponse,
    request: web.Request,
    settings: Settings,
    secret: str,
    *,
    name: str = SESSION_COOKIE,
    seconds: int = int(SESSION_LIFE.total_seconds()),
    same_site: str = "Strict",
) -> None:
    secure = is_secure(request, settings)
    response.set_cookie(
        _named(name, secure), secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite=same_site
    )


def take(response: web.StreamResponse, request: web.Request, settings: Settings, name: str = SESSION_COOKIE) -> None:
    secure = is_secure(request, settings)
    response.del_cookie(_named(name, secure), path="/", secure=secure, httponly=True)


async def check_own_form(request: web.Request, secret: str) -> None:
    """A request that changes something must come from a page of ours: by where it came from, and by its token.

    Raises the problem that says so; nothing of the request has been used by then."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise call_problem("FORM_NOT_OURS")
    given = request.headers.get(FORM_HEADER)
    if given is None and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given = str((await read_form(request)).get(FORM_FIELD, ""))
    if not hmac.compare_digest((given or "").encode(), form_token(secret).encode()):
        raise call_problem("FORM_NOT_OURS")


def is_on_this_machine(request: web.Request, settings: Settings) -> bool:
    """Whether a person sits at the hub's own machine: the hub listens only there, the request comes from there by no
    proxy, and the browser was asked to go there by name (no other name that leads here, RFC 1122 3.2.1.3)."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "Via"))
    named = urlsplit(f"//{request.host}").hostname or ""
    return not forwarded and all(map(_is_loopback, (settings.host, request.remote or "", named)))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
