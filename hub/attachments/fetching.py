"""A recipient fetches a file of a copy: everything is decided again, as for the copy itself, and logged before a byte
leaves. What the copy may not bring, or never brought, is not there: one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.attachments.sealing import FileKey, open_key
from hub.audit.entry import AuditAction
from hub.delivery.reading import DeliveryReading, Gone, NotYours, ReadDelivery
from hub.ledger import Ledger
from hub.store.attachments import StoredAttachment
from hub.store.records import DeliveryView, MessageKey
from routing.decision import Ruling


@dataclass(frozen=True, slots=True)
class FetchAttachment:
    """`caller` wants a file of its copy."""

    caller: str
    delivery_id: str
    attachment_id: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The file, and what opens its parts."""

    file: StoredAttachment
    key: FileKey


class AttachmentFetching:
    """The handler of `FetchAttachment`."""

    def __init__(self, reading: DeliveryReading) -> None:
        self._reading = reading

    def prepare(self, ledger: Ledger, commands: Sequence[FetchAttachment]) -> None:
        self._reading.prepare(ledger, [ReadDelivery(each.caller, each.delivery_id) for each in commands])
        ledger.attachments.prepare({each.attachment_id for each in commands})

    def handle(self, ledger: Ledger, command: FetchAttachment) -> Fetched | Gone | NotYours:
        found = self._reading.rule(ledger, command.caller, command.delivery_id)
        if isinstance(found, (Gone, NotYours)):
            return found
        view, ruling, lane = found.view, found.ruling, found.key
        file = ledger.attachments.find(command.attachment_id)
        if file is None or command.attachment_id not in ruling.attached or _message_of(file) != view.message.key:
            return NotYours()
        _audit(ledger, view, ruling, file)
        return Fetched(file, open_key(file, lane))


def _message_of(file: StoredAttachment) -> MessageKey | None:
    if file.source is None or file.message_id is None:
        return None
    return MessageKey(file.source, file.message_id)


def _audit(ledger: Ledger, view: DeliveryView, ruling: Ruling, file: StoredAttachment) -> None:
    ledger.audit(
        AuditAction.ATTACHMENT_FETCHED,
        view.delivery.unit_id,
        unit=view.delivery.unit_id,
        type=view.message.type,
        message_id=view.message.key.message_id,
        case_id=view.message.case_id,
        detail={
            "attachment": file.attachment_id,
            "categories": sorted(ruling.attached[file.attachment_id]),
            "rule": ruling.rule,
        },
    )
