"""Signing in by OpenID Connect: there and back, and every way in which the way back can be wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from hub.identity.roles import Grant, Role
from hub.identity.staffing import ChangeStaff, RemoveStaff
from hub.store.people import StaffMember
from hub.store.records import AuditQuery
from tests.support.browsing import Browser, Shown
from tests.support.provider import CLIENT, SECRET, FaultyProvider
from tests.unit.hub.web.conftest import START, Pages

LOA4 = "http://id.elegnamnden.se/loa/1.0/loa4"
STAFF_ID = "3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11"


@pytest.fixture
async def provider() -> AsyncIterator[FaultyProvider]:
    started = FaultyProvider(START.timestamp)
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def pages(build_pages: Callable[..., Awaitable[Pages]], provider: FaultyProvider) -> Pages:
    """A hub for real people, whom the provider vouches for."""
    built = await build_pages(
        demo=False,
        public_url="http://127.0.0.1:1",  # where the browser is sent back to; these tests go the way themselves
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    await add(built, provider.issuer, provider.sub)
    return built


async def add(pages: Pages, iss: str, sub: str) -> StaffMember:
    grants = frozenset({Grant(Role.HANDLAGGARE, "sd-farsta")})
    member = StaffMember(STAFF_ID, iss, sub, "Åsa Öberg", grants, START)
    stored: StaffMember = await pages.hub.group.submit(ChangeStaff("hub", member))
    return stored


async def way_back(browser: Browser, to: str = "/team") -> str:
    """To the provider, where the person agrees; the address that the browser is sent back to."""
    leaving = await browser.get(f"/sign-in/start?to={to}")
    assert leaving.status == 303
    async with (
        aiohttp.ClientSession() as session,
        session.get(leaving.headers["Location"], allow_redirects=False) as answer,
    ):
        back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


async def sign_in(pages: Pages) -> tuple[Browser, Shown]:
    browser = pages.browser()
    return browser, await browser.get(await way_back(browser))


async def is_refused(pages: Pages, answer: Shown, browser: Browser, reason: str) -> None:
    assert answer.status == 403
    assert "Du kunde inte loggas in" in answer.text
    assert (await browser.get("/team")).status == 303
    entry = json.loads(pages.hub.reader.list_audit(AuditQuery(limit=1000))[-1].entry)
    assert (entry["action"], entry["reason"]) == ("staff_sign_in_refused", reason)


async def test_who_is_vouched_for_and_in_the_table_is_let_in(pages: Pages, provider: FaultyProvider) -> None:
    page = await pages.browser().get("/sign-in")
    assert "Logga in med din e-legitimation" in page.text
    assert "Påhittade" not in page.text
    browser, answer = await sign_in(pages)
    assert answer.status == 200
    assert answer.headers["Refresh"] == "0; url=/team"
    assert "Åsa Öberg" in (await browser.get("/team")).text
    entry = json.loads(pages.hub.reader.list_audit(AuditQuery(limit=1000))[-1].entry)
    assert (entry["way"], entry["assurance"]) == ("oidc", "loa3")
    assert provider.asked["scope"] == "openid"
    assert LOA4 in provider.asked["acr_values"]


async def test_the_way_back_goes_once_and_in_one_browser_only(pages: Pages) -> None:
    browser = pages.browser()
    back = await way_back(browser)
    await is_refused(pages, await pages.browser().get(back), pages.browser(), "no_beginning")
    assert (await browser.get(back)).status == 200
    other = pages.browser()
    await way_back(other)
    await is_refused(pages, await other.get(back), other, "state")


async def test_the_cookie_on_the_way_is_lax_and_the_session_strict(pages: Pages) -> None:
    browser = pages.browser()
    leaving = await browser.get("/sign-in/start")
    assert "SameSite=Lax" in leaving.cookies[0]
    assert "HttpOnly" in leaving.cookies[0]
    _, answer = await sign_in(pages)
    assert any(each.startswith("samverkan=") and "SameSite=Strict" in each for each in answer.cookies)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "issuer"),
    "for somebody else": ({"aud": "another"}, "audience"),
    "for several, and not given to us": ({"aud": [CLIENT, "another"]}, "authorised_party"),
    "given to somebody else": ({"azp": "another"}, "authorised_party"),
    "another nonce": ({"nonce": "x"}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "a low level": ({"acr": "http://id.elegnamnden.se/loa/1.0/loa2"}, "assurance"),
    "no level": ({"acr": None}, "assurance"),
    "over": ({"exp": int(START.timestamp()) - 61}, "times"),
    "from later": ({"iat": int(START.timestamp()) + 61}, "times"),
    "without an end": ({"exp": None}, "times"),
    "a true end": ({"exp": True}, "times"),
    "no subject": ({"sub": ""}, "subject"),
    "a subject that is no text": ({"sub": 7}, "subject"),
    "nobody in the table": ({"sub": "person-2"}, "not_in_the_table"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_token_that_is_not_for_this_sign_in_lets_nobody_in(
    pages: Pages, provider: FaultyProvider, name: str
) -> None:
    provider.claims, reason = WRONG[name]
    browser, answer = await sign_in(pages)
    await is_refused(pages, answer, browser, reason)


@pytest.mark.parametrize("way", ["sign_with_public_key", "sign_with_another_key", "leave_unsigned"])
async def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(
    pages: Pages, provider: FaultyProvider, way: str
) -> None:
    provider.sign = getattr(provider, way)
    browser, answer = await sign_in(pages)
    await is_refused(pages, answer, browser, "signature")


async def test_a_new_key_of_the_providers_is_found(pages: Pages, provider: FaultyProvider) -> None:
    await sign_in(pages)
    provider.rotate()
    _, answer = await sign_in(pages)
    assert answer.status == 200


async def test_the_same_name_by_another_provider_is_somebody_else(pages: Pages, provider: FaultyProvider) -> None:
    await pages.hub.group.submit(RemoveStaff("hub", STAFF_ID))
    browser, answer = await sign_in(pages)
    await is_refused(pages, answer, browser, "ended")
    await add(pages, "https://other.example", "person-3")
    provider.sub = "person-3"
    browser, answer = await sign_in(pages)
    await is_refused(pages, answer, browser, "not_in_the_table")


async def test_an_answer_of_another_issuer_or_a_no_is_a_no(pages: Pages) -> None:
    for change, reason in (
        (lambda query: query | {"iss": ["https://evil.example"]}, "issuer_of_answer"),
        (lambda query: {"state": query["state"], "error": ["access_denied"]}, "provider_said_no"),
        (lambda query: query | {"state": ["x"]}, "state"),
        (lambda query: query | {"code": ["made-up"]}, "code"),
    ):
        browser = pages.browser()
        path, _, query = (await way_back(browser)).partition("?")
        changed = change(parse_qs(query))
        answer = await browser.get(path + "?" + "&".join(f"{name}={value[0]}" for name, value in changed.items()))
        await is_refused(pages, answer, browser, reason)


async def test_a_provider_that_calls_itself_something_else_is_not_used(pages: Pages, provider: FaultyProvider) -> None:
    provider.named_issuer = "https://evil.example"
    assert (await pages.browser().get("/sign-in/start")).status == 503
    await provider.stop()
    pages.pass_time(timedelta(hours=2))
    assert (await pages.browser().get("/sign-in/start")).status == 503


async def test_without_a_provider_the_addresses_do_not_exist(build_pages: Callable[..., Awaitable[Pages]]) -> None:
    plain = await build_pages()
    for path in ("/sign-in/start", "/sign-in/callback?code=x&state=y"):
        assert (await plain.browser().get(path)).status == 404
