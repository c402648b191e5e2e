"""Checkpoints: the size and the root of the log, in the words that are signed (C2SP tlog-checkpoint v1.0.0). Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from hub.audit import merkle
from hub.audit.notes import NoteWrong

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the log called `origin` have this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """From a note's text; lines behind the third are extensions and passed over. Raises `NoteWrong`."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not lines[0] or not _SIZE.fullmatch(lines[1]):
            raise NoteWrong("it is no checkpoint")
        return cls(lines[0], int(lines[1]), decode_hash(lines[2]))


def decode_hash(line: str) -> bytes:
    """A hash in base64, spelt in the one way that counts. Raises `NoteWrong`."""
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise NoteWrong("a hash is no base64") from None
    if len(raw) != merkle.HASH_BYTES or base64.b64encode(raw).decode() != line:
        raise NoteWrong("a hash has 32 bytes")
    return raw
