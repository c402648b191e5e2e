"""Signing in and out. Here: the page, the session, and the invented persons of a demonstration."""

from __future__ import annotations

import uuid
from typing import Final

import structlog
from aiohttp import web

from hub.api.keys import SESSION, STAFF, hub_of
from hub.api.problems import call_problem
from hub.identity.sessions import DEMO_ISSUER
from hub.identity.staffing import ChangeStaff, EndSession, StartSession
from hub.service import Hub
from hub.store.people import StaffMember
from hub.web import browser, demo_people, frame, leaving
from hub.web.demo_people import Invented

log = structlog.get_logger()

# Before anybody has signed in there is no session to make a form's token from; this cookie takes its place.
PRE_COOKIE: Final = "samverkan-start"
PRE_SECONDS: Final = 600


async def show_sign_in(request: web.Request) -> web.Response:
    """The ways to sign in that this hub offers, here and now."""
    hub = hub_of(request)
    invented = _invented(request)
    secret = browser.find_secret(request, hub.settings, PRE_COOKIE) or browser.new_secret()
    response = frame.page(
        request,
        "sign_in.html",
        people=invented,
        start_token=browser.form_token(secret),
        to=safe_target(request.query.get("to")),
        is_over="over" in request.query,
        vouched=hub.oidc is not None,
    )
    browser.give(response, request, hub.settings, secret, name=PRE_COOKIE, seconds=PRE_SECONDS)
    return response


def _invented(request: web.Request) -> tuple[Invented, ...]:
    """The invented persons where they may sign in: in a demonstration, at the hub's own machine. `as` chooses one."""
    settings = hub_of(request).settings
    if not settings.demo or not browser.is_on_this_machine(request, settings):
        return ()
    chosen = demo_people.find(request.query.get("as", ""))
    return (chosen,) if chosen else demo_people.PEOPLE


async def sign_in_invented(request: web.Request) -> web.Response:
    """An invented person signs in. Elsewhere than at a demonstration this address does not exist."""
    hub = hub_of(request)
    if not _invented(request):
        raise call_problem("NOT_FOUND")
    secret = browser.find_secret(request, hub.settings, PRE_COOKIE)
    if secret is None:
        raise call_problem("FORM_NOT_OURS")
    await browser.check_own_form(request, secret)
    form = await request.post()
    person = demo_people.find(str(form.get("person", "")))
    if person is None:
        raise call_problem("NOT_FOUND")
    member = await _know(hub, person)
    return await start_session(request, member, way="demo", assurance="none", to=str(form.get("to", "")))


async def _know(hub: Hub, person: Invented) -> StaffMember:
    """The person's row, made or mended now."""
    known = await hub.store.ask(lambda: hub.reader.find_staff_by_subject(DEMO_ISSUER, person.key))
    if known is not None and person.as_member(known):
        return known
    fresh = StaffMember(str(uuid.uuid4()), DEMO_ISSUER, person.key, person.name, person.grants, hub.clock.now())
    member: StaffMember = await hub.group.submit(ChangeStaff("hub", fresh))
    return member


async def start_session(
    request: web.Request, member: StaffMember, *, way: str, assurance: str, to: str | None, token: str | None = None
) -> web.Response:
    """A new session under a new secret, whatever the browser had before: a session cannot be planted. `token` is the
    provider's word, if one has vouched."""
    hub, secret = hub_of(request), browser.new_secret()
    before = browser.find_secret(request, hub.settings)
    replaces = browser.key_of(before) if before else None
    most = hub.settings.sessions_per_person
    memory = leaving.remember(secret, token) if token else {}
    start = StartSession(browser.key_of(secret), member.staff_id, way, assurance, replaces, most, memory)
    await hub.group.submit(start)
    # Not a redirect: coming back from another site's page, it would not carry a cookie that is SameSite=Strict.
    target = safe_target(to) or _first_place(member)
    response = frame.page(request, "signed_in.html", target=target, headers={"Refresh": f"0; url={target}"})
    browser.give(response, request, hub.settings, secret)
    browser.take(response, request, hub.settings, PRE_COOKIE)
    return response


def _first_place(member: StaffMember) -> str:
    places = frame.places_for(member.as_staff())
    return places[0][0] if places else "/"


def safe_target(to: str | None) -> str | None:
    """A path of our own pages, as the sign-in page was given it; nothing that leads elsewhere."""
    if to is None or not to.startswith(("/team", "/admin")) or len(to) > 200:
        return None
    return to if all(letter.isascii() and (letter.isalnum() or letter in "/-_.") for letter in to) else None


async def sign_out(request: web.Request) -> web.Response:
    """The session ends here and in the store, and at the provider where the person signed in there; the browser forgets
    what it kept of the pages."""
    hub, session = hub_of(request), request[SESSION]
    way = await leaving.find_way_out(request, session, browser.find_secret(request, hub.settings) or "")
    await hub.group.submit(EndSession(session.session_key))
    # The page says that nobody is signed in any more.
    del request[SESSION], request[STAFF]
    response = leaving.show(request, way) if way else frame.see_other("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    browser.take(response, request, hub.settings)
    return response


async def choose_language(request: web.Request) -> web.Response:
    """Remembers the language, and goes back to where the reader was."""
    language = request.match_info["language"]
    if language not in ("sv", "en"):
        raise call_problem("NOT_FOUND")
    response = frame.see_other(safe_target(request.query.get("to")) or "/")
    settings = hub_of(request).settings
    response.set_cookie(
        browser.LANGUAGE_COOKIE,
        language,
        max_age=365 * 86_400,
        path="/",
        secure=browser.is_secure(request, settings),
        httponly=True,
        samesite="Strict",
    )
    return response


async def show_start(request: web.Request) -> web.Response:
    """Where somebody who types the bare address is taken."""
    staff = request.get(STAFF)
    places = frame.places_for(staff) if staff else ()
    return frame.see_other(places[0][0] if places else "/sign-in")
