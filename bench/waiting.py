"""Waiting for a condition in another process: asked again and again, with a limit and a name for what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_PAUSE = 0.05


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns once the condition holds. Raises `TimeoutError` with what was waited for."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        pause.wait(_PAUSE)
