"""Two hubs and two workers as processes over one database and one broker, seen as one hub."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from hub import bootstrap, settings
from tests.support.hub_process import START_SECONDS, HubProcess, wait_for


class WorkerProcess(HubProcess):
    """`samverkan worker` on a data directory that others share."""

    words = ("worker",)

    def wait_until_up(self) -> Self:
        wait_for(self._has_started, START_SECONDS, "the worker to start")
        return self

    def _has_started(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.errors.read_text()
        return b'"worker_started"' in self.output.read_bytes()[self._already :]


class HubCluster:
    """Each call goes to another hub. `environ` names the database, the broker and the units with queues."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *, hubs: int = 2, workers: int = 2) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.environ = {"SAMVERKAN_LOG_FORMAT": "json", **environ}
        self.hubs = [self._member(HubProcess, f"hub-{number}") for number in range(hubs)]
        self.workers = [self._member(WorkerProcess, f"worker-{number}") for number in range(workers)]
        self._turns = itertools.cycle(self.hubs)

    def _member(self, kind: type[HubProcess], name: str) -> HubProcess:
        place = self.folder / name
        place.mkdir(parents=True)
        member = kind(place, environ=self.environ)
        member.data_dir = self.data_dir
        return member

    def start(self) -> HubCluster:
        given = settings.load({"data_dir": self.data_dir}, self.environ, None)
        asyncio.run(bootstrap.prepare(given))
        members = (*self.hubs, *self.workers)
        for member in members:
            member.launch()
        for member in members:
            member.wait_until_up()
        return self

    @contextlib.contextmanager
    def running(self) -> Iterator[HubCluster]:
        """Started, and stopped in the end; each must go in order."""
        try:
            yield self.start()
        finally:
            codes = self.stop()
        assert not any(codes)

    @property
    def url(self) -> str:
        return next(self._turns).url

    def token(self, unit: str) -> str:
        return self.hubs[0].token(unit)

    def list_log(self, event: str) -> list[dict[str, object]]:
        """What all of them have logged under this name."""
        lines = [line for each in (*self.hubs, *self.workers) for line in each.output.read_bytes().splitlines()]
        return [json.loads(line) for line in lines if f'"{event}"'.encode() in line]

    def stop(self) -> list[int]:
        """The exit codes of those that were still running."""
        running = [each for each in (*self.hubs, *self.workers) if each.is_running]
        for each in running:
            each.signal(signal.SIGTERM)
        return [each.wait() for each in running]
