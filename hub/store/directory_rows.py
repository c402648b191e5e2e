"""Directory sets: rows to records and back, and the statements about them."""

from __future__ import annotations

import zlib
from typing import Final

import orjson
from sqlalchemy import bindparam, delete, select

from hub.store import rows, tables
from hub.store.directory_sets import DirectorySet, Standing

SET: Final = tuple(tables.directory_sets.c)
FIND: Final = select(*SET).where(tables.directory_sets.c.standing == bindparam("standing"))
DROP: Final = delete(tables.directory_sets).where(tables.directory_sets.c.standing == bindparam("dropped_standing"))


def to_values(kept: DirectorySet) -> rows.Values:
    return {
        "standing": kept.standing.value,
        "digest": kept.digest,
        "files": zlib.compress(orjson.dumps(dict(kept.files))),
        "at": rows.instant_to_cell(kept.at),
        "proposed_by": kept.proposed_by,
        "approved_by": kept.approved_by,
    }


def from_cells(cells: rows.Cells) -> DirectorySet:
    standing, digest, files, at, proposed_by, approved_by = cells
    instant = rows.cell_to_instant(at)
    return DirectorySet(
        Standing(standing), digest, orjson.loads(zlib.decompress(files)), instant, proposed_by, approved_by
    )
