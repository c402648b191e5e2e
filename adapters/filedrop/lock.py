"""One adapter per state folder: two would send every file twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from adapters.filedrop import folder


class Locked(Exception):
    """Another adapter uses the state folder."""


@contextlib.contextmanager
def hold(state: Path) -> Iterator[None]:
    """Holds the folder. Raises `Locked`. The system lets go when the process ends, however it ends."""
    folder.prepare(state)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked from None
        yield
    finally:
        os.close(descriptor)
