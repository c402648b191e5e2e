"""Hubs that start at once: a process that has loaded the program and does nothing, and of which each start is a fork.

A start is what it always is, from the words of the command line on; only that Python finds every module loaded. The
rows of the matrix start hundreds of hubs, and loading was most of their time. Whatever starts must end with the tests:
when they are gone, so is the nest, and so are all that it has hatched.

    python -m tests.faults.nest     # orders come in, pids and exit codes go out, one JSON object per line
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOADED = (
    "uvloop",
    "hub.api.server",
    "hub.bootstrap",
    "hub.cli.main",
    "hub.cli.worker",
    "hub.store.postgres",
    "hub.transport.rabbit",
    "hub.web.frame",
    "tests.faults.faulty_hub",
)
_ORDERS, _NEWS = 0, 1


class Hatched:
    """A process of the nest, as `subprocess.Popen` shows one."""

    def __init__(self) -> None:
        self.pid = 0
        self._code: int | None = None
        self._began, self._ended = threading.Event(), threading.Event()

    def begin(self, pid: int) -> None:
        self.pid = pid
        self._began.set()

    def end(self, code: int) -> None:
        self._code = code
        self._began.set()
        self._ended.set()

    def wait_until_begun(self, seconds: float) -> None:
        if not self._began.wait(seconds):
            raise subprocess.TimeoutExpired("a start in the nest", seconds)

    def poll(self) -> int | None:
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("a process of the nest", timeout or 0.0)
        assert self._code is not None
        return self._code

    def send_signal(self, number: int) -> None:
        if self._code is None:
            os.kill(self.pid, number)


class Nest:
    """The tests' side. One for a whole run."""

    def __init__(self) -> None:
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nest"],
            env=environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._waiting: list[Hatched] = []
        self._hatched: dict[int, Hatched] = {}
        self._lock = threading.Lock()
        self._ear = threading.Thread(target=self._hear, name="nest", daemon=True)
        self._ear.start()

    def spawn(
        self,
        program: Sequence[str],
        words: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        output: Any,
        errors: Any,
    ) -> Hatched:
        """As `hub_process.spawn`; what the program is has been settled."""
        hatched = Hatched()
        order = {"words": list(words), "cwd": str(cwd), "environ": dict(environ)}
        order |= {"output": output.name, "errors": errors.name}
        assert self._process.stdin is not None
        with self._lock:
            self._waiting.append(hatched)
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        hatched.wait_until_begun(60)
        return hatched

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            news = json.loads(line)
            if "code" in news:
                self._hatched.pop(news["pid"]).end(news["code"])
            else:
                self._hatched[news["pid"]] = self._waiting.pop(0)
                self._hatched[news["pid"]].begin(news["pid"])
        for left in (*self._waiting, *self._hatched.values()):
            left.end(-signal.SIGKILL)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._ear.join()
        self._process.stdout.close()


def _load() -> None:
    """Everything that a hub or a worker loads on its way to its first answer."""
    for name in LOADED:
        importlib.import_module(name)
    _read_once()
    gc.collect()
    gc.freeze()  # the collectors of all that is hatched leave it alone, and so its pages are shared


def _read_once() -> None:
    """Schemas, units and rules come from files that no row changes: what was read is what every start would read."""
    from hub import settings
    from routing import directory, rulebook
    from schemas.registry import Registry

    given = settings.load({}, {}, None)
    Registry.load = functools.cache(Registry.load)  # type: ignore[method-assign]
    directory.load = functools.cache(directory.load)
    rulebook.load = functools.cache(rulebook.load)
    Registry.load()
    directory.load(given.directory_dir)
    rulebook.load(given.rules_dir)


class _Brood:
    """The nest's side: whoever lives, by pid."""

    def __init__(self) -> None:
        self._living: set[int] = set()
        self._begun = b""
        self._woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def sit(self) -> dict[str, Any]:
        """Comes back in each process that it hatches, with its order. The nest itself ends here."""
        with selectors.DefaultSelector() as selector:
            selector.register(_ORDERS, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._woken:
                        os.read(self._woken, 4096)
                        self._reap()
                        continue
                    for line in self._orders():
                        pid = os.fork()
                        if pid == 0:
                            return dict(json.loads(line))
                        self._living.add(pid)
                        _tell(pid=pid)

    def _orders(self) -> list[bytes]:
        read = os.read(_ORDERS, 1 << 20)
        if not read:
            for pid in self._living:
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        *whole, self._begun = (self._begun + read).split(b"\n")
        return whole

    def _reap(self) -> None:
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._living.discard(pid)
            _tell(pid=pid, code=os.waitstatus_to_exitcode(status))


def _tell(**news: int) -> None:
    os.write(_NEWS, json.dumps(news).encode() + b"\n")


def _become(order: dict[str, Any]) -> None:
    """What a fresh process would find: its folder, environment, output and words."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environ"])
    null = os.open(os.devnull, os.O_RDONLY)
    for path, number in ((order["output"], 1), (order["errors"], 2)):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(null, 0)
    os.close(null)
    sys.argv = ["samverkan", *order["words"]]


if __name__ == "__main__":
    _load()
    _become(_Brood().sit())
    from tests.faults import faulty_hub

    faulty_hub.main()
