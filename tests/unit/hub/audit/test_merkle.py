"""Roots and proofs against the RFC's own recursive definitions, and what a verifier must not believe."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest

from hub.audit import merkle
from hub.audit.merkle import ProofWrong

SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 33, 64, 100]
LEAVES = [merkle.leaf_hash(b"%d" % index) for index in range(300)]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree(leaves: Sequence[bytes]) -> bytes:
    """MTH, RFC 9162 2.1.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\1", tree(leaves[:k]), tree(leaves[k:]))


def look_up(height: int, position: int) -> bytes:
    width = 1 << height
    assert (position + 1) * width <= len(LEAVES)
    return tree(LEAVES[position * width : (position + 1) * width])


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH, RFC 9162 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree(leaves[:k])]


def subproof(first: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF, RFC 9162 2.1.4.1."""
    if first == len(leaves):
        return [] if whole else [tree(leaves)]
    k = split(len(leaves))
    if first <= k:
        return [*subproof(first, leaves[:k], whole), tree(leaves[k:])]
    return [*subproof(first - k, leaves[k:], False), tree(leaves[:k])]


def root_by_path(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """What PATH says, read backwards: the root that a proof leads to, None where it has the wrong length."""
    if not 0 <= index < size:
        return None
    if size == 1:
        return leaf if not proof else None
    if not proof:
        return None
    k = split(size)
    if index < k:
        below = root_by_path(index, k, leaf, proof[:-1])
        return None if below is None else sha(b"\1", below, proof[-1])
    below = root_by_path(index - k, size - k, leaf, proof[:-1])
    return None if below is None else sha(b"\1", proof[-1], below)


def roots_by_subproof(
    first: int, second: int, whole: bool, proof: Sequence[bytes], root: bytes
) -> tuple[bytes, bytes] | None:
    """What SUBPROOF says, read backwards: both roots that a proof leads to."""
    if first == second:
        if whole:
            return (root, root) if not proof else None
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    k = split(second)
    if first <= k:
        below = roots_by_subproof(first, k, whole, proof[:-1], root)
        return None if below is None else (below[0], sha(b"\1", below[1], proof[-1]))
    below = roots_by_subproof(first - k, second - k, False, proof[:-1], root)
    if below is None:
        return None
    return sha(b"\1", proof[-1], below[0]), sha(b"\1", proof[-1], below[1])


@pytest.mark.parametrize("size", [0, *SIZES, 255, 256, 257])
def test_the_frontier_has_the_root_of_the_whole_tree(size: int) -> None:
    frontier = merkle.Frontier()
    for leaf in LEAVES[:size]:
        for height, position, hash_ in frontier.append(leaf):
            assert hash_ == look_up(height, position)
    assert frontier.root() == tree(LEAVES[:size]) == merkle.root_at(size, look_up)


def test_a_frontier_goes_on_where_it_was_left() -> None:
    for size in range(70):
        frontier = merkle.Frontier.at(size, look_up)
        list(frontier.append(LEAVES[size]))
        assert frontier.root() == tree(LEAVES[: size + 1])


@pytest.mark.parametrize("size", SIZES)
def test_proofs_are_those_of_the_rfc_and_hold(size: int) -> None:
    root = tree(LEAVES[:size])
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, look_up)
        assert proof == path(index, LEAVES[:size])
        merkle.verify_inclusion(index, size, LEAVES[index], proof, root)
    for first in range(1, size):
        proof = merkle.consistency_proof(first, size, look_up)
        assert proof == subproof(first, LEAVES[:size], True)
        merkle.verify_consistency(first, size, proof, tree(LEAVES[:first]), root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 5), (-1, 4)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError):
        merkle.inclusion_proof(index, size, look_up)


def test_a_tree_does_not_shrink() -> None:
    with pytest.raises(ValueError):
        merkle.consistency_proof(5, 4, look_up)
    assert merkle.consistency_proof(0, 9, look_up) == merkle.consistency_proof(9, 9, look_up) == []


Inclusion = tuple[int, int, bytes, list[bytes], bytes]


def inclusion_cases() -> Iterator[Inclusion]:
    """Good proofs, and each of them spoilt in every way that the algorithm's steps and preconditions speak of."""
    junk, nothing = sha(b"junk"), b""
    for index, size in ((0, 1), (0, 2), (1, 2), (0, 8), (5, 8), (2, 3), (1, 5), (4, 5), (6, 7), (12, 13), (32, 33)):
        proof, root, leaf = path(index, LEAVES[:size]), tree(LEAVES[:size]), LEAVES[index]
        yield index, size, leaf, proof, root
        for other in (index - 1, index + 1, index ^ 2, size, size + 7, 2**40, -1):
            yield other, size, leaf, proof, root
        for other in (size - 1, size + 1, size * 2, size // 2, 0, 2**40):
            yield index, other, leaf, proof, root
        for wrong in (junk, root if size > 1 else junk, LEAVES[(index + 1) % 300], nothing, leaf + b"x", leaf[:31]):
            yield index, size, wrong, proof, root
        for wrong in (junk, leaf if size > 1 else junk, nothing, sha(b""), tree(LEAVES[: size + 1]), root[:31]):
            yield index, size, leaf, proof, wrong
        spoilt = [[*proof, junk], [*proof, root], [junk, *proof], [*proof, nothing], proof + proof[-1:], [nothing]]
        spoilt += [proof[:-1], proof[1:], [], proof[::-1], [bytes(32), *proof]] if proof else []
        spoilt += [[*proof[:at], junk, *proof[at + 1 :]] for at in range(len(proof))]
        spoilt += [[*proof[:at], proof[at][:-1], *proof[at + 1 :]] for at in range(len(proof))]
        yield from ((index, size, leaf, wrong, root) for wrong in spoilt)


def test_a_verifier_of_inclusion_agrees_with_the_definition_on_every_case() -> None:
    verdicts = []
    for index, size, leaf, proof, root in inclusion_cases():
        whole = all(len(hash_) == 32 for hash_ in (leaf, root, *proof))
        right = whole and root_by_path(index, size, leaf, proof) == root
        try:
            merkle.verify_inclusion(index, size, leaf, proof, root)
            verdicts.append((right, True))
        except ProofWrong:
            verdicts.append((right, False))
    assert [verdict for verdict in verdicts if verdict[0] != verdict[1]] == []
    assert verdicts.count((False, False)) > 250
    assert verdicts.count((True, True)) >= 11


Consistency = tuple[int, int, list[bytes], bytes, bytes]


def consistency_cases() -> Iterator[Consistency]:
    junk, nothing = sha(b"junk"), b""
    for first, second in ((1, 1), (1, 2), (1, 8), (6, 8), (2, 5), (4, 5), (3, 7), (4, 8), (8, 13), (31, 33), (32, 100)):
        old, new = tree(LEAVES[:first]), tree(LEAVES[:second])
        proof = subproof(first, LEAVES[:second], True)
        yield first, second, proof, old, new
        for other in (first - 1, first + 1, first * 2, second, second + 1, 0, -1, 2**40):
            yield other, second, proof, old, new
        for other in (second - 1, second + 1, second * 2, first, 0, -1, 2**40):
            yield first, other, proof, old, new
        for wrong in (junk, nothing, sha(b""), new if first != second else junk, old[:31]):
            yield first, second, proof, wrong, new
        for wrong in (junk, nothing, sha(b""), old if first != second else junk, new[:31]):
            yield first, second, proof, old, wrong
        yield second, first, proof, new, old
        spoilt = [[*proof, junk], [junk, *proof], [*proof, old], [old, *proof], [*proof, new], [*proof, nothing]]
        spoilt += [proof[:-1], proof[1:], [], proof[::-1], proof + proof[-1:]] if proof else []
        spoilt += [[*proof[:at], junk, *proof[at + 1 :]] for at in range(len(proof))]
        spoilt += [[*proof[:at], proof[at][:-1], *proof[at + 1 :]] for at in range(len(proof))]
        yield from ((first, second, wrong, old, new) for wrong in spoilt)
    yield 0, 0, [], sha(b""), sha(b"")
    yield 0, 5, [], sha(b""), tree(LEAVES[:5])
    yield 0, 5, [junk], sha(b""), tree(LEAVES[:5])
    yield 0, 5, [], junk, tree(LEAVES[:5])


def is_consistent(first: int, second: int, proof: list[bytes], old: bytes, new: bytes) -> bool:
    if not all(len(hash_) == 32 for hash_ in (old, new, *proof)) or not 0 <= first <= second:
        return False
    if first == second:
        return not proof and old == new
    return first > 0 and roots_by_subproof(first, second, True, proof, old) == (old, new)


def test_a_verifier_of_consistency_agrees_with_the_definition_on_every_case() -> None:
    verdicts = []
    for first, second, proof, old, new in consistency_cases():
        right = is_consistent(first, second, proof, old, new)
        try:
            merkle.verify_consistency(first, second, proof, old, new)
            verdicts.append((right, True))
        except ProofWrong:
            verdicts.append((right, False))
    assert [verdict for verdict in verdicts if verdict[0] != verdict[1]] == []
    assert verdicts.count((False, False)) > 250
    assert verdicts.count((True, True)) >= 12
