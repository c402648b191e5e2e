"""Hubs in the process of the test, with the limits that a test is about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from hub import settings
from tests.support.town import Town

BuildTown = Callable[..., Awaitable[Town]]


@pytest.fixture
async def build_town(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[BuildTown]:
    """Builds a hub in this process, on a Monday at nine, with these settings."""
    async with AsyncExitStack() as standing:

        async def build(**given: object) -> Town:
            chosen = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True, **given}, {}, None)
            town = Town(session, chosen, "2026-02-16")
            await town.start()
            standing.push_async_callback(town.stop)
            return town

        yield build
