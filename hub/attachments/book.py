"""What one commit group knows and will write of files: the store's rows, in step with what the group has decided."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from hub.store.attachments import AttachmentState, OpenUploads, StoredAttachment, StoredPart
from hub.store.port import AttachmentReader
from hub.store.records import Changes


class AttachmentLedger:
    """The part of a ledger for files."""

    def __init__(self, group: AttachmentReader, changes: Changes) -> None:
        self._group = group
        self._changes = changes
        self._files: dict[str, StoredAttachment | None] = {}
        self._open: dict[str, OpenUploads] = {}

    def prepare(self, attachment_ids: Collection[str]) -> None:
        missing = [attachment_id for attachment_id in attachment_ids if attachment_id not in self._files]
        found = self._group.find_attachments(missing)
        self._files.update({attachment_id: found.get(attachment_id) for attachment_id in missing})

    def find(self, attachment_id: str) -> StoredAttachment | None:
        """None also for one that is gone."""
        file = self._files.get(attachment_id)
        return None if file is None or file.state is AttachmentState.GONE else file

    def put(self, file: StoredAttachment) -> None:
        self._files[file.attachment_id] = file
        self._changes.attachments[file.attachment_id] = file

    def put_part(self, part: StoredPart) -> None:
        self._changes.attachment_parts.append(part)

    def begin(self, file: StoredAttachment) -> None:
        """A new one, which counts for the next of this group."""
        counted = self.count_open(file.unit_id)
        self._open[file.unit_id] = OpenUploads(counted.files + 1, counted.size + file.size)
        self.put(file)

    def count_open(self, unit_id: str) -> OpenUploads:
        if unit_id not in self._open:
            self._open[unit_id] = self._group.count_open_uploads(unit_id)
        return self._open[unit_id]

    def list_part_numbers(self, attachment_id: str) -> list[int]:
        """The parts that have come, as this group has left them."""
        written = {part.number for part in self._changes.attachment_parts if part.attachment_id == attachment_id}
        return sorted({*self._group.list_part_numbers(attachment_id), *written})

    def drop(self, attachment_id: str) -> None:
        self._forget(attachment_id)
        self._changes.dropped_attachments.append(attachment_id)

    def sweep(self, attachment_id: str) -> None:
        """Takes it away, some parts at a time."""
        self._forget(attachment_id)
        self._changes.swept_attachments.append(attachment_id)

    def is_stale(self, attachment_id: str, at: datetime) -> bool:
        """Whether nobody wants it any more, as this group has left it."""
        file = self._files.get(attachment_id)
        return file is not None and file.ends_at is not None and file.ends_at <= at

    def _forget(self, attachment_id: str) -> None:
        file = self._files.get(attachment_id)
        if file is not None:
            self._files[attachment_id] = replace(file, state=AttachmentState.GONE, key=b"")
        self._changes.attachments.pop(attachment_id, None)
        left = [part for part in self._changes.attachment_parts if part.attachment_id != attachment_id]
        self._changes.attachment_parts[:] = left
