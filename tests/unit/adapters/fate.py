"""Deaths at a chosen moment: before or after any call of the file system or the hub that has an effect."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Death(BaseException):
    """The process is gone. No handler of ours catches it."""


def _kill() -> None:
    raise Death


class Fate:
    """Counts moments; at the one numbered `at` it calls `kill`, and so does everything after it, as the dead do
    not clean up."""

    def __init__(self, at: int | None, kill: Callable[[], None] = _kill) -> None:
        self._at = at
        self._kill = kill
        self.moments: list[str] = []

    def step(self, name: str) -> None:
        self.moments.append(name)
        if self._at is not None and len(self.moments) > self._at:
            self._kill()


class MortalOs:
    """The module `os` in whose effects one can die. Syncing costs time and shows nothing here: it is only counted."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        if not flags & os.O_CREAT:
            return os.open(path, flags, mode)
        return int(self._effect("create", lambda: os.open(path, flags, mode)))

    def fsync(self, descriptor: int) -> None:
        self._fate.step("sync")

    def rename(self, source: Any, target: Any) -> None:
        self._effect("rename", lambda: Path(source).rename(target))

    def unlink(self, path: Any) -> None:
        self._effect("unlink", lambda: Path(path).unlink())

    def link(self, source: Any, target: Any, *, follow_symlinks: bool = True) -> None:
        self._effect("link", lambda: os.link(source, target, follow_symlinks=follow_symlinks))

    def _effect(self, name: str, do: Callable[[], Any]) -> Any:
        self._fate.step(name)
        result = do()
        self._fate.step(f"{name} done")
        return result
