"""Checks of statistics: no cell tells of so few that they could be known by it."""

from __future__ import annotations

from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode


def small_cells_are_suppressed(asked: Asked) -> Refusal | None:
    """The schema refuses one to four; settings.toml may ask for more. A suppressed cell is written `x`."""
    least = asked.rulebook.settings.statistics_least_count
    small = [
        f"/data/content/cells/{number}/count"
        for number, cell in enumerate(asked.content["cells"])
        if cell["count"] != "x" and 0 < int(cell["count"]) < least
    ]
    return asked.refuse("suppression", RefusalCode.SCHEMA_INVALID, *small) if small else None
