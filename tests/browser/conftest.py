"""Debian's Chromium, driven by Playwright, at a hub in this process. One window per person, with its own cookies."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from hub import bootstrap, settings
from hub.api.server import Server
from hub.clock import FixedClock
from tests.browser.window import Office

# Nothing but the hub: no account, no updates, no names looked up, no other protocol.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
INSTALL_SECONDS = 600
NINE = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def find_chromium() -> str | None:
    """Where it is; installed now where that is possible."""
    found = shutil.which("chromium")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": INSTALL_SECONDS}
        if subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], **quiet).returncode:  # type: ignore[call-overload]
            subprocess.run(["apt-get", "update"], **quiet)  # type: ignore[call-overload]
            subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], **quiet)  # type: ignore[call-overload]
        found = shutil.which("chromium")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    found = find_chromium()
    if found is None:
        reason = "Chromium is not installed, and cannot be: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        await started.close()


@pytest.fixture
async def office(browser: Browser, tmp_path: Path) -> AsyncIterator[Office]:
    """A demonstration hub on a morning in March, and people who come to it."""
    async with opened(browser, tmp_path) as office:
        yield office


@asynccontextmanager
async def opened(browser: Browser, folder: Path, **flags: object) -> AsyncIterator[Office]:
    """As the fixture, with settings of the test's own."""
    clock = FixedClock(NINE)
    # What comes due is told when a test asks for it, not in the middle of another step.
    usual = {"data_dir": folder / "hub", "demo": True, "deadline_sweep_seconds": 86_400}
    hub = bootstrap.build_hub(settings.load(usual | flags, {}, None), clock=clock)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    office = Office(hub, server, clock, browser)
    yield office
    await office.close()
    await server.stop()
    assert office.faults == []
