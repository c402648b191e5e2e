"""What the tests' own servers have in common: programs that are found or installed, and processes that end with us.

In this order: what `SAMVERKAN_TEST_*` names; a server program that is installed, started as an instance of our own; the
distribution's package, where we are root; else the test says why it is skipped. With CI=true it fails instead.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

START_SECONDS = 120.0
STOP_SECONDS = 60.0


Server = TypeVar("Server")


class Missing(Exception):
    """The server cannot be had here. The text says why."""


def required(start: Callable[[], Server]) -> Server:
    """What `start` gives; without it the test is skipped with the reason, and fails in continuous integration."""
    try:
        return start()
    except Missing as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason} (CI=true: nothing is skipped)")
        pytest.skip(str(reason))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_program(name: str, folders: Sequence[str], package: str) -> Path:
    """The newest program of this name in the folders (patterns from the root). Raises `Missing`."""
    found = _look(name, folders)
    if found is None:
        install(package)
        found = _look(name, folders)
    if found is None:
        raise Missing(f"{package} is installed, but has no {name}")
    return found


def _look(name: str, folders: Sequence[str]) -> Path | None:
    found = [path / name for folder in folders for path in Path("/").glob(folder) if (path / name).exists()]
    return max(found, default=None)


@functools.cache
def install(package: str) -> None:
    """By the distribution, without starting its service. Raises `Missing`."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{package} is not installed, and only root with apt-get could install it")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        for words in (["update"], ["install", "--yes", "--no-install-recommends", package]):
            # Another installation may be under way on this machine.
            call = ["apt-get", "--quiet=2", "-o", "DPkg::Lock::Timeout=120", *words]
            done = subprocess.run(call, env=environ, capture_output=True, text=True, timeout=600)
            if done.returncode:
                raise Missing(f"apt-get {words[0]} failed: {done.stderr.strip()[-300:]}")
    except subprocess.TimeoutExpired:
        raise Missing(f"apt-get gave {package} no end within ten minutes") from None
    finally:
        if ours:
            policy.unlink()


def make_folder(base: Path, user: str | None) -> Path:
    """A folder that only this server's user reads."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        shutil.chown(base, user, pwd.getpwnam(user).pw_gid)
    return base


def server_user(wanted: str) -> str | None:
    """Whom a server runs as that refuses to be root; None when we are somebody else already. Raises `Missing`."""
    if os.geteuid() != 0:
        return None
    for name in (wanted, "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Missing(f"there is no user {wanted}")


class ServerProcess:
    """One server that ends with this process, however that ends."""

    def __init__(
        self, command: Sequence[str], *, output: Path, environ: Mapping[str, str] | None = None, user: str | None = None
    ) -> None:
        self._command = [*ending_with_us(user), *command]
        self._environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(environ or {})}
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a signal to it reaches all of it
                cwd="/",
            )

    def wait_until(self, is_ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if not self.is_running:
                raise Missing(f"{what} ended at once: {self._output.read_text(errors='replace')[-500:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise Missing(f"{what} was not ready within {START_SECONDS:.0f} s")
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """To the server and all that it has started."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.send(signal.SIGKILL)  # what it may have left behind


def ending_with_us(user: str | None) -> list[str]:
    if not shutil.which("setpriv"):
        return [] if user is None else ["runuser", "-u", user, "--"]
    whom = [] if user is None else ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]
    return ["setpriv", *whom, "--pdeathsig", "TERM", "--"]
