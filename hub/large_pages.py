"""What a process has built at its start, put into large pages of memory, so that the processor finds its way faster.

A hub lies in some 30,000 pages of 4 KiB, many more than a processor keeps the addresses of, and in a virtual machine
looking one up anew goes through two tables. Linux since 6.1 gathers what lies there into pages of 2 MiB when asked
(madvise(2), MADV_COLLAPSE). Nothing else changes, and where it cannot be had everything goes on as it was.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SETTINGS: Final = Path("/sys/kernel/mm/transparent_hugepage")
_MAP: Final = Path("/proc/self/maps")
_COLLAPSE: Final = 25


def gather() -> int:
    """How many pages are large now: 0 where the system has none or its administrator wants none. Takes up to a second;
    from a thread of its own it holds up the others for milliseconds only."""
    if sys.platform != "linux":
        return 0
    with contextlib.suppress(OSError, ValueError):
        if "[never]" not in (_SETTINGS / "enabled").read_text():
            return _collapse(list_whole(_MAP.read_text(), int((_SETTINGS / "hpage_pmd_size").read_text())))
    return 0


def list_whole(memory_map: str, size: int) -> list[tuple[int, int]]:
    """The places of memory that a process has made for itself, as start and size: whole pages of `size` bytes alone.

    `memory_map` is written as in proc(5), `/proc/pid/maps`."""
    return list(_whole(memory_map, size))


def _whole(memory_map: str, size: int) -> Iterator[tuple[int, int]]:
    for line in memory_map.splitlines():
        addresses, rights, *_, name = [*line.split(maxsplit=5), ""][:6]
        if rights != "rw-p" or name not in ("", "[heap]"):
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        for place in range(-(-start // size) * size, end - size + 1, size):
            yield place, size


def _collapse(places: list[tuple[int, int]]) -> int:
    """Each by itself: one that has gone meanwhile, or is not used, is left as it is."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(madvise(start, size, _COLLAPSE) == 0 for start, size in places)
