"""A message takes its files along: they must be the sender's own, examined, and of no other message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.attachments.sealing import move, upload_lane
from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.attachments import AttachmentState
from hub.store.records import StoredMessage
from hub.vault import SealingKey
from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.rulebook import Rulebook
from routing.vocabulary import MESSAGE_DATA
from schemas.registry import Fault

POINTER = "/attachments"
_RULE = "envelope/attachments"
REFUSED = Refusal(RefusalCode.SCHEMA_INVALID, _RULE, None, (POINTER,))
NOT_THERE = Fault(POINTER, "attachment", "En bilaga finns inte, är inte färdig eller hör till ett annat meddelande.")
NOT_WITH_THIS = Fault(POINTER, "attachment", "Den här typen av meddelande kan inte ha bilagor.")
NO_CATEGORY = Fault(POINTER, "attachment", "Varje bilaga anger de informationskategorier som den innehåller.")


def find_fault(message: Message, rulebook: Rulebook) -> Fault | None:
    """Whether such files may go with such a message at all; who may get them is decided with the rest of it."""
    rule = rulebook.find_type(message.type)
    if rule is None or rule.uniform or rule.registers is not None:
        return NOT_WITH_THIS  # what is answered alike for everybody must not differ by what lies here
    held = frozenset(rulebook.categories) - {MESSAGE_DATA}
    return None if all(categories <= held for categories in message.attached.values()) else NO_CATEGORY


def prepare(ledger: Ledger, messages: Sequence[Message]) -> None:
    """Nothing is asked when no message brings a file."""
    bringing = [message for message in messages if message.attached]
    ledger.attachments.prepare({name for message in bringing for name in message.attached})
    ledger.prepare_data_keys({upload_lane(message.sender) for message in bringing})


def are_there(ledger: Ledger, message: Message) -> bool:
    """Whether the sender has all of these files ready, and no message has taken one of them along."""
    files = [ledger.attachments.find(name) for name in message.attached]
    return all(
        file is not None
        and file.unit_id == message.sender
        and file.state is AttachmentState.READY
        and file.message_id is None
        for file in files
    )


def attach(ledger: Ledger, message: Message, stored: StoredMessage, lane: SealingKey) -> None:
    """From now on the files are the message's: fetched with its copies, destroyed with its lane or its body."""
    for name, categories in message.attached.items():
        file = ledger.attachments.find(name)
        assert file is not None  # are_there said so
        moved = move(file, ledger.existing_key(file.lane_id), stored.lane_id, lane)
        source, message_id = stored.key.source, stored.key.message_id
        ledger.attachments.put(replace(moved, ends_at=None, source=source, message_id=message_id))
        ledger.audit(
            AuditAction.ATTACHMENT_ATTACHED,
            message.sender,
            type=message.type,
            message_id=message_id,
            case_id=stored.case_id,
            detail={
                "attachment": name,
                "categories": sorted(categories),
                "payload": lane.commit(bytes.fromhex(file.digest)),
                "media_type": file.media_type,
                "size": file.size,
            },
        )
