"""The fault matrix: what is random comes from one seed, what happens goes into a file, and one judge reads it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.faults import bugs, history, worlds
from tests.faults.nest import Nest
from tests.support import own_servers, postgres_server, rabbit_server
from tests.support.hub_cluster import HubCluster

ROOT = Path(__file__).parents[2]
LONGEST = tuple(f"test_row_{number}_" for number in (1, 18, 15, 19, 6, 11, 4))
NIGHT = os.environ.get("NIGHT") == "1"


def runs(in_ci: int, at_night: int) -> int:
    """How often a row is run: the counts of the matrix; with a planted bug a few are enough. FAULTS_RUNS is a bound."""
    most = int(os.environ.get("FAULTS_RUNS", "6" if bugs.VARIABLE in os.environ else "1000000"))
    return min(at_night if NIGHT else in_ci, most)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest rows first, so that side by side with others they do not end last."""
    items.sort(key=lambda item: not item.name.startswith(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def planted() -> None:
    """A bug that the environment names is in this process too."""
    bugs.seed()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    seed = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(2**32))
    request.node.user_properties.append(("seed", seed))
    return random.Random(seed)


@pytest.fixture
def record(request: pytest.FixtureRequest, tmp_path: Path, chance: random.Random) -> Iterator[history.History]:
    """The history of a test, which is judged at its end."""
    written = history.History(tmp_path / "history.jsonl")
    yield written
    written.close()
    seed = dict(request.node.user_properties)["seed"]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    print(f"FAULTS_SEED={seed} commit={commit} history={written.path}")  # noqa: T201 - shown when it fails
    faults = history.judge(history.read(written.path))
    assert not faults, f"{len(faults)} faults, the first: {faults[:5]}"


@pytest.fixture
async def opened() -> AsyncIterator[aiohttp.ClientSession]:
    async with worlds.session() as session:
        yield session


@pytest.fixture(scope="session")
def nest() -> Iterator[Nest]:
    """Where the hubs of these tests come from."""
    nest = Nest()
    yield nest
    nest.close()


@pytest.fixture
def start_faulty(tmp_path: Path, nest: Nest) -> Iterator[Callable[..., worlds.FaultyHub]]:
    """A hub with planted faults; with `FAULTS_DISK="disk"` and `FAULTS_CLOCK="clock"` these are in the test's hands."""
    started: list[worlds.FaultyHub] = []

    def start(**environ: str) -> worlds.FaultyHub:
        hub = worlds.FaultyHub(tmp_path / f"hub-{len(started)}", environ=environ)
        hub.spawn = nest.spawn
        hub.folder.mkdir(exist_ok=True)
        hub.set_clock(timedelta(0))
        started.append(hub)
        hub.start()
        return hub

    yield start
    for hub in started:
        if hub.is_running:
            hub.kill()


@pytest.fixture(scope="session")
def own_broker(servers_folder: Path) -> Iterator[rabbit_server.OwnRabbit]:
    server = own_servers.required(lambda: rabbit_server.OwnRabbit(servers_folder / "faults-rabbit").start())
    yield server
    server.stop()


@pytest.fixture
def broker(own_broker: rabbit_server.OwnRabbit) -> rabbit_server.OwnRabbit:
    """A broker of this suite's own: it is killed and stopped. A row that failed with it so leaves it running here."""
    own_broker.process.send(signal.SIGCONT)
    if not own_broker.process.is_running:
        own_broker.start()
    return own_broker


@pytest.fixture
def own_postgres(servers_folder: Path, tmp_path: Path) -> Iterator[postgres_server.OwnPostgres]:
    """A server that may be crashed."""
    folder = servers_folder / f"faults-{tmp_path.name}"
    server = own_servers.required(lambda: postgres_server.OwnPostgres(folder).start())
    yield server
    server.stop()


@pytest.fixture
async def cluster(
    own_postgres: postgres_server.OwnPostgres, broker: rabbit_server.OwnRabbit, tmp_path: Path, nest: Nest
) -> AsyncIterator[HubCluster]:
    """Two hubs and two workers, which may carry a planted bug."""
    with own_postgres.database() as database, broker.virtual_host() as url:
        environ = {"SAMVERKAN_DATABASE_URL": database, "SAMVERKAN_BROKER_URL": url}
        cluster = HubCluster(tmp_path / "cluster", environ)
        for member in (*cluster.hubs, *cluster.workers):
            member.spawn = nest.spawn
        try:
            yield await asyncio.to_thread(cluster.start)
        finally:
            for member in (*cluster.hubs, *cluster.workers):
                if member.is_running:
                    member.kill()
