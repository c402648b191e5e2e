"""A unit uploads a file: announced, in parts that may come in any order and again, then held to what was announced.

Between the beginning of the examination and its end nothing of the file can be changed: what was examined is what is
sent. A file has no name, here or anywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from hub.attachments.sealing import open_key, upload_lane, with_new_key
from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.attachments import AttachmentState, StoredAttachment, StoredPart

MOST_OPEN: Final = 100
_UPLOADS: Final = frozenset({AttachmentState.UPLOADING, AttachmentState.EXAMINING})


class AttachmentFault(StrEnum):
    """Why a file was refused. Wire values: never renamed, never reused."""

    DIGEST = "ATTACHMENT_DIGEST"
    """It is not the file that was announced."""
    TYPE = "ATTACHMENT_TYPE"
    """Its content is not of the type that was announced."""
    INFECTED = "ATTACHMENT_INFECTED"
    """The operator's scanner refuses it."""


@dataclass(frozen=True, slots=True)
class BeginUpload:
    """`unit_id` will upload a file of so many bytes with this SHA-256 (hex)."""

    unit_id: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class StorePart:
    unit_id: str
    attachment_id: str
    number: int
    content: bytes


@dataclass(frozen=True, slots=True)
class BeginExamination:
    """All parts have come, says the unit."""

    unit_id: str
    attachment_id: str


@dataclass(frozen=True, slots=True)
class FinishUpload:
    """The examination is over: `fault` is what it found."""

    unit_id: str
    attachment_id: str
    fault: AttachmentFault | None


@dataclass(frozen=True, slots=True)
class DropUpload:
    """The unit does not want it any more."""

    unit_id: str
    attachment_id: str


@dataclass(frozen=True, slots=True)
class SweepAttachment:
    """Nobody may want this file any more."""

    attachment_id: str


@dataclass(frozen=True, slots=True)
class NotYours:
    """No such upload, or another unit's: the same answer."""


@dataclass(frozen=True, slots=True)
class QuotaReached:
    """The unit has as much lying here as it may."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """The file is not in a state for this: a part is missing, or everything is here already."""


@dataclass(frozen=True, slots=True)
class WrongPart:
    """The file has no such part, or not of this length."""


COMMANDS: Final = (BeginUpload, StorePart, BeginExamination, FinishUpload, DropUpload, SweepAttachment)
Uploading = BeginUpload | StorePart | BeginExamination | FinishUpload | DropUpload | SweepAttachment


class UploadKeeping:
    """The handler of all of these. `quota` is in bytes, `lasts` how long an upload may lie here."""

    def __init__(self, *, quota: int, lasts: timedelta) -> None:
        self._quota = quota
        self._lasts = lasts

    def prepare(self, ledger: Ledger, commands: Sequence[Uploading]) -> None:
        ledger.attachments.prepare([each.attachment_id for each in commands if not isinstance(each, BeginUpload)])
        units = {each.unit_id for each in commands if not isinstance(each, SweepAttachment)}
        ledger.prepare_data_keys([upload_lane(unit_id) for unit_id in units])

    def handle(
        self, ledger: Ledger, command: Uploading
    ) -> StoredAttachment | NotYours | QuotaReached | NotNow | WrongPart | None:
        if isinstance(command, BeginUpload):
            return self._begin(ledger, command)
        if isinstance(command, SweepAttachment):
            if ledger.attachments.is_stale(command.attachment_id, ledger.at):
                ledger.attachments.sweep(command.attachment_id)
            return None
        file = ledger.attachments.find(command.attachment_id)
        if file is None or file.unit_id != command.unit_id or file.message_id is not None:
            return NotYours()
        match command:
            case StorePart():
                return _store(ledger, file, command)
            case BeginExamination():
                return _begin_examination(ledger, file)
            case FinishUpload():
                return self._finish(ledger, file, command.fault)
            case DropUpload():
                ledger.attachments.drop(file.attachment_id)
                return file

    def _begin(self, ledger: Ledger, command: BeginUpload) -> StoredAttachment | QuotaReached:
        counted = ledger.attachments.count_open(command.unit_id)
        if counted.files >= MOST_OPEN or counted.size + command.size > self._quota:
            return QuotaReached()
        lane_id = upload_lane(command.unit_id)
        file = StoredAttachment(
            attachment_id=str(uuid.uuid4()),
            unit_id=command.unit_id,
            media_type=command.media_type,
            size=command.size,
            digest=command.digest,
            state=AttachmentState.UPLOADING,
            lane_id=lane_id,
            key=b"",
            begun_at=ledger.at,
            ends_at=ledger.at + self._lasts,
        )
        begun = with_new_key(file, ledger.key_for(lane_id))
        ledger.attachments.begin(begun)
        return begun

    def _finish(self, ledger: Ledger, file: StoredAttachment, fault: AttachmentFault | None) -> StoredAttachment:
        if file.state is not AttachmentState.EXAMINING:
            return file  # another examination came to its end first
        state = AttachmentState.READY if fault is None else AttachmentState.REFUSED
        finished = replace(file, state=state, code=fault, ends_at=ledger.at + self._lasts)
        if fault is not None:
            finished = replace(finished, key=b"")  # nobody shall be able to look at it
        ledger.attachments.put(finished)
        detail = {"attachment": file.attachment_id, "media_type": file.media_type, "size": file.size}
        ledger.audit(AuditAction.ATTACHMENT_UPLOADED, file.unit_id, code=fault, detail=detail)
        return finished


def _store(ledger: Ledger, file: StoredAttachment, command: StorePart) -> StoredAttachment | NotNow | WrongPart:
    if file.state is not AttachmentState.UPLOADING:
        return NotNow()
    if not 0 <= command.number < file.part_count or len(command.content) != file.part_size(command.number):
        return WrongPart()
    key = open_key(file, ledger.existing_key(file.lane_id))
    sealed = key.seal(command.number, command.content)
    ledger.attachments.put_part(StoredPart(file.attachment_id, command.number, sealed))
    return file


def _begin_examination(ledger: Ledger, file: StoredAttachment) -> StoredAttachment | NotNow:
    if file.state not in _UPLOADS:
        return file
    if len(ledger.attachments.list_part_numbers(file.attachment_id)) < file.part_count:
        return NotNow()
    examined = replace(file, state=AttachmentState.EXAMINING)
    ledger.attachments.put(examined)
    return examined
