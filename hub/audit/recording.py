"""Events of the hub itself, which no message causes: when it began and ended to answer, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.ledger import Ledger

HUB: Final = "hub"


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Something that the log should tell of the hub."""

    action: AuditAction
    detail: Mapping[str, Any] = field(default_factory=dict)


class EventRecording:
    """The handler of `RecordEvent`."""

    def prepare(self, ledger: Ledger, commands: Sequence[RecordEvent]) -> None:
        return None

    def handle(self, ledger: Ledger, command: RecordEvent) -> None:
        ledger.audit(command.action, HUB, detail=command.detail)
