"""What all tests share: hubs as processes, parties that speak HTTP to them, and the search for leaks at the end."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib import request as urlrequest

import aiohttp
import pytest

from hub.telemetry import logging as telemetry
from tests.support import canary, done_once, own_servers, postgres_server, rabbit_server
from tests.support.field import Field
from tests.support.hub_process import HubProcess


@pytest.fixture(scope="session", autouse=True)
def _what_is_the_same_is_done_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        done_once.share(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _an_interrupt_is_an_exception() -> Iterator[None]:
    """As by default. But asyncio sets a handler of its own in place of the default one for each part of a test, and the
    `signal` module describes that handler, the task and whatever it holds in words each time."""
    before = signal.signal(signal.SIGINT, _interrupt)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session", autouse=True)
def every_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What hubs in the process of the tests log, at their most talkative, in a file that `estate` searches."""
    path = tmp_path_factory.mktemp("here") / "stdout"
    hooks = sys.excepthook, threading.excepthook
    with path.open("ab") as stream:
        telemetry.configure("debug", "json", stream)
        sys.excepthook, threading.excepthook = hooks  # pytest's own: an exception that nobody caught fails the test
        yield path


@pytest.fixture(scope="session", autouse=True)
def estate(tmp_path_factory: pytest.TempPathFactory, every_line: Path) -> Iterator[canary.Estate]:
    """No invented person may be found in what the hubs of this run have left behind, wherever a test made them."""
    left = canary.Estate(tmp_path_factory.getbasetemp())
    yield left
    leaks = left.find_leaks()
    assert not leaks, "\n".join(leaks[:50])


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., HubProcess]]:
    """Starts a hub in a new data directory, which stays until the end of the run. Its metrics are kept beside it."""
    started: list[HubProcess] = []

    def start(**parts: object) -> HubProcess:
        hub = HubProcess(tmp_path_factory.mktemp("hub"), **parts)  # type: ignore[arg-type]
        started.append(hub)
        return hub.start()

    yield start
    codes = [finish(hub) for hub in started if hub.is_running]
    assert not any(codes)


def finish(hub: HubProcess) -> int:
    if hub.url:
        keep_metrics(hub)
    return hub.stop()


def keep_metrics(hub: HubProcess) -> Path:
    with urlrequest.urlopen(hub.url + "/metrics", timeout=10) as answer:
        path = hub.folder / "metrics"
        path.write_bytes(answer.read())
    return path


@pytest.fixture(scope="session")
def shared_hub(start_hub: Callable[..., HubProcess]) -> HubProcess:
    """One hub for all tests that leave it running and keep to cases of their own."""
    return start_hub()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


@pytest.fixture
def field(session: aiohttp.ClientSession, shared_hub: HubProcess) -> Field:
    return Field(session, shared_hub)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Outside pytest's own folders, which other users may not enter: PostgreSQL refuses to be root."""
    folder = Path(tempfile.mkdtemp(prefix="samverkan-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[postgres_server.PostgresServer]:
    """One server for the whole run. Without one, tests that ask for it are skipped, and fail where CI=true."""
    server = own_servers.required(lambda: postgres_server.start(servers_folder / "postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rabbit(servers_folder: Path) -> Iterator[rabbit_server.RabbitServer]:
    """One broker for the whole run, as above."""
    server = own_servers.required(lambda: rabbit_server.start(servers_folder / "rabbit"))
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: postgres_server.PostgresServer) -> Iterator[str]:
    """A database with the hub's tables, for this test alone. Whoever is connected at its end has forgotten to close."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def broker_url(rabbit: rabbit_server.RabbitServer) -> Iterator[str]:
    """An empty virtual host, for this test alone."""
    with rabbit.virtual_host() as url:
        yield url
