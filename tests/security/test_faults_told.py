"""Every handler forced to fail with a person in its hands: the caller gets a number to ask by, no more (S16)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api import app as app_module
from hub.api import table
from hub.api.routes import Access
from hub.api.server import Server
from hub.web import browser as cookies
from hub.web.pages import PAGES
from tests.support import canary, events, hub_here, persons
from tests.support.agency import operator
from tests.support.browsing import Browser
from tests.support.field import Field

TELLING = ("Traceback", "File ", "sqlite", "SELECT", "/hub/", "site-packages", "Exception", "line ")


async def fail(request: Any) -> Any:
    person = persons.GIL
    number, name = person.number, person.family_name
    raise RuntimeError(f"{name} {number} in SELECT * FROM messages", [number], {"person": name})


def break_every_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPERATIONS", "PAGES"):
        rows = getattr(app_module, name)
        monkeypatch.setattr(app_module, name, tuple(replace(row, handler=fail) for row in rows))


@pytest.fixture
async def failing(
    tmp_path: Path, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Field]:
    """A hub in this process, in which every handler fails. What its log tells of it: tests/unit/hub/telemetry."""
    monkeypatch.setattr(app_module, "log", Mock())
    break_every_handler(monkeypatch)
    given = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True}, {}, None)
    server = Server(bootstrap.build_hub(given), "127.0.0.1", 0)
    await server.start()
    yield Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
    await server.stop()


async def test_a_fault_tells_the_caller_nothing_but_where_to_ask(failing: Field) -> None:
    scanner = canary.Scanner([persons.GIL])
    for operation in table.OPERATIONS:
        path = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), operation.path)
        caller = failing.party("sd-farsta")
        if operation.access not in (Access.UNIT, Access.PUBLIC):
            caller = operator(caller)
        answer = await caller.call(operation.method, path)
        assert (answer.status, answer.code) == (500, "INTERNAL"), operation.path
        assert answer.json["request_id"]
        body = answer.body.decode()
        assert not [word for word in TELLING if word in body], operation.path
        assert not scanner.find(answer.body)


@pytest.fixture
async def failing_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[Access, Browser]]:
    """Somebody who may see each kind of page, signed in at a hub whose every page fails since."""
    monkeypatch.setattr(app_module, "log", Mock())
    given = settings.load({"data_dir": tmp_path / "data", "demo": True}, {}, None)
    server = Server(bootstrap.build_hub(given), "127.0.0.1", 0)
    await server.start()
    desk, oversight, officer = Browser(server.url), Browser(server.url), Browser(server.url)
    for browser, person in ((desk, "samordnare"), (oversight, "admin"), (officer, "dataskydd")):
        assert (await browser.sign_in(person)).status == 200
    await server.stop()
    break_every_handler(monkeypatch)
    server = Server(bootstrap.build_hub(given), "127.0.0.1", 0)
    await server.start()
    for browser in (desk, oversight, officer):
        browser.url = server.url
    yield dict.fromkeys((Access.DESK, Access.STAFF, Access.PUBLIC), desk) | {
        Access.OVERSIGHT: oversight,
        Access.ADMINISTRATOR: oversight,
        Access.DATA_OFFICER: officer,
    }
    for browser in (desk, oversight, officer):
        await browser.close()
    await server.stop()


async def test_a_page_that_fails_tells_nothing_but_where_to_ask(failing_pages: dict[Access, Browser]) -> None:
    scanner = canary.Scanner([persons.GIL])
    for page in PAGES:
        path = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), page.path)
        browser = failing_pages[page.access]
        [secret] = [each.value for each in browser.session.cookie_jar if each.key == cookies.SESSION_COOKIE]
        form = {"csrf": cookies.form_token(secret)}
        shown = await (browser.get(path) if page.method == "GET" else browser.post(path, form))
        assert shown.status == 500, page.path
        assert shown.headers["X-Request-ID"] in shown.text, page.path
        assert not [word for word in TELLING if word in shown.text], page.path
        assert not scanner.find(shown.text.encode())
