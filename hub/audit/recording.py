"""Events that no message causes: the hub's own begin and end, its rules, who looked at what, who asked too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.records import AuditRow

HUB: Final = "hub"
OPERATOR: Final = "staff:operator"


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Something that the log should tell of the hub, of a unit, or of a person who looks into it (`actor`)."""

    action: AuditAction
    detail: Mapping[str, Any] = field(default_factory=dict)
    actor: str = HUB
    unit: str | None = None
    message_id: str | None = None
    case_id: str | None = None
    type: str | None = None
    code: str | None = None


class EventRecording:
    """The handler of `RecordEvent`; answers with the entry's row."""

    def prepare(self, ledger: Ledger, commands: Sequence[RecordEvent]) -> None:
        return None

    def handle(self, ledger: Ledger, command: RecordEvent) -> AuditRow:
        return ledger.audit(
            command.action,
            command.actor,
            unit=command.unit,
            type=command.type,
            message_id=command.message_id,
            case_id=command.case_id,
            code=command.code,
            detail=command.detail,
        )
