"""Signing in and out, sessions, and what keeps a page to itself."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from datetime import timedelta

import html5lib
import pytest

from hub.api.routes import Access
from hub.identity.staffing import RemoveStaff
from hub.web.pages import PAGES
from tests.support.browsing import Browser, Shown
from tests.unit.hub.web.conftest import Pages

Build = Callable[..., Awaitable[Pages]]


def faults_of(page: Shown) -> list[object]:
    parser = html5lib.HTMLParser()
    parser.parse(io.StringIO(page.text))
    return list(parser.errors)


async def test_who_has_not_signed_in_comes_to_the_sign_in_page(pages: Pages) -> None:
    browser = pages.browser()
    start = await browser.get("/")
    assert (start.status, start.headers["Location"]) == (303, "/sign-in")
    page = await browser.get("/sign-in")
    assert page.status == 200
    assert "Filippa Falk" in page.text
    assert "Demonstration" in page.text
    assert faults_of(page) == []


async def test_signing_in_is_in_the_log_and_shows_who_one_is(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    page = await browser.get("/sign-in")
    assert "Alva Adelsköld" in page.text
    assert faults_of(page) == []
    assert pages.actions()[-2:] == ["staff_changed", "staff_signed_in"]


async def test_every_page_keeps_to_itself(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    for page in (await browser.get("/sign-in"), await browser.get("/nothing/here")):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script>" not in page.text
        assert "style=" not in page.text
        assert " on" not in {part[:3] for part in page.text.split("<")[1:]}


async def test_cookies_are_strict_and_for_tls_alone_where_there_is_tls(build_pages: Build) -> None:
    plain = await build_pages()
    answer = await plain.browser().sign_in("fk")
    session = next(cookie for cookie in answer.cookies if cookie.startswith("samverkan="))
    assert "HttpOnly" in session
    assert "SameSite=Strict" in session
    assert "Path=/" in session
    behind_tls = await build_pages(public_url="https://samverkan.example")
    answer = await behind_tls.browser().get("/sign-in")
    assert [cookie.partition("=")[0] for cookie in answer.cookies] == ["__Host-samverkan-start"]
    assert "Secure" in answer.cookies[0]


async def test_a_session_lasts_sixty_minutes(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    pages.pass_time(timedelta(minutes=59, seconds=59))
    assert "Filippa" in (await browser.get("/sign-in")).text.split("<main")[0]
    pages.pass_time(timedelta(seconds=1))
    assert "Filippa" not in (await browser.get("/sign-in")).text.split("<main")[0]


async def test_signing_in_again_is_another_session_and_ends_the_first(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    planted = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}["samverkan"]
    await browser.sign_in("af")
    now = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}["samverkan"]
    assert now != planted
    other = pages.browser()
    other.session.cookie_jar.update_cookies({"samverkan": planted})
    assert "Filippa" not in (await other.get("/sign-in")).text.split("<main")[0]


async def test_signing_out_ends_the_session_in_the_store_too(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    kept = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}
    page = await browser.get("/sign-in")
    signed_in_form = page.text.split('action="/sign-out"')[1]
    token = signed_in_form.split('name="csrf" value="')[1].split('"')[0]
    answer = await browser.post("/sign-out", {"csrf": token})
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert "storage" in answer.headers["Clear-Site-Data"]
    browser.session.cookie_jar.update_cookies(kept)
    assert "Filippa" not in (await browser.get("/sign-in")).text.split("<main")[0]
    assert pages.actions()[-1] == "staff_signed_out"


async def sign_out_token(browser: Browser) -> str:
    page = await browser.get("/sign-in")
    return page.text.split('action="/sign-out"')[1].split('name="csrf" value="')[1].split('"')[0]


async def test_a_form_of_another_site_does_nothing(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    token = await sign_out_token(browser)
    other = await pages.signed_in("af")
    wrong = await sign_out_token(other)
    for form, headers in (
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": wrong}, {}),
        ({"csrf": token}, {"Origin": "https://evil.example"}),
        ({"csrf": token}, {"Origin": "null"}),
    ):
        answer = await browser.post("/sign-out", form, **headers)
        assert answer.status == 403
        assert "Formuläret gäller inte längre" in answer.text
    assert "Filippa" in (await browser.get("/sign-in")).text
    assert (await browser.post("/sign-out", {"csrf": token})).status == 303


async def test_signing_in_by_a_planted_form_is_refused(pages: Pages) -> None:
    browser = pages.browser()
    page = await browser.get("/sign-in")
    without_cookie = pages.browser()
    answer = await without_cookie.post("/sign-in/demo", {"csrf": page.token, "person": "fk"})
    assert answer.status == 403


@pytest.mark.parametrize("flags", [{"demo": False}, {"host": "0.0.0.0"}], ids=["no demo", "not loopback"])
async def test_nobody_is_invented_but_in_a_demonstration_on_this_machine(
    build_pages: Build, flags: dict[str, object]
) -> None:
    pages = await build_pages(**flags)
    browser = pages.browser()
    page = await browser.get("/sign-in")
    assert "Filippa" not in page.text
    answer = await browser.post("/sign-in/demo", {"csrf": "x", "person": "fk"})
    assert answer.status == 404
    assert "staff_signed_in" not in pages.actions()


@pytest.mark.parametrize("headers", [{"Host": "samverkan.example"}, {"X_Forwarded_For": "127.0.0.1"}])
async def test_nobody_is_invented_through_a_proxy_or_another_name(pages: Pages, headers: dict[str, str]) -> None:
    assert "Filippa" not in (await pages.browser().get("/sign-in", **headers)).text


async def test_an_invented_persons_session_is_nothing_without_the_demonstration(build_pages: Build) -> None:
    pages = await build_pages()
    browser = await pages.signed_in("fk")
    object.__setattr__(pages.hub.settings, "demo", False)
    assert "Filippa" not in (await browser.get("/sign-in")).text


async def test_who_is_removed_is_out_at_once(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    member = pages.hub.reader.list_staff()[0]
    await pages.hub.group.submit(RemoveStaff("hub", member.staff_id))
    assert "Filippa" not in (await browser.get("/sign-in")).text.split("<main")[0]


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/team/../x y", "/other", "/team?x", "/team\\x"]
)
async def test_signing_in_leads_to_our_own_pages_only(pages: Pages, to: str) -> None:
    browser = pages.browser()
    page = await browser.get("/sign-in")
    answer = await browser.post("/sign-in/demo", {"csrf": page.token, "person": "fk", "to": to})
    assert answer.headers["Refresh"] == "0; url=/team"


async def test_a_fault_is_a_page_for_people_and_a_document_for_programs(pages: Pages) -> None:
    page = await pages.browser().get("/nowhere")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Sidan finns inte" in page.text
    assert faults_of(page) == []
    document = await pages.browser().get("/nowhere", Accept="application/json")
    assert document.headers["Content-Type"] == "application/problem+json"


async def test_the_language_is_remembered(pages: Pages) -> None:
    browser = pages.browser()
    assert (await browser.get("/language/en?to=/team")).headers["Location"] == "/team"
    page = await browser.get("/sign-in")
    assert '<html lang="en">' in page.text
    assert "No page" not in page.text
    assert (await browser.get("/language/xx")).status == 404


async def test_assets_are_kept_under_the_address_of_their_content_only(pages: Pages) -> None:
    browser = pages.browser()
    page = await browser.get("/sign-in")
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in (await browser.get(address)).headers["Cache-Control"]
    assert (await browser.get("/assets/000000000000/samverkan.css")).headers["Cache-Control"] == "no-cache"
    assert (await browser.get("/assets/000000000000/README.md")).status == 404
    assert (await browser.get("/assets/000000000000/..%2f__init__.py")).status == 404


async def test_no_page_but_the_frame_opens_without_signing_in(pages: Pages) -> None:
    browser = pages.browser()
    for page in PAGES:
        if page.access is Access.PUBLIC:
            continue
        path = page.path.replace("{", "").replace("}", "")
        answer = await (browser.get(path) if page.method == "GET" else browser.post(path))
        assert answer.status == 303, page.path
        assert answer.headers["Location"].startswith("/sign-in"), page.path
