"""Notes for the log: what somebody does with the data directory itself, beside the running hub.

Only the hub writes the log. A command that shows entries, takes them out or copies the database leaves a note first,
and does nothing where it cannot. The hub enters the note in its next sweep; where none runs, before it answers anybody.

A note is one file, whole or not there. A hub that crashes between entering and removing it enters it again: the id in
both entries tells that it was one look.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from hub.audit.entry import AuditAction
from hub.audit.recording import OPERATOR, RecordEvent
from hub.commit_group import CommitGroup, Overloaded
from hub.intake import receipts
from hub.store.port import StoreUnavailable

log = structlog.get_logger()

FOLDER: Final = "notes"
NOTED: Final = frozenset(
    {
        AuditAction.STAFF_LOOKED,
        AuditAction.LOG_EXPORTED,
        AuditAction.BACKUP_MADE,
        AuditAction.AMQP_ACCOUNT_CHANGED,
    }
)
"""What is done beside the hub. A note of anything else is not entered: the hub itself knows better."""
_SUFFIX: Final = ".note"
_TAKEN: Final = ".taken"
_REFUSED: Final = ".refused"


class NotNoted(Exception):
    """The note cannot be left, so what it tells of may not happen. The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is done, by whoever can read the data directory. `detail` has names and numbers, never values."""

    action: AuditAction
    detail: Mapping[str, Any]
    message_id: str | None = None
    case_id: str | None = None
    unit: str | None = None


class Notebook:
    """The notes in a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / FOLDER

    def write(self, note: Note, at: datetime) -> None:
        """On disk when it returns. Raises `NotNoted`."""
        note_id = str(uuid.uuid4())
        content = {
            "action": note.action.value,
            "detail": {**note.detail, "note": note_id, "noted": receipts.timestamp(at)},
            "message_id": note.message_id,
            "case_id": note.case_id,
            "unit": note.unit,
        }
        try:
            self._keep(f"{at:%Y%m%dT%H%M%S%f}-{note_id}", orjson.dumps(content))
        except OSError as fault:
            raise NotNoted(f"Nothing can be noted for the log in {self._folder}: {fault.strerror}.") from None

    def _keep(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = self._folder / f".{name}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / (name + _SUFFIX))
        _sync(self._folder)
        _sync(self._data_dir)

    async def enter(self, group: CommitGroup, *, after_a_crash: bool = False) -> None:
        """Puts the notes into the log, the oldest first. `after_a_crash`: also those that a hub had begun with. Raises
        `StoreUnavailable`, `Overloaded`; what was not entered stays."""
        for path in self._list(after_a_crash=after_a_crash):
            taken = _take(path)
            if taken is not None:
                await _enter(group, taken)

    def _list(self, *, after_a_crash: bool) -> list[Path]:
        kinds = (_SUFFIX, _TAKEN) if after_a_crash else (_SUFFIX,)
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.suffix in kinds)


def _take(path: Path) -> Path | None:
    """Of several hubs over one folder, one has it."""
    taken = path.with_suffix(_TAKEN)
    try:
        path.rename(taken)
    except FileNotFoundError:
        return None
    return taken


async def _enter(group: CommitGroup, taken: Path) -> None:
    event = _read(taken)
    try:
        if event is None:
            raise ValueError
        await group.submit(event)
    except (StoreUnavailable, Overloaded):
        _put(taken, _SUFFIX)
        raise
    except ValueError:
        _put(taken, _REFUSED)
        log.warning("note_refused")
    else:
        _put(taken, None)


def _put(taken: Path, suffix: str | None) -> None:
    """Aside, or away."""
    if suffix is None:
        taken.unlink()
    else:
        taken.rename(taken.with_suffix(suffix))


def _read(path: Path) -> RecordEvent | None:
    try:
        told = orjson.loads(path.read_bytes())
        action = AuditAction(told["action"])
        event = RecordEvent(
            action, told["detail"], OPERATOR, told["unit"], message_id=told["message_id"], case_id=told["case_id"]
        )
    except (ValueError, KeyError, TypeError):
        return None
    return event if action in NOTED else None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
