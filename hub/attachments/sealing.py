"""A file's own key. Its parts are sealed one by one, so that no file is ever whole in memory.

The key is sealed under the data key of a lane: first of the unit's uploads, then of the message that takes the file
along. So a file costs no second encryption when its case becomes known, and is destroyed with the case's key.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.store.attachments import StoredAttachment
from hub.vault import SealingKey, encode, open_sealed, seal_with

UPLOAD: Final = "upload:"


def upload_lane(unit_id: str) -> str:
    """The lane of what a unit has uploaded and sent with no message yet."""
    return f"{UPLOAD}{unit_id}"


class FileKey:
    """Seals and opens the parts of one file. What it seals opens only as that part of that file."""

    def __init__(self, secret: bytes, file: StoredAttachment) -> None:
        self._cipher = AESGCM(secret)
        self._of = (file.attachment_id, str(file.size), file.digest)

    def seal(self, number: int, part: bytes) -> bytes:
        return seal_with(self._cipher, part, encode("part", *self._of, str(number)))

    def open(self, number: int, sealed: bytes) -> bytes:
        """Raises `SealBroken`."""
        return open_sealed(self._cipher, sealed, encode("part", *self._of, str(number)))


def with_new_key(file: StoredAttachment, lane: SealingKey) -> StoredAttachment:
    """The file with a fresh key, sealed under the key of its lane."""
    return replace(file, key=lane.seal(AESGCM.generate_key(bit_length=256), aad=_aad(file)))


def open_key(file: StoredAttachment, lane: SealingKey) -> FileKey:
    """Raises `SealBroken`; also for a file whose key is destroyed."""
    return FileKey(lane.open(file.key, aad=_aad(file)), file)


def move(file: StoredAttachment, before: SealingKey, lane_id: str, after: SealingKey) -> StoredAttachment:
    """The same file in another lane: only its key is sealed anew."""
    moved = replace(file, lane_id=lane_id)
    return replace(moved, key=after.seal(before.open(file.key, aad=_aad(file)), aad=_aad(moved)))


def _aad(file: StoredAttachment) -> bytes:
    return encode("attachment", file.lane_id, file.attachment_id)
