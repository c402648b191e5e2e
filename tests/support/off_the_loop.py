"""Who asks the store where others wait meanwhile: on PostgreSQL that would be the network, on the event loop.

Looked for on the embedded store, where `ask` runs its work at once and everything would do: what is asked of the reader
and not inside of `ask` is found, with the lines that asked.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from hub.store import asking, sqlite

# Every request comes through the first, and what a hub does by itself every now and then through the second.
GATES = ("/hub/api/app.py", "/hub/rounds.py")


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions of pages, calls and rounds that were asked on the loop, from now on."""
    found: list[str] = []
    asked: list[bool] = []
    rows = asking.Asking._rows

    async def ask(store: Any, work: Callable[[], Any]) -> Any:
        asked.append(True)
        try:
            return work()
        finally:
            asked.pop()

    def watched(reader: Any, *question: Any) -> Any:
        if not asked and isinstance(reader, sqlite.ReadOnlySqlite) and (places := _places()):
            found.append(places)
        return rows(reader, *question)

    monkeypatch.setattr(sqlite.SqliteStore, "ask", ask)
    monkeypatch.setattr(asking.Asking, "_rows", watched)
    return found


def _places() -> str:
    stack = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_stack(sys._getframe())]
    places = [(name, line) for name, line in stack if "/hub/" in name and "/tests/" not in name]
    if not any(name.endswith(GATES) for name, _ in places):
        return ""
    return " < ".join(f"{name.rpartition('/hub/')[2]}:{line}" for name, line in places)
