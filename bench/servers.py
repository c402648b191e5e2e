"""The processes that are measured: floor, hub, another system; each beside the load generator on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub import bootstrap, settings

HERE = Path(__file__).parent
LOCAL = "127.0.0.1"


@dataclass(slots=True)
class Served:
    """A server that listens. `data_dir` only where it is a hub."""

    pid: int
    port: int
    data_dir: Path | None = None
    _tokens: dict[str, str] = field(default_factory=dict)

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
        """User and system time so far, from /proc (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, which: str = "VmHWM") -> float:
        """The most (`VmHWM`) or what is now (`VmRSS`) in memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


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
def floor(folder: Path) -> Iterator[Served]:
    with process([str(HERE / "floor.py"), str(folder / "floor.sqlite3")]) as (pid, port):
        yield Served(pid, port)


@contextmanager
def hub(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A hub on `folder`/data. `environ` names other servers than the embedded ones (SAMVERKAN_DATABASE_URL ...)."""
    data_dir = folder / "data"
    with process([str(HERE / "hub_process.py"), str(data_dir)], environ) as (pid, port):
        yield Served(pid, port, data_dir)
