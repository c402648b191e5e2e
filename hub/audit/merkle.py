"""Merkle trees over a log: roots, proofs and their verification (RFC 9162 2.1, RFC 6962 2.1; SHA-256). Pure.

A subtree is named by its height and its position among those of its height: (0, 7) is the eighth leaf, (8, 0) the node
over the first 256. Only perfect subtrees have names; whoever makes a proof gives a way to look them up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Lookup = Callable[[int, int], bytes]
"""The hash of a perfect subtree, by height and position."""


class ProofWrong(Exception):
    """A proof does not show what it should show."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of a zero byte and the entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def reduce(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, the largest first. A leaf costs as much
    however large the tree is, one hash on average."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def at(cls, size: int, look_up: Lookup) -> Frontier:
        """The edge of the tree over the first `size` leaves."""
        return cls(size, [look_up(height, position) for height, position in peaks_of(size)])

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Takes one leaf in. Yields each subtree that it completes, but for the leaf: height, position, hash."""
        hash_, position, height = leaf, self.size, 0
        self.size += 1
        completed = []
        while position & 1:
            hash_, position, height = node_hash(self._peaks.pop(), hash_), position >> 1, height + 1
            completed.append((height, position, hash_))
        self._peaks.append(hash_)
        return iter(completed)

    def copy(self) -> Frontier:
        return Frontier(self.size, self._peaks)

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def peaks_of(size: int) -> list[tuple[int, int]]:
    """The perfect subtrees that a tree of this size is made of, the largest first."""
    found, begin = [], 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            found.append((height, begin >> height))
            begin += 1 << height
    return found


def root_at(size: int, look_up: Lookup) -> bytes:
    """The root over the first `size` leaves."""
    return Frontier.at(size, look_up).root()


def inclusion_proof(index: int, size: int, look_up: Lookup) -> list[bytes]:
    """That leaf `index` is in the tree of `size`, from the leaf to the root (RFC 9162 2.1.3.1). Raises `ValueError`."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, look_up))
            end = middle
        else:
            path.append(_range_hash(begin, middle, look_up))
            begin = middle
    return path[::-1]


def consistency_proof(first: int, second: int, look_up: Lookup) -> list[bytes]:
    """That the tree of `first` leaves is the beginning of that of `second` (RFC 9162 2.1.4.1). Empty where there is
    nothing to prove: equal sizes, or from nothing. Raises `ValueError`."""
    if not 0 <= first <= second:
        raise ValueError("a tree does not shrink")
    if first in (0, second):
        return []
    begin, end, path, whole = 0, second, [], True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_range_hash(middle, end, look_up))
            end = middle
        else:
            path.append(_range_hash(begin, middle, look_up))
            begin, whole = middle, False
    if not whole:
        path.append(_range_hash(begin, end, look_up))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 2.1.3.2. Raises `ProofWrong`."""
    if not 0 <= index < size:
        raise ProofWrong("the index is not in the tree")
    _assert_hashes(leaf, root, *proof)
    first, second, hash_ = index, size - 1, leaf
    for sibling in proof:
        if second == 0:
            raise ProofWrong("the proof is too long")
        if first & 1 or first == second:
            hash_ = node_hash(sibling, hash_)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        first, second = first >> 1, second >> 1
    if second or hash_ != root:
        raise ProofWrong("the leaf is not where the proof says" if not second else "the proof is too short")


def verify_consistency(first: int, second: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """RFC 9162 2.1.4.2. From an empty tree there is nothing to prove, so that is refused, too. Raises `ProofWrong`."""
    _assert_hashes(root1, root2, *proof)
    if first == second and first >= 0:
        if proof or root1 != root2:
            raise ProofWrong("two trees of one size have one root, and no proof")
        return
    if not 0 < first < second or not proof:
        raise ProofWrong("the sizes or the proof cannot be right")
    path = list(proof) if first & (first - 1) else [root1, *proof]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for hash_ in path[1:]:
        if sn == 0:
            raise ProofWrong("the proof is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, hash_)
        fn, sn = fn >> 1, sn >> 1
    if sn or old != root1 or new != root2:
        raise ProofWrong("the older tree is not the beginning of the newer one")


def _assert_hashes(*hashes: bytes) -> None:
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise ProofWrong("a hash has 32 bytes")


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _range_hash(begin: int, end: int, look_up: Lookup) -> bytes:
    """The root over leaves from `begin` on, before `end`; `begin` is where a subtree of that size can begin."""
    count = end - begin
    if count & (count - 1) == 0:
        return look_up(count.bit_length() - 1, begin // count)
    middle = begin + _split(count)
    return node_hash(_range_hash(begin, middle, look_up), _range_hash(middle, end, look_up))
