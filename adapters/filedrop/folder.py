"""Files that are there whole or not at all, also after a power cut.

A file is written under a draft name beside its place, synced, renamed, and its folder synced: until the rename nobody
sees it, after the last sync it stays. No error that leaves this module names a file, since a name may hold a personal
number; an `OSError` does, so whoever reports one takes its `strerror` only.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

LARGEST_FILE: Final = 1_048_576
MESSAGE_SUFFIX: Final = ".json"
DRAFT_SUFFIX: Final = ".tmp"
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
# The longest name of the file systems in use is 255 bytes; this leaves room for ".problem.json" and a draft's marks.
_LONGEST_STEM: Final = 200

Reason = Literal["NOT_A_FILE", "NOT_READABLE", "TOO_LARGE"]
_NOT_FOLLOWED: Final = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV})
_NOT_ALLOWED: Final = frozenset({errno.EACCES, errno.EPERM})


class NotUsable(Exception):
    """What lies there is no file that can be taken, and waiting will not make it one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Vanished(Exception):
    """The file is no longer there."""


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """Something with a message's name, ordered by when it was last written, then by name."""

    written_ns: int
    name: str


def prepare(path: Path) -> None:
    """Makes the folder where it is missing, for its owner only."""
    if path.is_dir():
        return
    prepare(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=_FOLDER_MODE)
    _sync_folder(path.parent)


def list_arrivals(path: Path) -> list[Arrival]:
    """What has a message's name, oldest first. Drafts (`*.tmp`) and dot files are left alone."""
    with os.scandir(path) as entries:
        return sorted(_arrivals(entries))


def _arrivals(entries: Iterator[os.DirEntry[str]]) -> Iterator[Arrival]:
    for entry in entries:
        if entry.name.endswith(MESSAGE_SUFFIX) and not entry.name.startswith("."):
            # Gone between listing and looking: somebody else's rename.
            with contextlib.suppress(FileNotFoundError):
                yield Arrival(entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)


def read(path: Path) -> bytes:
    """The bytes of a regular file of at most 1 MiB. Raises `NotUsable`, `Vanished`, `OSError`.

    Links are not followed, and a pipe is not waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise _not_opened(fault) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotUsable("NOT_A_FILE")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise NotUsable("TOO_LARGE")
    return content


def _not_opened(fault: OSError) -> Exception:
    if fault.errno == errno.ENOENT:
        return Vanished()
    if fault.errno in _NOT_FOLLOWED:
        return NotUsable("NOT_A_FILE")
    if fault.errno in _NOT_ALLOWED:
        return NotUsable("NOT_READABLE")
    return fault


def write(path: Path, content: bytes) -> None:
    """Puts the content in place of whatever is there. Returns when it is on disk."""
    draft = _draft_of(path)
    discard_draft(path)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.rename(draft, path)  # noqa: PTH104 - every durable step of this module goes by way of `os`
    _sync_folder(path.parent)


def discard_draft(path: Path) -> None:
    """Removes what a writing of `path` left behind when it was cut off."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_draft_of(path))  # noqa: PTH108 - as in `write`


def _draft_of(path: Path) -> Path:
    # The same name each time, so that the next attempt finds and replaces what the last one left.
    return path.with_name(f".{path.name}{DRAFT_SUFFIX}")


def move(source: Path, target: Path) -> None:
    """Renames within one file system. Returns when it is on disk; raises `Vanished`."""
    try:
        os.rename(source, target)  # noqa: PTH104 - as in `write`
    except FileNotFoundError:
        raise Vanished from None
    _sync_folder(target.parent)
    _sync_folder(source.parent)


def put_back(source: Path, target: Path) -> bool:
    """Moves without replacing: False when the place has been taken meanwhile. May be repeated after a crash."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(os.lstat(source), os.lstat(target)):
            return False
    except OSError:
        # A folder, or a file system without links: a gap of a moment between looking and renaming is what is left.
        if os.path.lexists(target):
            return False
        with contextlib.suppress(Vanished):
            move(source, target)
        return True
    _sync_folder(target.parent)
    remove(source)
    return True


def remove(path: Path) -> None:
    """Removes a file, for good when it returns. That it is not there is fine."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - as in `write`
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stem_of(name: str) -> str:
    """A message's name without `.json`, cut where names made from it would become too long."""
    stem = name.removesuffix(MESSAGE_SUFFIX)
    raw = os.fsencode(stem)
    if len(raw) <= _LONGEST_STEM:
        return stem
    mark = hashlib.sha256(raw).hexdigest()[:16]
    return f"{raw[: _LONGEST_STEM - 20].decode('utf-8', 'ignore')}~{mark}"
