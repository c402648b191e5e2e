"""What a file is, by its content: never by a name, and not by what its sender says.

Only the beginning and the end are looked at, which tells the three types apart and finds what is cut short or has
something hung on behind it. Whether a file is harmless is the scanner's matter.
"""

from __future__ import annotations

import hashlib
from typing import Final

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
MEDIA_TYPES: Final = {PDF: "pdf", PNG: "png", JPEG: "jpg"}
"""What may go with a message, with the usual ending of a file's name."""

_KEPT: Final = 1024
_PNG_BEGINS: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
_PNG_ENDS: Final = b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"  # its last chunk, which is always the same (W3C PNG, 11.2.5)


class Look:
    """A file that goes by part by part, in order: its SHA-256, its beginning and its end."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = self._tail = b""

    def take(self, part: bytes) -> None:
        self._hash.update(part)
        if len(self._head) < _KEPT:
            self._head = (self._head + part)[:_KEPT]
        self._tail = (self._tail + part)[-_KEPT:]

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def is_a(self, media_type: str) -> bool:
        """Whether it begins and ends as a file of this type does."""
        match media_type:
            case "application/pdf":  # ISO 32000-1, 7.5.2 and 7.5.5
                return self._head.startswith(b"%PDF-") and b"%%EOF" in self._tail
            case "image/png":
                return self._head.startswith(_PNG_BEGINS) and self._tail.endswith(_PNG_ENDS)
            case "image/jpeg":  # ITU-T T.81, B.1.1.3: start of image and the next marker, end of image
                return self._head.startswith(b"\xff\xd8\xff") and self._tail.endswith(b"\xff\xd9")
            case _:
                return False
