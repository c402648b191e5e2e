"""Every page's frame: templates, words, times, and the headers that keep a page to itself."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import jinja2
from aiohttp import web
from markupsafe import Markup

from hub.api.keys import SESSION, STAFF, hub_of
from hub.identity.roles import Role, Staff
from hub.web import assets, browser, texts, times
from hub.web.texts import Words
from routing.consent import STOCKHOLM

# Nothing but what the hub itself serves, no script or style in the page, no frame around it (CSP Level 3).
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: a form would then come from the origin "null", as one of another site's may.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Vary": "Cookie, HX-Request",
}


@functools.cache
def environment() -> jinja2.Environment:
    """Everything is escaped, and a name that a page does not know is an error, not an empty place."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("hub.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = assets.address
    return made


def words_for(request: web.Request) -> Words:
    """Swedish, unless the reader has chosen otherwise."""
    chosen = request.cookies.get(browser.LANGUAGE_COOKIE)
    return texts.load(chosen if chosen in texts.LANGUAGES else texts.DEFAULT)


def read_templates() -> None:
    """Reads every template beforehand, so that nobody's first page waits for it."""
    for name in environment().list_templates():
        environment().get_template(name)


def page(
    request: web.Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> web.Response:
    """The template, filled in. Its `title` stands first in the window's name."""
    text = environment().get_template(template).render(common(request) | values)
    return web.Response(text=text, status=status, content_type="text/html", headers={**HEADERS, **(headers or {})})


def common(request: web.Request) -> dict[str, Any]:
    """What every template may use."""
    hub, words = hub_of(request), words_for(request)
    now = hub.clock.now()
    staff, session = request.get(STAFF), request.get(SESSION)
    secret = browser.find_secret(request, hub.settings) if session else None
    today = now.astimezone(STOCKHOLM).date()

    def ago(at: datetime) -> Markup:
        return times.tag(at, now, words)

    def day(on: date) -> Markup:
        return times.day_tag(on, today, words)

    return {
        "t": words,
        "language": words.language,
        "path": request.path,
        "staff": staff,
        "places": places_for(staff) if staff else (),
        "demo": hub.settings.demo,
        "csrf": browser.form_token(secret) if secret else "",
        "ends_at": session.ends_at if session else None,
        "ago": ago,
        "day": day,
        "is_part": "HX-Request" in request.headers,
    }


def places_for(staff: Staff) -> tuple[tuple[str, str], ...]:
    """Where this person can go: address and key of its name."""
    desk = (("/team", "frame.places.team"),) if staff.has(Role.HANDLAGGARE, Role.TEAM_COORDINATOR) else ()
    room = (("/admin", "frame.places.admin"),)
    return desk + (room if staff.has(Role.ADMINISTRATOR, Role.AUDITOR, Role.DATA_OFFICER) else ())


def see_other(address: str) -> web.Response:
    """After a form: the browser fetches the page, and a reload sends nothing again (RFC 9110 15.4.4)."""
    return web.Response(status=303, headers={**HEADERS, "Location": address})
