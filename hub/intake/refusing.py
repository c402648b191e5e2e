"""A refused message: one entry in the log, and an answer that repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hub.audit.entry import AuditAction
from hub.intake import receipts
from hub.intake.receiving import NotAccepted
from hub.ledger import Ledger
from hub.store.records import AuditRow
from routing.case import Case
from routing.decision import Decision
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from schemas.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    """A message was refused before it could be judged; only the log hears of it."""

    sender: str
    message_id: str | None
    type: str | None
    refused: NotAccepted
    case: Case | None = None
    purpose: str | None = None
    person_key: str | None = None

    @classmethod
    def of(cls, message: Message, refused: NotAccepted, case: Case | None, *, silent: bool = False) -> RecordRefusal:
        """`case` is the one that the message speaks of; it is told only where the sender is a party to it.

        The person's register extract finds the refusal; not a `silent` one, where nothing may be known of anybody, nor
        one that told of protection."""
        known = case if case is not None and case.is_party(message.sender) else None
        person_key = message.person_key or (known.person_key if known is not None else None)
        if silent or refused.refusal.code is RefusalCode.PROTECTED_IDENTITY:
            person_key = None
        return cls(message.sender, message.message_id, message.type, refused, known, message.purpose, person_key)


def not_accepted(decision: Decision, refusal: Refusal) -> NotAccepted:
    rows = tuple(receipts.recipient_row(ruling) for ruling in decision.rulings if not ruling.unseen)
    return NotAccepted(refusal, rows)


class RefusalRecording:
    """The handler of `RecordRefusal`."""

    def prepare(self, ledger: Ledger, commands: Sequence[RecordRefusal]) -> None:
        return None

    def handle(self, ledger: Ledger, command: RecordRefusal) -> None:
        record_refusal(ledger, command)


def record_refusal(ledger: Ledger, command: RecordRefusal) -> AuditRow:
    """A refusal leaves one entry in the log and nothing else: no body, no number. Where a party was refused, the entry
    is found by its case, so that the whole history of a case can be looked up."""
    refused = command.refused
    row = ledger.audit(
        AuditAction.MESSAGE_REFUSED,
        command.sender,
        type=command.type,
        message_id=command.message_id,
        case_id=command.case.case_id if command.case else None,
        code=refused.refusal.code.value,
        detail={
            "rule": refused.refusal.rule,
            "purpose": command.purpose,
            "recipients": [
                {name: row[name] for name in ("unit", "verdict", "code", "rule")} for row in refused.recipients
            ],
            "faults": [[fault.pointer, fault.keyword] for fault in refused.faults],
        },
    )
    if command.person_key is not None:
        ledger.changes.person_entries.append((command.person_key, row.index))
    return row
