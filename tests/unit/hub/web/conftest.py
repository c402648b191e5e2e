"""A demonstration hub in this process, with a clock that tests move, and browsers at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.clock import FixedClock
from hub.service import Hub
from tests.support import events, judging, off_the_loop
from tests.support.browsing import Browser

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_is_held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No page of these tests waits for the store where all others would wait, too."""
    found = off_the_loop.watch(monkeypatch)
    yield
    assert not found, found[:3]


class Pages:
    """The hub and its address."""

    def __init__(self, hub: Hub, server: Server, clock: FixedClock) -> None:
        self.hub = hub
        self.server = server
        self.clock = clock
        self.browsers: list[Browser] = []

    def browser(self) -> Browser:
        self.browsers.append(Browser(self.server.url))
        return self.browsers[-1]

    async def signed_in(self, person: str) -> Browser:
        browser = self.browser()
        answer = await browser.sign_in(person)
        assert answer.status == 200, answer.text
        return browser

    async def stop(self) -> None:
        """As at the end of the test; twice is fine."""
        while self.browsers:
            await self.browsers.pop().close()
        await self.server.stop()

    def pass_time(self, step: timedelta) -> None:
        self.clock.advance(step)

    def actions(self) -> list[str]:
        from hub.store.records import AuditQuery

        return [row.action for row in self.hub.reader.list_audit(AuditQuery(limit=1000))]


@pytest.fixture
async def build_pages(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Pages]]]:
    built: list[Pages] = []

    async def build(**flags: Any) -> Pages:
        clock = FixedClock(START)
        given = settings.load({"data_dir": tmp_path / f"hub{len(built)}", "demo": True} | flags, {}, None)
        rules = None if "rules_dir" in flags else judging.rules()
        hub = bootstrap.build_hub(given, clock=clock, registry=events.catalogue(), rulebook=rules)
        server = Server(hub, "127.0.0.1", 0)
        await server.start()
        built.append(Pages(hub, server, clock))
        return built[-1]

    yield build
    for pages in built:
        await pages.stop()


@pytest.fixture
async def pages(build_pages: Callable[..., Awaitable[Pages]]) -> Pages:
    return await build_pages()
