"""A provider that nobody here wrote (oidc-provider-mock), in a process of its own.

It does not look at the PKCE verifier; `tests/unit/hub/web/test_vouching.py` has one that does.
"""

from __future__ import annotations

import html
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.identity.roles import Grant, Role
from hub.identity.staffing import ChangeStaff
from hub.store.people import StaffMember
from tests.support.browsing import Browser

LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"
START_SECONDS = 120.0
USERS = [
    f'{{"sub": "asa", "acr": "{LOA3}"}}',
    '{"sub": "bo", "acr": "http://id.elegnamnden.se/loa/1.0/loa1"}',
    f'{{"sub": "stranger", "acr": "{LOA3}"}}',
]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    words = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    words += [word for user in USERS for word in ("--user-claims", user)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
async def browser(tmp_path: Path, issuer: str) -> AsyncIterator[Browser]:
    port = free_port()
    given = settings.load(
        {
            "data_dir": tmp_path,
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "oidc_issuer": issuer,
            "oidc_client_id": "samverkan",
            "oidc_client_secret": "secret",
        },
        {},
        None,
    )
    hub = bootstrap.build_hub(given)
    server = Server(hub, "127.0.0.1", port)
    await server.start()
    for staff_id, sub in (("1", "asa"), ("2", "bo")):
        identity = f"3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c1{staff_id}"
        grants = frozenset({Grant(Role.ADMINISTRATOR)})
        member = StaffMember(identity, issuer, sub, sub.title(), grants, datetime.now(UTC))
        await hub.group.submit(ChangeStaff("hub", member))
    opened = Browser(server.url)
    yield opened
    await opened.close()
    await server.stop()


async def agree(browser: Browser, sub: str) -> str:
    """At the provider's page, as a person would: the address that the browser is then sent to."""
    address = (await browser.get("/sign-in/start")).headers["Location"]
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data={"sub": sub}, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


async def test_somebody_in_the_table_is_let_in(browser: Browser) -> None:
    answer = await browser.get(await agree(browser, "asa"))
    assert answer.status == 200, answer.text
    assert re.search(r'<a class="who-name"[^>]*>Asa</a>', (await browser.get("/sign-in")).text)


@pytest.mark.parametrize("sub", ["bo", "stranger"])
async def test_too_low_a_level_and_a_stranger_are_not(browser: Browser, sub: str) -> None:
    answer = await browser.get(await agree(browser, sub))
    assert answer.status == 403
    assert "who-name" not in (await browser.get("/sign-in")).text


async def test_who_signs_out_here_is_led_out_at_the_provider_and_back(browser: Browser, issuer: str) -> None:
    await browser.get(await agree(browser, "asa"))
    left = await browser.post("/sign-out", {"csrf": (await browser.get("/sign-in")).token_of_frame})
    form = left.text.split("data-go-on>")[0].rpartition("<form")[2]
    address = html.unescape(form.split('action="')[1].split('"')[0])
    assert address.startswith(issuer)
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', left.text.split("data-go-on>")[1])
    }
    async with aiohttp.ClientSession() as session:
        async with session.post(address, data=fields) as answer:
            assert answer.status == 200
            page = await answer.text()
        assert fields["post_logout_redirect_uri"] in html.unescape(page)
        confirmed = {"redirect_uri": fields["post_logout_redirect_uri"]}
        async with session.post(f"{address}/confirm", data=confirmed, allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"{browser.url}/sign-in"
    assert "who-name" not in (await browser.get("/sign-in")).text
