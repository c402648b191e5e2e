"""Where the master key comes from: a file of the data directory, or a command that prints it (a KMS, an HSM, a secret
store). Either gives one or more lines of `key_file`: the first is the key that wraps from now on, the others only open
what they wrapped before.

Weakness: the key is in this process's memory while the hub runs.
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
from pathlib import Path
from typing import Final, Protocol

from hub import key_file
from hub.key_file import KeyLocked

_SECONDS: Final = 30
_MOST_BYTES: Final = 4096


class MasterKey(Protocol):
    """A source of the master key."""

    def load(self) -> list[bytes]:
        """The secrets, the newest first. Raises `KeyLocked`."""

    def has_changed(self) -> bool:
        """Whether there is something new to load, as far as that can be told at once."""

    def check(self) -> None:
        """Raises `KeyLocked` when the next `load` would, as far as that can be told at once."""

    def renew(self) -> None:
        """The next `load` has a new key before the others. Raises `KeyLocked`."""

    def retire(self) -> None:
        """Nothing is wrapped by any key but the first any more: the next `load` has it alone, where that is in the
        hub's hand."""


class KeyFile:
    """Made at the first start; every later one needs it."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        self._create = create
        self._loaded: tuple[int, int] | None = None

    def load(self) -> list[bytes]:
        if self._create and not self._path.exists():
            key_file.load_or_create(self._path, create=True)
        self._create = False
        stamp = self._stamp()
        known = key_file.load_all(self._path)
        self._loaded = stamp
        return known

    def has_changed(self) -> bool:
        return self._stamp() != self._loaded

    def check(self) -> None:
        key_file.load_all(self._path)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return self._loaded  # the next start tells
        return found.st_ino, found.st_mtime_ns

    def renew(self) -> None:
        self._write([secrets.token_bytes(key_file.SECRET_BYTES), *self.load()])

    def retire(self) -> None:
        known = self.load()
        if len(known) > 1:
            self._write(known[:1])

    def _write(self, known: list[bytes]) -> None:
        try:
            key_file.replace(self._path, known)
        except OSError as error:
            raise KeyLocked(f"The key file {self._path} cannot be written: {error.strerror}.") from None


class KeyCommand:
    """What the command prints. The hub makes no key here: whoever keeps the keys puts a new one first."""

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)

    def load(self) -> list[bytes]:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own setting, without a shell
                self._words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True, env=os.environ
            )
        except subprocess.TimeoutExpired:
            raise KeyLocked(f"The command of master_key_command gave no key within {_SECONDS} s.") from None
        except (OSError, subprocess.CalledProcessError):
            raise KeyLocked("The command of master_key_command failed; run it by hand to see why.") from None
        return key_file.parse_all(Path("master_key_command"), done.stdout[:_MOST_BYTES])

    def has_changed(self) -> bool:
        return False

    def check(self) -> None:
        """Asking a KMS every few seconds would cost more than it tells."""

    def renew(self) -> None:
        return None

    def retire(self) -> None:
        return None
