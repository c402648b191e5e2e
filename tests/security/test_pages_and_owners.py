"""Every page by every method and role, and everything on a page that is another unit's (S6, S8): deny by default."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import bootstrap, settings
from hub.api.routes import ROLES, Access, Page
from hub.api.server import Server
from hub.clock import FixedClock
from hub.web import browser as cookies
from hub.web import demo_people
from hub.web.pages import PAGES
from tests.support import events, office
from tests.support.browsing import Browser, Shown

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOBODY, PROGRAM = "nobody", "a program with a unit's token"
PEOPLE = {person.key: person for person in demo_people.PEOPLE}
# A stream goes on as long as it is read; who may begin one is asked by itself.
STREAM = "/team/stream"
# What signs out or ends the caller's own session, and so the matrix.
LAST = "/sign-out"


@dataclass(frozen=True, slots=True)
class House:
    """A demonstration hub with everybody signed in, each at a browser."""

    hub: bootstrap.Hub
    url: str
    browsers: dict[str, Browser]

    async def ask(self, who: str, method: str, path: str, form: dict[str, str] | None = None) -> Shown:
        """With the token of the form, where one is signed in: a refusal is then for the role."""
        browser = self.browsers[who]
        data = None
        if method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
            data = {"csrf": self.form_token(browser), **(form or {})}
        return await browser._call(method, path, data, {})

    def form_token(self, browser: Browser) -> str:
        secrets = [each.value for each in browser.session.cookie_jar if each.key == cookies.SESSION_COOKIE]
        return cookies.form_token(secrets[0]) if secrets else ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    given = settings.load({"data_dir": tmp_path / "data", "demo": True}, {}, None)
    clock = FixedClock(START)
    hub = bootstrap.build_hub(given, clock=clock)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    browsers = {who: Browser(server.url) for who in (NOBODY, PROGRAM, *PEOPLE)}
    token = bootstrap.build_issuer(given).issue("sd-farsta", timedelta(hours=1), clock.now())
    browsers[PROGRAM].session.headers["Authorization"] = f"Bearer {token}"
    for key in PEOPLE:
        assert (await browsers[key].sign_in(key)).status == 200
    yield House(hub, server.url, browsers)
    for browser in browsers.values():
        await browser.close()
    await server.stop()


def may(access: Access, who: str) -> bool:
    if access is Access.PUBLIC:
        return True
    if who not in PEOPLE:
        return False
    return any(grant.role in ROLES[access] for grant in PEOPLE[who].grants)


def outcome(shown: Shown) -> str:
    """What a person sees of it: the way to the sign-in page, no by role, no by form, another method, or the page."""
    if shown.status in (401, 303) and shown.headers.get("Location", "/sign-in").startswith("/sign-in?"):
        return "sign in"
    if shown.status == 405:
        return "no such method"
    if shown.status == 403 and "NOT_ALLOWED" in shown.text:
        return "not allowed"
    if shown.status == 403 and "FORM_NOT_OURS" in shown.text:
        return "not from our form"
    return "error" if shown.status >= 500 else "page"


def expected(page: Page | None, who: str) -> set[str]:
    if page is None:
        return {"no such method"}
    if may(page.access, who):
        # Some forms have a token or fields of their own, which stand on the page before.
        return {"page", "not from our form"} | ({"sign in"} if page.access is Access.PUBLIC else set())
    return {"not allowed"} if who in PEOPLE else {"sign in"}


def fill(path: str) -> str:
    known = {"type": "referral.submitted", "language": "sv", "sender": "sd", "recipient": "jt"}
    return re.sub(r"\{([^}]+)\}", lambda found: known.get(found[1], events.new_id()), path)


def test_the_table_has_every_page() -> None:
    assert len(PAGES) >= 40
    assert {page.access for page in PAGES} == {
        Access.PUBLIC,
        Access.STAFF,
        Access.DESK,
        Access.OVERSIGHT,
        Access.ADMINISTRATOR,
        Access.DATA_OFFICER,
    }


@pytest.mark.slow
async def test_each_method_of_each_page_answers_each_role_by_its_rule(house: House) -> None:
    by_path: dict[str, dict[str, Page]] = {}
    for page in PAGES:
        by_path.setdefault(page.path, {})[page.method] = page
    wrong = []
    for path in sorted(set(by_path) - {STREAM, LAST}):
        for method in METHODS:
            page = by_path[path].get(method)
            # What no row of the table has is nobody's; three ask for it.
            for who in house.browsers if page else (NOBODY, "samordnare", "admin"):
                shown = await house.ask(who, method, fill(path))
                if outcome(shown) not in expected(page, who):
                    wrong.append((method, path, who, shown.status, outcome(shown)))
    assert wrong == []


async def test_nobody_signs_another_out_and_only_the_desk_has_a_stream(house: House) -> None:
    for who in (NOBODY, PROGRAM):
        assert outcome(await house.ask(who, "POST", LAST)) == "sign in"
        assert outcome(await house.ask(who, "GET", STREAM)) == "sign in"
    for who in ("admin", "granskare", "dataskydd"):
        assert outcome(await house.ask(who, "GET", STREAM)) == "not allowed"


# -- another unit's ---------------------------------------------------------------------------------------------------

DELIVERY = ("GET {0}", "POST {0}/open", "GET {0}/check", "POST {0}/handled")
CASE = ("GET {0}", "GET {0}/plan", "GET {0}/meeting.ics")


def bare(shown: Shown, *ids: str) -> tuple[int, str]:
    """The page without what is different every time: the number of the request, tokens, and the id asked for."""
    text = re.sub(r"[0-9a-f]{32,64}", "#", shown.text)
    for each in ids:
        text = text.replace(each, "#")
    return shown.status, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "#", text)


async def test_what_is_another_units_is_as_if_it_were_not_there(house: House) -> None:
    case, delivery, consent = await office.refer(house.hub)
    [sent] = [
        stored.key.message_id
        for _, stored in house.hub.reader.list_sent("sd-farsta", limit=10)
        if stored.type == "referral.submitted"
    ]
    owners = {
        f"/team/messages/{delivery}": (DELIVERY, {"jobbtorg"}),
        f"/team/cases/{case}": (CASE, {"jobbtorg", "stadsdel"}),
        f"/team/sent/{sent}": (("GET {0}",), {"stadsdel"}),
    }
    desk = [key for key, person in PEOPLE.items() if may(Access.DESK, key)]
    assert len(desk) == 6
    for path, (ways, theirs) in owners.items():
        own_id = path.rpartition("/")[2]
        others = (events.new_id(), consent, delivery if own_id != delivery else case)
        for way in ways:
            method, _, template = way.partition(" ")
            for who in sorted(set(desk) - theirs):
                shown = await house.ask(who, method, template.format(path))
                assert shown.status == 404, (way, path, who, shown.status)
                for other in others:  # what is nowhere, and what is of another kind
                    nowhere = await house.ask(who, method, template.format(path.replace(own_id, other)))
                    assert bare(shown, own_id) == bare(nowhere, other), (way, who)
            for who in theirs:
                shown = await house.ask(who, "GET", path)
                assert shown.status == 200, (path, who, shown.status)


async def test_a_message_about_anothers_case_begins_as_one_about_no_case(house: House) -> None:
    case, _, _ = await office.refer(house.hub)
    for who in ("fk", "af", "region", "samordnare"):
        theirs = await house.ask(who, "GET", f"/team/send/information.requested?case={case}")
        nowhere = events.new_id()
        nobodys = await house.ask(who, "GET", f"/team/send/information.requested?case={nowhere}")
        assert bare(theirs, case) == bare(nobodys, nowhere), who


@pytest.mark.parametrize("who", ["fk", "samordnare", "stadsdel"])
async def test_nobody_goes_over_to_a_unit_that_is_not_theirs(house: House, who: str) -> None:
    for unit in ("jt-sydost", "sd-atlantis", ""):
        assert (await house.ask(who, "POST", "/team/unit", {"unit": unit})).status == 404, unit
