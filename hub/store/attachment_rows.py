"""Files that go with messages: rows to records and back, and the statements about them.

What is to be erased loses its key at once; the parts, which nobody can open then, are taken away few at a time, so that
no commit has to write over a hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, func, literal_column, select, update

from hub.store import attachment_tables, records, rows, tables
from hub.store.among import among
from hub.store.asking import Asking
from hub.store.attachments import AttachmentState, OpenUploads, StoredAttachment, StoredPart

PARTS_AT_ONCE: Final = 32

_files, _parts = attachment_tables.attachments, attachment_tables.attachment_parts
_messages = tables.messages
_gone: Final = {"state": AttachmentState.GONE.value, "key": b"", "ends_at": 0}

FILES: Final = select(*_files.c).where(among(_files.c.attachment_id))
OPEN_OF: Final = select(func.count(), func.coalesce(func.sum(_files.c.size), literal_column("0"))).where(
    _files.c.unit_id == bindparam("unit_id"),
    attachment_tables.IS_OPEN,
    _files.c.state.in_([literal_column(f"'{state}'") for state in ("uploading", "examining", "ready")]),
)
STALE: Final = (
    select(_files.c.attachment_id)
    .where(attachment_tables.IS_OPEN, _files.c.ends_at <= bindparam("at"))
    .order_by(_files.c.ends_at, _files.c.attachment_id)
    .limit(bindparam("limit"))
)
_of: Final = _parts.c.attachment_id == bindparam("of_attachment")
PART_NUMBERS: Final = select(_parts.c.number).where(_of).order_by(_parts.c.number)
PART: Final = select(_parts.c.sealed).where(_of, _parts.c.number == bindparam("at_number"))

DROP_LANES: Final = update(_files).where(among(_files.c.lane_id)).values(_gone)
DROP_AT: Final = (
    update(_files)
    .where(
        exists().where(
            _messages.c.position == bindparam("at_position"),
            _messages.c.message_id == _files.c.message_id,
            _messages.c.source == _files.c.source,
        )
    )
    .values(_gone)
)
_DROP: Final = update(_files).where(_files.c.attachment_id == bindparam("of_attachment")).values(_gone)
_some: Final = PART_NUMBERS.limit(literal_column(str(PARTS_AT_ONCE)))
_TAKE_PARTS: Final = delete(_parts).where(_of, _parts.c.number.in_(_some))
_TAKE_EMPTY: Final = delete(_files).where(
    _files.c.attachment_id == bindparam("of_attachment"),
    ~exists().where(_parts.c.attachment_id == _files.c.attachment_id),
)


def file_to_values(file: StoredAttachment) -> rows.Values:
    return {
        "attachment_id": file.attachment_id,
        "unit_id": file.unit_id,
        "media_type": file.media_type,
        "size": file.size,
        "digest": file.digest,
        "state": file.state.value,
        "lane_id": file.lane_id,
        "key": file.key,
        "begun_at": rows.instant_to_cell(file.begun_at),
        "ends_at": rows.optional_cell(file.ends_at),
        "source": file.source,
        "message_id": file.message_id,
        "code": file.code,
    }


def part_to_values(part: StoredPart) -> rows.Values:
    return {"attachment_id": part.attachment_id, "number": part.number, "sealed": part.sealed}


def cells_to_file(cells: rows.Cells) -> StoredAttachment:
    name, unit_id, media_type, size, digest, state, lane_id, key, begun_at, ends_at, source, message_id, code = cells
    return StoredAttachment(
        attachment_id=name,
        unit_id=unit_id,
        media_type=media_type,
        size=size,
        digest=digest,
        state=AttachmentState(state),
        lane_id=lane_id,
        key=bytes(key),
        begun_at=rows.cell_to_instant(begun_at),
        ends_at=rows.optional_instant(ends_at),
        source=source,
        message_id=message_id,
        code=code,
    )


def sweep(execute: Callable[[Any, Any], Any], changes: records.Changes) -> None:
    """Takes keys away at once, and of what is to be swept a few parts; the row goes with the last of them."""
    for attachment_id in (*changes.dropped_attachments, *changes.swept_attachments):
        execute(_DROP, {"of_attachment": attachment_id})
    for attachment_id in changes.swept_attachments:
        execute(_TAKE_PARTS, {"of_attachment": attachment_id})
        execute(_TAKE_EMPTY, {"of_attachment": attachment_id})


class AttachmentReading(Asking):
    """The part of a reader that answers for files."""

    def find_attachments(self, attachment_ids: Collection[str]) -> dict[str, StoredAttachment]:
        found = map(cells_to_file, self._among(FILES, attachment_ids))
        return {file.attachment_id: file for file in found}

    def count_open_uploads(self, unit_id: str) -> OpenUploads:
        [(files, size)] = self._rows(OPEN_OF, {"unit_id": unit_id})
        return OpenUploads(files, int(size))

    def list_stale_attachments(self, at: datetime, *, limit: int) -> list[str]:
        found = self._rows(STALE, {"at": rows.instant_to_cell(at), "limit": limit})
        return [attachment_id for (attachment_id,) in found]

    def list_part_numbers(self, attachment_id: str) -> list[int]:
        return [number for (number,) in self._rows(PART_NUMBERS, {"of_attachment": attachment_id})]

    def find_part(self, attachment_id: str, number: int) -> bytes | None:
        found = self._rows(PART, {"of_attachment": attachment_id, "at_number": number})
        return bytes(found[0][0]) if found else None
