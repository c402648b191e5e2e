"""What the stories share: a town where the clock is the story's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from hub import settings
from tests.support.town import Town

Build = Callable[[str], Awaitable[Town]]


@pytest.fixture
async def build_town(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[Build]:
    """Builds a town in which it is nine in the morning of a day."""
    async with AsyncExitStack() as standing:

        async def build(day: str) -> Town:
            given = settings.load({"data_dir": tmp_path / day, "allow_test_numbers": True}, {}, None)
            town = Town(session, given, day)
            await town.server.start()
            standing.push_async_callback(town.server.stop)
            return town

        yield build
