"""Finding a unit by what a person typed."""

from __future__ import annotations

import difflib
from datetime import date
from typing import TYPE_CHECKING

from hub.cli import terminal
from hub.cli.faults import WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings
    from routing.directory import Directory, Unit


def today() -> date:
    """The day in Stockholm."""
    from hub import clock
    from routing import consent

    return clock.SystemClock().now().astimezone(consent.STOCKHOLM).date()


def require_unit(settings: Settings, unit_id: str) -> Unit:
    """The unit with this id, with a note when it is closed. Raises `WrongUse` with names that are close."""
    from routing import directory

    known = directory.load(settings.directory_dir)
    unit = known.find_unit(unit_id)
    if unit is None:
        raise WrongUse(f"There is no unit {unit_id}{_hint(known, unit_id)}")
    if not unit.is_open(today()):
        heirs = f" Its successor: {', '.join(unit.successors)}." if unit.successors else ""
        terminal.note(f"The unit {unit_id} is not open today.{heirs}")
    return unit


def _hint(known: Directory, name: str) -> str:
    alias = known.find_by_name(name, today())
    if alias is not None:
        return f"; did you mean {alias.unit_id}?"
    near = close_to(name.lower(), [unit.unit_id for unit in known.list_units()])
    return f"; did you mean {near}?" if near else "; `samverkan party list` shows them all."


def close_to(name: str, known: list[str]) -> str:
    """Up to three names that are close to this one, as words; empty when none is."""
    # A slip of one letter leaves no doubt; otherwise several may be meant.
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
    near = near or difflib.get_close_matches(name, known, n=3, cutoff=0.7)
    return " or ".join([", ".join(near[:-1]), near[-1]] if len(near) > 1 else near)
