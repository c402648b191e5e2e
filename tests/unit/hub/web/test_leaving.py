"""Signing out at the provider too: by a form of the browser's, with a token that nobody else can read."""

from __future__ import annotations

import html
import re

import pytest

from hub.web import browser as browsers
from hub.web import leaving
from tests.support.browsing import Browser, Shown
from tests.support.provider import CLIENT, FaultyProvider
from tests.unit.hub.web.conftest import START, Pages
from tests.unit.hub.web.test_vouching import pages, provider, sign_in

__all__ = ["pages", "provider"]

WAY_OUT = "https://idp.example/logout?a=1&b=2"


async def sign_out(browser: Browser) -> Shown:
    return await browser.post("/sign-out", {"csrf": (await browser.get("/sign-in")).token_of_frame})


def fields_of(page: Shown) -> dict[str, str]:
    form = page.text.split("data-go-on>")[1].split("</form>")[0]
    found = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


async def test_the_browser_goes_on_to_the_provider_by_a_form_with_the_providers_own_token(
    pages: Pages, provider: FaultyProvider
) -> None:
    provider.way_out = WAY_OUT
    browser, _ = await sign_in(pages)
    left = await sign_out(browser)
    assert left.status == 200
    assert 'method="post" action="https://idp.example/logout?a=1&amp;b=2"' in left.text
    told = fields_of(left)
    token = told.pop("id_token_hint")
    assert token.count(".") == 2
    assert told == {"client_id": CLIENT, "post_logout_redirect_uri": "http://127.0.0.1:1/sign-in"}
    assert "form-action 'self' https://idp.example https:;" in left.headers["Content-Security-Policy"]
    assert "script-src 'self'" in left.headers["Content-Security-Policy"]
    assert "storage" in left.headers["Clear-Site-Data"]
    assert left.headers["Cache-Control"] == "no-store"
    assert "Åsa" not in left.text
    assert (await browser.get("/team")).status == 303
    assert pages.actions()[-1] == "staff_signed_out"


def forget_provider(pages: Pages) -> None:
    """What the hub has read of it: it is asked anew."""
    assert pages.hub.oidc is not None
    pages.hub.oidc._known = None


async def test_without_such_a_place_the_person_is_signed_out_here(pages: Pages, provider: FaultyProvider) -> None:
    for way_out in (None, "http://idp.example/logout", "javascript:alert(1)"):
        provider.way_out = way_out
        forget_provider(pages)
        browser, _ = await sign_in(pages)
        left = await sign_out(browser)
        assert (left.status, left.headers["Location"]) == (303, "/sign-in")
        assert (await browser.get("/team")).status == 303


async def test_a_provider_that_is_away_holds_nobody_here(pages: Pages, provider: FaultyProvider) -> None:
    provider.way_out = WAY_OUT
    browser, _ = await sign_in(pages)
    forget_provider(pages)
    await provider.stop()
    left = await sign_out(browser)
    assert (left.status, left.headers["Location"]) == (303, "/sign-in")
    assert (await browser.get("/team")).status == 303


async def test_what_the_store_keeps_of_the_token_opens_only_with_the_browsers_secret(
    pages: Pages, provider: FaultyProvider
) -> None:
    browser, _ = await sign_in(pages)
    secret = next(each.value for each in browser.session.cookie_jar if each.key == "samverkan")
    key = browsers.key_of(secret)
    kept = pages.hub.reader.find_sessions([key])[key].memory["vouched_by"]
    token = leaving.recall(secret, kept)
    assert token is not None
    assert token not in kept
    for other in (key, secret[:-1], "", secret + "x"):
        assert leaving.recall(other, kept) is None
    assert leaving.recall(secret, "") is None
    assert leaving.remember(secret, "x" * 8193) == {"vouched_by": ""}


@pytest.mark.parametrize("address", ["https://user@idp.example:8443/out", "https://idp.example:8443/out;x"])
def test_the_policy_names_the_providers_origin_and_nothing_behind_it(address: str) -> None:
    assert leaving.origin_of(address) == "https://idp.example:8443"


def test_the_token_is_in_no_text_of_what_carries_it(provider: FaultyProvider) -> None:
    from hub.identity.oidc import Vouched, WayOut
    from hub.identity.staffing import StartSession

    assert "secret-token" not in repr(Vouched("iss", "sub", "loa3", "secret-token"))
    assert "secret-token" not in repr(WayOut("https://idp.example", {"id_token_hint": "secret-token"}))
    assert "secret-token" not in repr(StartSession("k", "s", "oidc", "loa3", memory={"vouched_by": "secret-token"}))
    assert START
