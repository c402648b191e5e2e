"""The page where the technician of an agency finds out what is wrong with its connection. Nobody has to sign in: who
cannot get a token needs it most.

An assertion that holds is used up here, so that what has been pasted into a page can never become a token; whoever
made it has shown to be the unit, and is shown that unit's connection. Nothing that was pasted is shown again, logged
or kept.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.api import forwarding
from hub.api.answers import read_form
from hub.api.keys import hub_of
from hub.api.presenting import base_of, certificate_of
from hub.api.problems import call_problem
from hub.control import connections
from hub.control.connections import Connection
from hub.identity import assertions, jws
from hub.identity.assertions import Fault
from hub.identity.party_keys import TryConnection, UseOnce
from hub.service import Hub
from hub.web import browser, frame
from hub.web.connection import examining
from hub.web.connection.examining import Step
from hub.web.naming import Naming

COOKIE: Final = "samverkan-try"
_SECONDS: Final = 3600
_LONGEST_READ: Final = 2 * jws.LARGEST


async def show_form(request: web.Request) -> web.Response:
    return _page(request)


async def try_assertion(request: web.Request) -> web.Response:
    """What the hub sees in the assertion, and, when it holds, the connection of its unit."""
    hub = hub_of(request)
    secret = browser.find_secret(request, hub.settings, COOKIE)
    if secret is None or request.content_type != "application/x-www-form-urlencoded":
        raise call_problem("FORM_NOT_OURS")
    await browser.check_own_form(request, secret)
    await hub.count_trial(forwarding.client_network(request))
    text = str((await read_form(request)).get("assertion", "")).strip()[:_LONGEST_READ]
    unit_id, faults = await _examine(hub, text)
    steps = examining.take_steps(text, faults, hub.clock.now())
    found = await hub.store.ask(lambda: connections.describe(hub, unit_id)) if unit_id else None
    return _page(request, steps, found)


async def _examine(hub: Hub, text: str) -> tuple[str | None, tuple[Fault, ...]]:
    """Whose it is, where it holds and is shown for the first time; else what is wrong."""
    unit_id, at, issuer = examining.unit_of(text), hub.clock.now(), hub.settings.issuer
    known = unit_id is not None and hub.directory.find_unit(unit_id) is not None
    keys = await hub.store.ask(lambda: hub.reader.list_party_keys([unit_id])) if known and unit_id else []
    faults = assertions.examine(text, keys, issuer=issuer, at=at)
    if faults:
        return None, faults
    proven = assertions.verify(text, keys, issuer=issuer, at=at)
    use = UseOnce("assertion", proven.unit_id, proven.jti, proven.ends_at)
    if not await hub.group.submit(TryConnection(use, proven.key_id)):
        return None, (Fault.REPLAYED,)
    return proven.unit_id, ()


def _page(request: web.Request, steps: tuple[Step, ...] = (), found: Connection | None = None) -> web.Response:
    hub = hub_of(request)
    secret = browser.find_secret(request, hub.settings, COOKIE) or browser.new_secret()
    response = frame.page(
        request,
        "connection/try.html",
        start_token=browser.form_token(secret),
        steps=steps,
        is_right=all(step.ok for step in steps),
        found=found,
        n=Naming(hub, frame.words_for(request)),
        unit_name=found and _name(hub, found.unit_id),
        base=base_of(request),
        issuer=hub.settings.issuer,
        algorithms=", ".join(jws.NAMES),
        is_bound=hub.settings.require_bound_tokens,
        certificate=certificate_of(request),
        at=hub.clock.now(),
    )
    browser.give(response, request, hub.settings, secret, name=COOKIE, seconds=_SECONDS)
    return response


def _name(hub: Hub, unit_id: str) -> str:
    unit = hub.directory.find_unit(unit_id)
    return unit.name if unit is not None else unit_id
