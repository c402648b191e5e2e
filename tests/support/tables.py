"""Tables in `tests/tables`: what was agreed, as data. A test reads one and compares it with what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "tables"

Row = dict[str, Any]


def rows(name: str, table: str = "row") -> list[Row]:
    """The rows of one table of a file."""
    content = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    found: list[Row] = content[table]
    return found
