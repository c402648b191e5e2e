"""The disk under the embedded store, in a test's hands: calls that fail, and power that goes.

SQLite reaches the operating system through a table of functions. In a hub of this suite those that write are replaced,
by ctypes, in the library that Python has loaded. `FAULTS_DISK` names a file: what stands in it (`Order`) happens at the
n-th call from now, and the file is gone when it has.

When the power goes, of everything that was written since a file was last synced each piece of 512 bytes is there, or
not, or rubbish, as the dice say; nothing outside of what was written changes (SQLite relies on that much). Weakness: a
file that was made shorter stays so, and what a failed sync left is written by the next one.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "FAULTS_DISK"

_MAIN_DB, _WAL = 0x100, 0x80000
_IOERR_WRITE, _IOERR_FSYNC, _FULL = 10 | 3 << 8, 10 | 4 << 8, 13
_PIECE = 512
# SQLite calls them for as long as the process lives.
_KEPT: list[Any] = []

# Where in SQLite's tables (sqlite3_vfs, sqlite3_io_methods) the functions stand, in pointers.
_VFS_OPEN, _METHODS, _WRITE, _SYNC = 5, 19, 3, 5
_Open = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_void_p
)
_Write = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


@dataclass(frozen=True)
class Order:
    """What happens at the call after `after` others: `EIO` and `ENOSPC` to that one, `cut` to everything."""

    how: str
    after: int
    seed: int

    def give(self, path: Path) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


@dataclass
class _File:
    """One file as it is, and as it would be after a cut."""

    descriptor: int
    synced: bytearray
    written: list[tuple[int, int]] = field(default_factory=list)

    def settle(self) -> None:
        for start, length in self.written:
            self.synced.extend(bytes(max(0, start + length - len(self.synced))))
            self.synced[start : start + length] = os.pread(self.descriptor, length, start)
        self.written.clear()

    def lose(self, dice: random.Random) -> None:
        for start, length in self.written:
            for begin in range(start, start + length, _PIECE):
                most = min(_PIECE, start + length - begin)
                before = bytes(self.synced[begin : begin + most]).ljust(most, b"\0")
                fate = dice.choice((None, before, dice.randbytes(most)))
                if fate is not None:
                    os.pwrite(self.descriptor, fate, begin)


def _keep(function: Any) -> Any:
    _KEPT.append(function)
    return function


class Disk:
    """Takes the place of the functions; the files are known by their names."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self._given: int = 0
        self._order: Order | None = None
        self._left = 0
        self._files: dict[str, _File] = {}
        self._names: dict[int, str] = {}
        self._tables: dict[int, Any] = {}

    def install(self) -> None:
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.c_void_p
        table = (ctypes.c_void_p * (_VFS_OPEN + 1)).from_address(library.sqlite3_vfs_find(None))
        open_really = _Open(table[_VFS_OPEN] or 0)

        def open_file(vfs: int, name: int | None, file: Any, flags: int, out: int) -> int:
            code = open_really(vfs, name, file, flags, out)
            if code == 0 and name is not None and flags & (_MAIN_DB | _WAL):
                self._know(ctypes.addressof(file.contents), os.fsdecode(ctypes.string_at(name)))
                file[0] = ctypes.addressof(self._wrapped(file[0]))
            return code

        table[_VFS_OPEN] = ctypes.cast(_keep(_Open(open_file)), ctypes.c_void_p)

    def _know(self, address: int, name: str) -> None:
        self._names[address] = name
        known = self._files.get(name)
        if known is None or os.fstat(known.descriptor).st_ino != Path(name).stat().st_ino:
            # Never closed: whoever closes a file loses all its locks, SQLite's too.
            descriptor = os.open(name, os.O_RDWR)
            self._files[name] = _File(descriptor, bytearray(os.pread(descriptor, os.fstat(descriptor).st_size, 0)))

    def _wrapped(self, address: int) -> Any:
        """The file's functions with two of them replaced."""
        if address not in self._tables:
            table = (ctypes.c_void_p * _METHODS).from_buffer_copy(ctypes.string_at(address, _METHODS * 8))
            write, sync = _Write(table[_WRITE] or 0), _Sync(table[_SYNC] or 0)
            table[_WRITE] = ctypes.cast(_keep(_Write(self._writing(write))), ctypes.c_void_p)
            table[_SYNC] = ctypes.cast(_keep(_Sync(self._syncing(sync))), ctypes.c_void_p)
            self._tables[address] = table
        return self._tables[address]

    def _writing(self, write: Callable[..., int]) -> Callable[..., int]:
        def writing(file: int, content: int, length: int, offset: int) -> int:
            fate = self._next()
            self._files[self._names[file]].written.append((offset, length))
            if fate is not None:
                write(file, content, length // 2, offset)
                return _FULL if fate == "ENOSPC" else _IOERR_WRITE
            return write(file, content, length, offset)

        return writing

    def _syncing(self, sync: Callable[..., int]) -> Callable[..., int]:
        def syncing(file: int, flags: int) -> int:
            if self._next() is not None:
                return _IOERR_FSYNC
            code = sync(file, flags)
            self._files[self._names[file]].settle()
            return code

        return syncing

    def _next(self) -> str | None:
        """Counts a call; what is to happen to it."""
        try:
            given = self._orders.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if given != self._given:
            self._given, self._order = given, Order(**json.loads(self._orders.read_bytes()))
            self._left = self._order.after
        if self._order is None:
            return None
        self._left -= 1
        if self._left >= 0:
            return None
        order, self._order = self._order, None
        if order.how == "cut":
            self._cut(random.Random(order.seed))
        self._orders.unlink()
        return order.how

    def _cut(self, dice: random.Random) -> None:
        for file in self._files.values():
            file.lose(dice)
        self._orders.unlink()
        os._exit(137)


def install() -> None:
    if orders := os.environ.get(VARIABLE):
        Disk(Path(orders)).install()
