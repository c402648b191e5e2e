"""The way back of a business receipt: `<delivery id>.handled.json` says what came of a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, get_args

from hub.client.client import Outcome
from schemas import registry, strict_json

_NAME: Final = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.handled\.json", re.IGNORECASE
)
_OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class NotAnOutcome(Exception):
    """The file does not say what came of the delivery. `faults` hold no values."""

    def __init__(self, *faults: registry.Fault) -> None:
        super().__init__("not an outcome")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one delivery."""

    outcome: Outcome
    note: str | None


def find_delivery(name: str) -> str | None:
    """The delivery that a file reports on; None for every other name."""
    match = _NAME.fullmatch(name)
    return match[1].lower() if match else None


def read(raw: bytes) -> Report:
    """Raises `strict_json.NotJson` and `NotAnOutcome`; how long a note may be is for the hub to say."""
    document = strict_json.loads(raw)
    if not isinstance(document, dict) or not document.keys() <= {"outcome", "note"}:
        raise NotAnOutcome(registry.Fault("", "type", "Ska vara ett objekt med outcome och eventuellt note."))
    note = document.get("note")
    if note is not None and not isinstance(note, str):
        raise NotAnOutcome(registry.Fault("/note", "type", "Ska vara en text."))
    for outcome in _OUTCOMES:
        if document.get("outcome") == outcome:
            return Report(outcome, note)
    raise NotAnOutcome(registry.Fault("/outcome", "enum", f"Ska vara en av {', '.join(_OUTCOMES)}."))
