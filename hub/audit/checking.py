"""Whether single entries are under the checkpoint that was signed: not what the database says of them, but what follows
from the entry itself, the tree and the signature (RFC 9162 2.1.3, C2SP tlog-checkpoint)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.audit import merkle, tiles, verifying
from hub.audit.checkpoints import Checkpoint
from hub.audit.merkle import ProofWrong
from hub.audit.notes import Verifier
from hub.audit.tiles import NoSuchTile
from hub.audit.verifying import VerificationFailed
from hub.store.port import Reader
from hub.store.records import AuditRow, CheckpointKind


class Standing(StrEnum):
    """How an entry stands to the newest checkpoint that left the hub."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_YET = "not_yet"
    """Younger than the checkpoint. A second later it is under the next."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`size` is that of the checkpoint; None where there is none, or none that our key has signed."""

    size: int | None
    standings: Mapping[int, Standing]

    @property
    def is_broken(self) -> bool:
        return Standing.BROKEN in self.standings.values()

    @property
    def waiting(self) -> int:
        return list(self.standings.values()).count(Standing.NOT_YET)


def check(reader: Reader, rows: Iterable[AuditRow], verifier: Verifier) -> Checked:
    """Each entry by its index. A checkpoint whose signature fails breaks every entry."""
    stored = reader.find_checkpoint(CheckpointKind.PUBLISHED)
    if stored is None:
        return Checked(None, {row.index: Standing.NOT_YET for row in rows})
    try:
        checkpoint, _ = verifying.open_checkpoint(stored.note, [verifier])
    except VerificationFailed:
        return Checked(None, {row.index: Standing.BROKEN for row in rows})
    return Checked(checkpoint.size, {row.index: _stand(reader, row, checkpoint) for row in rows})


def _stand(reader: Reader, row: AuditRow, checkpoint: Checkpoint) -> Standing:
    leaf = merkle.leaf_hash(row.entry)
    if leaf != row.leaf:
        return Standing.BROKEN
    if row.index >= checkpoint.size:
        return Standing.NOT_YET
    try:
        hashes = merkle.inclusion_proof(row.index, checkpoint.size, tiles.reader_of(reader.list_log_hashes))
        merkle.verify_inclusion(row.index, checkpoint.size, leaf, hashes, checkpoint.root)
    except (ProofWrong, NoSuchTile, ValueError):
        return Standing.BROKEN
    return Standing.HOLDS
