"""The two engines that are measured: what a hub is told to run on, and the servers that stand behind it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub import bootstrap, settings
from tests.support import own_servers, postgres_server, rabbit_server

EMBEDDED, DISTRIBUTED = "embedded", "distributed"
NAMES = (EMBEDDED, DISTRIBUTED)


class NotHere(Exception):
    """This engine's servers cannot be had on this machine. The text says why."""


@dataclass(slots=True)
class Engine:
    """`new_environ` makes what a hub is told for one scene: an empty database and an empty virtual host each time."""

    name: str
    facts: dict[str, str] = field(default_factory=dict)
    postgres: postgres_server.PostgresServer | None = None
    rabbit: rabbit_server.RabbitServer | None = None

    @contextmanager
    def scene(self, folder: Path) -> Iterator[dict[str, str]]:
        """What a hub on `folder`/data is told, with everything migrated and declared. Empty for the embedded engine."""
        if self.postgres is None or self.rabbit is None:
            yield {}
            return
        with self.postgres.database(empty=True) as database, self.rabbit.virtual_host() as broker:
            environ = {"SAMVERKAN_DATABASE_URL": database, "SAMVERKAN_BROKER_URL": broker}
            given = settings.load({"data_dir": folder / "data"}, environ, None)
            asyncio.run(bootstrap.prepare(given))
            yield environ

    @contextmanager
    def database(self) -> Iterator[str | None]:
        """For a floor: where its rows go, None for a file of its own."""
        if self.postgres is None:
            yield None
            return
        with self.postgres.database() as url:
            yield url


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    """Starts servers of our own where the environment names none (`SAMVERKAN_TEST_...`). Raises `NotHere`."""
    if name == EMBEDDED:
        yield Engine(name)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as running:
        Path(folder).chmod(0o755)  # the servers run as users of their own
        try:
            postgres = postgres_server.start(Path(folder) / "postgres")
            running.callback(postgres.stop)
            rabbit = rabbit_server.start(Path(folder) / "rabbit")
            running.callback(rabbit.stop)
        except own_servers.Missing as reason:
            raise NotHere(str(reason)) from None
        yield Engine(name, _versions(postgres, rabbit), postgres, rabbit)


def _versions(postgres: postgres_server.PostgresServer, rabbit: rabbit_server.RabbitServer) -> dict[str, str]:
    overview: Mapping[str, str] = rabbit.call("GET", "/overview")
    return {"postgresql": postgres.version(), "rabbitmq": overview["rabbitmq_version"]}
