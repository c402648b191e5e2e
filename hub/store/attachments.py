"""Files as the store keeps them. Plain frozen data: contents arrive sealed, in parts; no file has a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PART_BYTES = 512 * 1024


class AttachmentState(StrEnum):
    """How far a file has come. Shown to the unit that uploads it, but for `gone`."""

    UPLOADING = "uploading"
    EXAMINING = "examining"
    READY = "ready"
    REFUSED = "refused"
    GONE = "gone"
    """Nobody can read it any more: its key is destroyed, and its parts are taken away by and by."""


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file of a unit's, uploaded in parts of `PART_BYTES` (the last one is what is left).

    `key` is the file's own key, sealed under the data key of `lane_id`: that of the unit's uploads, and from the
    message on that takes it along (`source`, `message_id`) that message's. `digest` is SHA-256 in hex, as its owner
    gave it. `ends_at` is when it is taken away, should no message have taken it along by then; None once one has.
    `code` says why it was refused."""

    attachment_id: str
    unit_id: str
    media_type: str
    size: int
    digest: str
    state: AttachmentState
    lane_id: str
    key: bytes
    begun_at: datetime
    ends_at: datetime | None
    source: str | None = None
    message_id: str | None = None
    code: str | None = None

    @property
    def part_count(self) -> int:
        return -(-self.size // PART_BYTES)

    def part_size(self, number: int) -> int:
        """How many bytes the part has. Parts are counted from 0."""
        return min(PART_BYTES, self.size - number * PART_BYTES)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One sealed part. It takes the place of its earlier self: an upload may be done again."""

    attachment_id: str
    number: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class OpenUploads:
    """How much a unit has that no message has taken along: files, and their bytes as announced."""

    files: int
    size: int
