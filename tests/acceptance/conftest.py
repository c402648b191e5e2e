"""What the stories share: a town where the clock is the story's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, settings
from tests.support import off_the_loop
from tests.support.town import Town

Build = Callable[[str], Awaitable[Town]]


@dataclass(frozen=True)
class Engine:
    """What the hubs of a story run on, and how many there are."""

    database: bool = False
    broker: bool = False
    hubs: int = 1
    workers: int = 0


ENGINES = {
    "SQLite": Engine(),
    "PostgreSQL": Engine(database=True),
    "SQLite and RabbitMQ": Engine(broker=True),
    "PostgreSQL and RabbitMQ": Engine(database=True, broker=True, workers=1),
    "two hubs and two workers": Engine(database=True, broker=True, hubs=2, workers=2),
}


@pytest.fixture(
    params=[pytest.param(name, marks=() if name == "SQLite" else pytest.mark.slow, id=name) for name in ENGINES]
)
def engine(request: pytest.FixtureRequest) -> tuple[Engine, dict[str, str]]:
    """Every story on every engine; the everyday run tells them on the embedded one."""
    chosen = ENGINES[request.param]
    environ = {}
    if chosen.database:
        environ["SAMVERKAN_DATABASE_URL"] = request.getfixturevalue("database_url")
    if chosen.broker:
        environ["SAMVERKAN_BROKER_URL"] = request.getfixturevalue("broker_url")
        environ["SAMVERKAN_AMQP_UNITS"] = "jt-sydost,sd-farsta"
    return chosen, environ


@pytest.fixture(autouse=True)
def nobody_is_held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No call or page of a hub in this process waits for the store where all others would wait, too."""
    found = off_the_loop.watch(monkeypatch)
    yield
    assert not found, found[:3]


@pytest.fixture
async def build_town(
    tmp_path: Path, session: aiohttp.ClientSession, engine: tuple[Engine, dict[str, str]]
) -> AsyncIterator[Build]:
    """Builds a town in which it is nine in the morning of a day."""
    chosen, environ = engine
    async with AsyncExitStack() as standing:

        async def build(day: str) -> Town:
            given = settings.load({"data_dir": tmp_path / day, "allow_test_numbers": True}, environ, None)
            if environ:
                await bootstrap.prepare(given)
            town = Town(session, given, day, hubs=chosen.hubs, workers=chosen.workers)
            await town.start()
            standing.push_async_callback(town.stop)
            return town

        yield build
