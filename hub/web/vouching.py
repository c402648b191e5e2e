"""Signing in by OpenID Connect, seen from the browser: there, and back."""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web

from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.identity.oidc import OpenIdSignIn, ProviderUnavailable, SignInRefused, Vouched
from hub.store.people import StaffMember
from hub.web import browser, frame, signing

log = structlog.get_logger()

WAY_COOKIE: Final = "samverkan-way"
_SECONDS: Final = 600


async def start(request: web.Request) -> web.Response:
    """Sends the browser to the provider. What ties the way back to it is in its cookie, which that way brings along."""
    hub = hub_of(request)
    secret = browser.new_secret()
    try:
        address = await _provider(request).begin(secret, hub.clock.now())
    except ProviderUnavailable as unavailable:
        log.warning("provider_unavailable", reason=str(unavailable))
        raise call_problem("UNAVAILABLE", Retry_After="30") from None
    response = frame.see_other(address)
    to = signing.safe_target(request.query.get("to")) or ""
    # Lax, not strict: the way back begins at the provider's page.
    browser.give(response, request, hub.settings, f"{secret}~{to}", name=WAY_COOKIE, seconds=_SECONDS, same_site="Lax")
    return response


def _provider(request: web.Request) -> OpenIdSignIn:
    provider = hub_of(request).oidc
    if provider is None:
        raise call_problem("NOT_FOUND")
    return provider


async def come_back(request: web.Request) -> web.Response:
    """The provider has sent the browser back. The secret counts once, whatever came."""
    hub, provider = hub_of(request), _provider(request)
    secret, _, to = (browser.find_secret(request, hub.settings, WAY_COOKIE) or "").partition("~")
    try:
        if not secret:
            raise SignInRefused("no_beginning")
        member, vouched = await _admit(request, provider, secret)
    except SignInRefused as refused:
        return await _refuse(request, refused.reason)
    except ProviderUnavailable as unavailable:
        log.warning("provider_unavailable", reason=str(unavailable))
        return await _refuse(request, "provider_unavailable")
    level = vouched.acr.rpartition("/")[2]
    response = await signing.start_session(request, member, way="oidc", assurance=level, to=to, token=vouched.token)
    browser.take(response, request, hub.settings, WAY_COOKIE)
    return response


async def _admit(request: web.Request, provider: OpenIdSignIn, secret: str) -> tuple[StaffMember, Vouched]:
    hub = hub_of(request)
    vouched = await provider.finish(secret, request.query, hub.clock.now())
    member = await hub.store.ask(lambda: hub.reader.find_staff_by_subject(vouched.iss, vouched.sub))
    if member is None:
        raise SignInRefused("not_in_the_table")
    if member.ended_at is not None:
        raise SignInRefused("ended")
    return member, vouched


async def _refuse(request: web.Request, reason: str) -> web.Response:
    """Told to the log with its reason, to the person without: what to do is the same."""
    hub = hub_of(request)
    await hub.group.submit(RecordEvent(AuditAction.STAFF_SIGN_IN_REFUSED, {"way": "oidc", "reason": reason}))
    response = frame.page(request, "not_signed_in.html", status=403)
    browser.take(response, request, hub.settings, WAY_COOKIE)
    return response
