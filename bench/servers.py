"""The processes that are measured: floor, hub, another system; each beside the load generator on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import waiting
from engines import Engine

from hub import bootstrap, settings
from hub.api.server import SETTLED_SECONDS

HERE = Path(__file__).parent
LOCAL = "127.0.0.1"


@dataclass(slots=True)
class Served:
    """A server that listens. `data_dir` only where it is a hub."""

    pid: int
    port: int
    data_dir: Path | None = None
    worker: int | None = None
    """The process that delivers, where that is another one."""
    _tokens: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def wait_until_settled(self) -> None:
        """A program in service has long done what it does some seconds after its start."""
        waiting.until(lambda: time.monotonic() > self._started + SETTLED_SECONDS + 1, 60, "the server to settle")

    @property
    def host(self) -> str:
        return f"{LOCAL}:{self.port}"

    def token(self, unit: str) -> str:
        """As `samverkan token` makes it, for an hour."""
        if unit not in self._tokens:
            issuer = bootstrap.build_issuer(settings.load({"data_dir": self.data_dir}, {}, None))
            self._tokens[unit] = issuer.issue(unit, timedelta(hours=1), datetime.now(UTC))
        return self._tokens[unit]

    def cpu_seconds(self) -> float:
        """User and system time so far of all its processes, from /proc (Linux)."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, self.worker) if pid is not None)

    def memory_mib(self, which: str = "VmHWM") -> float:
        """The most (`VmHWM`) or what is now (`VmRSS`) in memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def process(words: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """A program of this folder that prints the port it listens on: its process and port."""
    started = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})}
    )
    try:
        assert started.stdout is not None
        yield started.pid, int(started.stdout.readline())
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


@contextmanager
def floor(engine: Engine) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder, engine.database() as url:
        words = [str(HERE / "floor.py"), url or str(Path(folder) / "floor.sqlite3")]
        with process(words) as (pid, port):
            yield Served(pid, port)


@contextmanager
def hub(folder: Path, environ: Mapping[str, str]) -> Iterator[Served]:
    """A hub on `folder`/data, told `environ`. Where that names a broker, a worker runs beside it."""
    data_dir = folder / "data"
    with ExitStack() as running:
        has_worker = "SAMVERKAN_BROKER_URL" in environ
        worker = running.enter_context(_worker(data_dir, environ)) if has_worker else None
        pid, port = running.enter_context(process([str(HERE / "hub_process.py"), str(data_dir)], environ))
        yield Served(pid, port, data_dir, worker)


@contextmanager
def fresh_hub(engine: Engine) -> Iterator[Served]:
    """A hub of this engine in which nothing has happened yet."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        environ = running.enter_context(engine.scene(folder))
        yield running.enter_context(hub(folder, environ))


@contextmanager
def _worker(data_dir: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """`samverkan worker`, its log beside the data."""
    words = [sys.executable, "-m", "hub", "worker", "--data-dir", str(data_dir)]
    with (data_dir.parent / "worker.log").open("wb") as log:
        told = {**os.environ, "SAMVERKAN_LOG_FORMAT": "json", **environ}
        started = subprocess.Popen(words, stdout=log, stderr=log, env=told, cwd=HERE.parent)
    try:
        written = data_dir.parent / "worker.log"
        waiting.until(lambda: b'"worker_started"' in written.read_bytes(), 60, "the worker to start")
        yield started.pid
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)
