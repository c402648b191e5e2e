"""A proposed change of the directory as the second administrator reads it: which row, and what in it is another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NEXT_PART: Final = re.compile(r" (?=[a-z_]+=)")
_KINDS: Final = {"+ ": "added", "- ": "taken"}


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is `added`, `taken` or empty; `parts` its text in pieces, and whether the row that stands in its place, or
    stood there before, says otherwise."""

    kind: str
    parts: tuple[tuple[str, bool], ...]


def read(differences: Sequence[str]) -> list[Line]:
    """Rows are each other's counterparts when they alone begin with the same name. Others are shown as they are."""
    rows = [_NEXT_PART.split(line[2:]) for line in differences]
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[tuple(row[:2])].append(index)
    return [_mark(differences, rows, index, alike[tuple(row[:2])]) for index, row in enumerate(rows)]


def _mark(differences: Sequence[str], rows: Sequence[Sequence[str]], index: int, alike: Sequence[int]) -> Line:
    line = differences[index]
    kind = _KINDS.get(line[:2], "")
    if not kind:
        return Line("", ((line, False),))
    signs = sorted(differences[each][:1] for each in alike)
    other = rows[sum(alike) - index] if signs == ["+", "-"] else rows[index]
    return Line(kind, tuple((part, part not in other) for part in rows[index]))
