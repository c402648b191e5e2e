"""Receipts that prove: an entry is in the log under a signed checkpoint (c2sp.org/tlog-proof@v1). Pure.

`extra` is the entry; or, where the entry tells more than the holder of the receipt may know, its leaf hash of 32 bytes,
which stands in the sender's receipt as well.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from hub.audit import merkle, verifying
from hub.audit.checkpoints import Checkpoint, decode_hash
from hub.audit.merkle import ProofWrong
from hub.audit.notes import NoteWrong, Verifier
from hub.audit.verifying import VerificationFailed

MEDIA_TYPE: Final = "text/plain; charset=utf-8"
_HEADER: Final = "c2sp.org/tlog-proof@v1"
_PROOF: Final = re.compile(
    rf"{re.escape(_HEADER)}\n(?:extra (?P<extra>[A-Za-z0-9+/]*=*)\n)?index (?P<index>0|[1-9][0-9]{{0,18}})\n"
    r"(?P<hashes>(?:[A-Za-z0-9+/]+=\n){0,63})\n(?P<note>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry's place in the log."""

    index: int
    hashes: Sequence[bytes]
    note: str
    extra: bytes | None = None

    @property
    def text(self) -> str:
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(hash_).decode() for hash_ in self.hashes]
        return "\n".join(lines) + "\n\n" + self.note

    @classmethod
    def parse(cls, text: str) -> Proof:
        """Raises `VerificationFailed`."""
        found = _PROOF.fullmatch(text)
        if found is None or len(text) > 200_000:
            raise VerificationFailed("It is no tlog-proof.")
        try:
            hashes = [decode_hash(line) for line in found["hashes"].splitlines()]
            extra = None if found["extra"] is None else base64.b64decode(found["extra"], validate=True)
        except (NoteWrong, ValueError):
            raise VerificationFailed("It is no tlog-proof: a line of it is no base64.") from None
        return cls(int(found["index"]), hashes, found["note"], extra)

    @property
    def leaf(self) -> bytes | None:
        """The leaf that the receipt itself speaks of."""
        if self.extra is None:
            return None
        return self.extra if len(self.extra) == merkle.HASH_BYTES else merkle.leaf_hash(self.extra)

    @property
    def entry(self) -> bytes | None:
        return self.extra if self.extra is not None and len(self.extra) != merkle.HASH_BYTES else None


def verify(proof: Proof, leaf: bytes, verifiers: Collection[Verifier]) -> Checkpoint:
    """The checkpoint under which `leaf` is where the proof says. Raises `VerificationFailed`."""
    checkpoint, _ = verifying.open_checkpoint(proof.note, verifiers)
    try:
        merkle.verify_inclusion(proof.index, checkpoint.size, leaf, proof.hashes, checkpoint.root)
    except ProofWrong as wrong:
        raise VerificationFailed(f"The proof does not hold: {wrong}.") from None
    return checkpoint
