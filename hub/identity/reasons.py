"""Why somebody looks: a closed list, because what the log holds can never be taken back and must tell of nobody.

A reference (a diary number, say) may stand beside it; a text with spaces, or one that holds a personal number, may not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.telemetry import redaction

REASONS: Final[Mapping[str, str]] = {
    "supervision": "Tillsyn och egenkontroll",
    "fault_finding": "Felsökning",
    "operation": "Löpande förvaltning",
    "complaint": "Klagomål eller anmälan",
    "incident": "Incident",
    "register_extract": "Begäran om registerutdrag",
    "records_request": "Begäran om allmän handling",
    "follow_up": "Uppföljning av verksamheten",
}
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:-]{0,39}")


class ReasonWrong(ValueError):
    """No reason, or one that cannot stand in the log. `field` is `reason` or `reference`."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody looks, as the log keeps it."""

    code: str
    reference: str = ""

    @property
    def title(self) -> str:
        return REASONS[self.code]

    def detail(self) -> dict[str, str]:
        """For the entry in the log."""
        return {"reason": self.code} | ({"reference": self.reference} if self.reference else {})


OPERATION: Final = Reason("operation")
"""Of the daily work, where no other reason is given."""


def read(code: str | None, reference: str | None) -> Reason:
    """Raises `ReasonWrong`."""
    if code is None or code not in REASONS:
        raise ReasonWrong("reason")
    reference = (reference or "").strip()
    if reference and (_REFERENCE.fullmatch(reference) is None or redaction.clean_text(reference) != reference):
        raise ReasonWrong("reference")
    return Reason(code, reference)
