"""What the adapter must not forget: which id a file was given, and what the hub answered.

An entry is on disk before its message is sent for the first time, and goes when the file has been filed. A file is
known again by its name and content; that the journal's own file names are keyed digests of both keeps personal numbers
out of them. Entries hold whole messages, so the folder is as secret as the case system's own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.filedrop import folder

_SALT: Final = "salt"
_SALT_BYTES: Final = 32
_ENTRIES: Final = "outgoing"
_TAKEN_OVER: Final = "received"
# A message whose file was taken away before the hub answered keeps its id this long, in case the file comes back.
KEPT_WITHOUT_FILE: Final = timedelta(days=30)


class JournalDamaged(Exception):
    """The state folder cannot be believed; going on could send a message twice."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub said, and where file and answer are to lie: names within `place`."""

    place: str
    name: str
    companion: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One outgoing file. `event` is complete: this and nothing else is sent for it."""

    key: str
    name: str
    digest: str
    event: Mapping[str, Any]
    answer: Answer | None = None

    @property
    def message_id(self) -> str:
        return str(self.event["id"])

    @property
    def case_id(self) -> str | None:
        return self.event.get("subject")


def digest_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


class Journal:
    """The state folder of one unit's adapter. One process at a time."""

    def __init__(self, path: Path, unit: str) -> None:
        self._entries = path / _ENTRIES
        self._taken_over = path / _TAKEN_OVER
        for each in (path, self._entries, self._taken_over):
            folder.prepare(each)
        self._salt = _open_salt(path / _SALT)
        self._unit = unit

    def tag(self, name: str) -> str:
        """A short name for a file that can be shown: keyed, since a bare digest of a personal number is soon
        found by trying all of them."""
        return self._keyed(b"tag", os.fsencode(name))[:12]

    def _keyed(self, *parts: bytes) -> str:
        # Lengths in front, so that no two lists of parts run together to the same bytes.
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._salt, framed, hashlib.sha256).hexdigest()

    # -- outgoing -----------------------------------------------------------------------------------------------

    def find(self, name: str, raw: bytes) -> Entry | None:
        path = self._path_of(self._key_of(name, raw))
        return _load(path) if path.exists() else None

    def prepare(self, name: str, raw: bytes, event: Mapping[str, Any]) -> Entry:
        """Gives the file its message, durably: from here on it is this id, whatever happens."""
        entry = Entry(self._key_of(name, raw), name, digest_of(raw), event)
        self._save(entry)
        return entry

    def record_answer(self, entry: Entry, answer: Answer) -> Entry:
        answered = replace(entry, answer=answer)
        self._save(answered)
        return answered

    def forget(self, entry: Entry) -> None:
        folder.remove(self._path_of(entry.key))

    def list_answered(self) -> Iterator[tuple[Entry, Answer]]:
        """Entries whose files are still to be filed, in no particular order."""
        for path in sorted(self._entries.glob("*.json")):
            entry = _load(path)
            if entry.answer is not None:
                yield entry, entry.answer

    def forget_files_taken_away(self, inbox: Path, at: datetime) -> None:
        """Drops what was never answered and whose file has been gone for long: no body is kept without need."""
        for path in sorted(self._entries.glob("*.json")):
            old = at.timestamp() - path.stat().st_mtime > KEPT_WITHOUT_FILE.total_seconds()
            if old and (entry := _load(path)).answer is None and not (inbox / entry.name).exists():
                self.forget(entry)

    def _key_of(self, name: str, raw: bytes) -> str:
        return self._keyed(b"entry", self._unit.encode(), os.fsencode(name), raw)

    def _path_of(self, key: str) -> Path:
        return self._entries / f"{key}.json"

    def _save(self, entry: Entry) -> None:
        # ASCII, because a name that is not UTF-8 is held as lone surrogates.
        folder.write(self._path_of(entry.key), json.dumps(asdict(entry), ensure_ascii=True).encode("ascii"))

    # -- incoming -----------------------------------------------------------------------------------------------

    def note_written(self, delivery_id: str) -> None:
        """The delivery lies in the folder: it is not written again, though the case system may take it away."""
        folder.write(self._taken_over / delivery_id, b"")

    def is_written(self, delivery_id: str) -> bool:
        return (self._taken_over / delivery_id).exists()

    def list_written(self) -> list[str]:
        """Deliveries that were written and of whose acknowledgement nothing is known."""
        return sorted(path.name for path in self._taken_over.iterdir() if not path.name.startswith("."))

    def note_acknowledged(self, delivery_id: str) -> None:
        folder.remove(self._taken_over / delivery_id)


def _open_salt(path: Path) -> bytes:
    if not path.exists():
        folder.write(path, secrets.token_bytes(_SALT_BYTES))
    salt = path.read_bytes()
    if len(salt) != _SALT_BYTES:
        raise JournalDamaged("The state folder's salt has the wrong length; restore the folder from its backup.")
    return salt


def _load(path: Path) -> Entry:
    try:
        document = json.loads(path.read_bytes())
        answer = document.pop("answer")
        return Entry(**document, answer=None if answer is None else Answer(**answer))
    except (ValueError, TypeError, KeyError, AttributeError):
        # Without the cause: its text may hold a piece of the message.
        raise JournalDamaged(
            f"The entry {path.stem[:12]} of the state folder is damaged; restore the folder from its backup."
        ) from None
