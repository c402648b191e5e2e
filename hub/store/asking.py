"""Putting a question to the database, whatever the dialect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable

from hub.store import rows
from hub.store.wire import Wire


class Asking:
    """What every part of a reader stands on: one wire. Looking for nothing asks nothing."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def _among(self, statement: Executable, keys: Collection[str]) -> Sequence[rows.Cells]:
        return self._rows(statement, {"keys": list(keys)}) if keys else ()

    def _rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[rows.Cells]:
        return self._wire.ask(statement, values)
