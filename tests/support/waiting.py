"""Waiting for a condition, never for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0


async def until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition gives (it may be asynchronous), once it is true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert loop.time() < deadline, f"waited {PATIENCE} s in vain for {what}"
        await asyncio.sleep(0.005)
