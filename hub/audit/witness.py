"""A witness: cosigns each checkpoint of a log that continues the one before, and no other (C2SP tlog-witness).

It remembers one checkpoint per log, on disk before it answers. Whoever has its cosignatures knows that everybody was
shown the same log; so it belongs to another authority than the log's.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.audit import merkle, notes
from hub.audit.anchor import write_durably
from hub.audit.checkpoints import Checkpoint, decode_hash
from hub.audit.merkle import ProofWrong
from hub.audit.notes import NoteWrong, Signer, Verifier
from hub.clock import Clock

PLAIN: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"
LARGEST_REQUEST: Final = 200_000
_MOST_PROOF_LINES: Final = 63
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class WitnessInUse(Exception):
    """Another process writes to this folder."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str
    media_type: str = PLAIN


@dataclass(frozen=True, slots=True)
class Request:
    """`add-checkpoint`: the size that the log believes was seen last, the proof from there, and the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def parse(cls, body: bytes) -> Request:
        """Raises `NoteWrong`."""
        try:
            head, found, note = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise NoteWrong("it is no UTF-8") from None
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or not found or len(lines) > _MOST_PROOF_LINES:
            raise NoteWrong("it is no add-checkpoint request")
        return cls(int(old[1]), tuple(map(decode_hash, lines)), note)

    @property
    def text(self) -> str:
        lines = [f"old {self.old}", *(base64.b64encode(hash_).decode() for hash_ in self.proof)]
        return "\n".join(lines) + "\n\n" + self.note


class Witness:
    """One witness with its memory in a folder. Answers one request after the other."""

    def __init__(self, folder: Path, signer: Signer, logs: Collection[Verifier], clock: Clock) -> None:
        """Raises `WitnessInUse`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._signer = signer
        self._logs = tuple(logs)
        self._clock = clock
        lock = os.open(folder / "witness.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise WitnessInUse(f"Another witness works in {folder}.") from None
        self._lock: int | None = lock

    def close(self) -> None:
        """Twice is fine."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def add_checkpoint(self, body: bytes) -> Answer:
        """In the order of the specification: who is it, did it sign, does it continue what was seen."""
        try:
            request = Request.parse(body)
            text, _ = notes.split(request.note)
            checkpoint = Checkpoint.parse(text)
        except NoteWrong as wrong:
            return Answer(400, f"{wrong}\n")
        keys = [log for log in self._logs if log.name == checkpoint.origin]
        if not keys:
            return Answer(404, "no log of this name is witnessed here\n")
        try:
            notes.open_note(request.note, keys)
        except NoteWrong as wrong:
            return Answer(403, f"{wrong}\n")
        return self._cosign(request, checkpoint)

    def _cosign(self, request: Request, checkpoint: Checkpoint) -> Answer:
        if request.old > checkpoint.size:
            return Answer(400, "the log has become smaller\n")
        seen = self.find_seen(checkpoint.origin)
        if request.old != (seen.size if seen is not None else 0):
            return Answer(409, f"{seen.size if seen is not None else 0}\n", SIZE)
        if not _continues(request, seen, checkpoint):
            return Answer(422, "the checkpoint does not continue the one that was seen\n")
        write_durably(self._path(checkpoint.origin), request.note.encode(), mode=0o600)
        return Answer(200, self._signer.sign(checkpoint.text, int(self._clock.now().timestamp())))

    def find_seen(self, origin: str) -> Checkpoint | None:
        """The newest checkpoint of this log that was cosigned."""
        path = self._path(origin)
        if not path.exists():
            return None
        return Checkpoint.parse(notes.split(path.read_bytes())[0])

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


def _continues(request: Request, seen: Checkpoint | None, checkpoint: Checkpoint) -> bool:
    if seen is None or seen.size == 0:
        is_nothing = checkpoint.size > 0 or checkpoint.root == merkle.EMPTY_ROOT
        return not request.proof and is_nothing
    try:
        merkle.verify_consistency(seen.size, checkpoint.size, request.proof, seen.root, checkpoint.root)
    except ProofWrong:
        return False
    return True
