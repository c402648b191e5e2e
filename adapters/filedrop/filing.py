"""Where a file goes when it is done with, and the answer that is laid beside it.

Every step may be repeated: the answer's name is fixed before anything moves, and a file that was replaced by another
of its name while the hub was asked is put back, since nobody has sent that one yet.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from adapters.filedrop import folder
from adapters.filedrop.journal import Answer, digest_of

SENT: Final = "sent"
REFUSED: Final = "refused"
BAD: Final = "bad"
PLACES: Final = (SENT, REFUSED, BAD)

Kind = Literal["receipt", "problem"]
IsTheOne = Callable[[Path], bool]


class Filing:
    """The folders `sent`, `refused` and `bad` inside the folder that is watched."""

    def __init__(self, watched: Path) -> None:
        self._watched = watched
        for place in PLACES:
            folder.prepare(watched / place)

    def choose(self, place: str, name: str, mark: str, kind: Kind, document: Mapping[str, Any]) -> Answer:
        """Names that no earlier file of the same name has; `mark` tells the two apart."""
        content = _dump(document)
        for stem in _stems(folder.stem_of(name), mark):
            target, companion = f"{stem}.json", f"{stem}.{kind}.json"
            if self._is_free(place, target) and self._is_free(place, companion, content):
                return Answer(place, target, companion, document)
        raise AssertionError("unreachable: the names never end")

    def _is_free(self, place: str, name: str, content: bytes | None = None) -> bool:
        """What we ourselves wrote before a crash does not take the name."""
        path = self._watched / place / name
        if not os.path.lexists(path):
            return True
        try:
            return content is not None and folder.read(path) == content
        except (folder.NotUsable, folder.Vanished):
            return False

    def file(self, name: str, answer: Answer, is_the_one: IsTheOne) -> None:
        """Lays down the answer, then moves the file. `is_the_one` recognises the file that the answer is about."""
        target = self._watched / answer.place / answer.name
        folder.write(self._watched / answer.place / answer.companion, _dump(answer.document))
        if not os.path.lexists(target):
            try:
                folder.move(self._watched / name, target)
            except folder.Vanished:
                return  # taken away by the case system; the answer is there all the same
        if not is_the_one(target):
            self._put_back(target, name)

    def _put_back(self, target: Path, name: str) -> None:
        stem = folder.stem_of(name)
        for candidate in itertools.chain([name], (f"{stem}~{number}.json" for number in itertools.count(2))):
            if folder.put_back(target, self._watched / candidate):
                return


def has_digest(digest: str) -> IsTheOne:
    """Recognises a file by its content."""

    def recognise(path: Path) -> bool:
        try:
            return digest_of(folder.read(path)) == digest
        except (folder.NotUsable, folder.Vanished):
            return False

    return recognise


def is_arrival(arrival: folder.Arrival) -> IsTheOne:
    """Recognises what cannot be read by when it was written."""
    return lambda path: os.lstat(path).st_mtime_ns == arrival.written_ns


def _stems(stem: str, mark: str) -> Iterator[str]:
    yield stem
    yield f"{stem}~{mark}"
    yield from (f"{stem}~{mark}-{number}" for number in itertools.count(2))


def _dump(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
