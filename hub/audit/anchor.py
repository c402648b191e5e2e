"""The newest signed checkpoint once more, in a file beside the database: restoring the database does not reach it.

A hub whose log is shorter than what it has signed, or another one, does not start: somebody has restored a backup or
has altered the log. Going on all the same takes a word of the operator (`samverkan audit resume`), and leaves a trace.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from hub.audit import notes
from hub.audit.checkpoints import Checkpoint
from hub.audit.notes import NoteWrong, Verifier

NAME: Final = "log.checkpoint"
SUPERSEDED: Final = "log.checkpoint.superseded"


class LogBroken(Exception):
    """The log is not what was signed. The text is one sentence for the operator."""


class Anchor:
    """One file in the data directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._superseded = folder / SUPERSEDED

    def read(self, verifier: Verifier) -> Checkpoint | None:
        """None where nothing has been signed yet. Raises `LogBroken`."""
        try:
            note = self._path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return Checkpoint.parse(notes.open_note(note, [verifier]).text)
        except NoteWrong as wrong:
            raise LogBroken(f"{self._path} was not signed by this hub's log key ({wrong}).") from None

    def write(self, note: str) -> None:
        """Replaces the file, whole or not at all; it is on disk when this returns."""
        write_durably(self._path, note.encode(), mode=0o600)

    def supersede(self, note: str) -> None:
        """From now on the log goes on from `note`; what was signed before is kept, and told at the next start."""
        self._path.replace(self._superseded)
        self.write(note)

    def find_superseded(self) -> str | None:
        """The note that was set aside and has not been told in the log yet."""
        return self._superseded.read_text("utf-8") if self._superseded.exists() else None

    def settle(self, size: int) -> None:
        """The log tells of it now."""
        self._superseded.replace(self._superseded.with_name(f"{SUPERSEDED}.{size}"))


def write_durably(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """A file with this content, or the old one: never a part."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
