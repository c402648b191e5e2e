"""The program as an operator runs it: `python -m hub serve` on a free port, with its output in files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Protocol, Self, TypeVar

from hub import bootstrap, settings

# A start is four seconds of work; a machine that does other things beside may take its time.
START_SECONDS = 120.0
STOP_SECONDS = 60.0

Found = TypeVar("Found")


class Process(Protocol):
    """What is asked of a process that was started."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int) -> None: ...


def spawn(
    program: Sequence[str],
    words: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes],
) -> Process:
    """A Python of its own for each."""
    command = [sys.executable, *program, *words]
    return subprocess.Popen(command, cwd=cwd, env=environ, stdout=output, stderr=errors)


def wait_for(condition: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """What the condition gives, once it is true. For things that happen in another process."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.005)
    return found


class HubProcess:
    """One data directory and the process that runs on it, which may be killed and started again."""

    def __init__(self, folder: Path, *, flags: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.output = folder / "stdout"
        self.errors = folder / "stderr"
        self.url = ""
        self._flags = list(flags)
        self._environ = dict(environ or {})
        self._process: Process | None = None
        self.spawn = spawn
        self._already = 0
        self._tokens: dict[str, str] = {}

    program: tuple[str, ...] = ("-m", "hub")
    words: tuple[str, ...] = ("serve", "--port", "0")

    def start(self) -> Self:
        """Returns when the hub listens."""
        self.launch()
        return self.wait_until_up()

    def launch(self) -> None:
        """Begins to start."""
        self._already = self._launch(self._flags)

    def wait_until_up(self) -> Self:
        self.url = wait_for(lambda: self._find_url(self._already), START_SECONDS, "the hub to start")
        return self

    def _launch(self, flags: Sequence[str]) -> int:
        """Starts the process; how much earlier ones had written."""
        folder = Path(__file__).parents[2]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERKAN_")}
        environ |= {"SAMVERKAN_ALLOW_TEST_NUMBERS": "true", "SAMVERKAN_LOG_FORMAT": "json", "PYTHONPATH": str(folder)}
        environ["SAMVERKAN_LOG_LEVEL"] = "debug"  # whatever may be told is searched for persons at the end of the run
        already = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            words = [*self.words, "--data-dir", str(self.data_dir), *flags]
            self._process = self.spawn(self.program, words, self.folder, environ | self._environ, output, errors)
        return already

    def _find_url(self, already: int) -> str | None:
        assert self._process is not None
        assert self._process.poll() is None, self.errors.read_text()
        for line in self.output.read_bytes()[already:].splitlines():
            if b'"hub_started"' in line:
                return str(json.loads(line)["url"])
        return None

    def token(self, unit: str) -> str:
        """As `samverkan token UNIT` makes it, from the data directory."""
        if unit not in self._tokens:
            given = settings.load({"data_dir": self.data_dir}, {}, None)
            issuer = bootstrap.build_issuer(given)
            self._tokens[unit] = issuer.issue(unit, timedelta(hours=1), self.now())
        return self._tokens[unit]

    def now(self) -> datetime:
        """What the hub's clock shows."""
        return datetime.now(UTC)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """In order, by SIGTERM. The exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """As a power cut would, but for what the disk still holds back."""
        self.signal(signal.SIGKILL)
        self.wait()
