"""What happened, one JSON object per line, written as it happens; and the one judge of it, who looks afterwards.

Events (`what`): `sent` an attempt, `receipt` the sender's answer, `effect` a recipient has taken a copy over for the
first time, `acked` the hub knows it, `withdrawn` a consent's withdrawal has its receipt, `read` a copy was given out,
`withheld` it was refused, as it may be after a withdrawal, `log` the whole log as it stood, as leaves, `checkpoint`
one that was signed, `rows` where rows of messages and copies say something else than the log. Recipients remember what
they took (their inbox table), as real ones must.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any


class History:
    """Appends to a file, each event at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._taken: set[tuple[str, str]] = set()

    def note(self, what: str, **told: Any) -> None:
        self._file.write(json.dumps({"at": round(time.monotonic(), 4), "what": what, **told}) + "\n")
        self._file.flush()

    def take(self, unit: str, delivery: str, **told: Any) -> None:
        """The recipient's effect: once for each delivery id, however often it comes."""
        if (unit, delivery) not in self._taken:
            self._taken.add((unit, delivery))
            self.note("effect", unit=unit, delivery=delivery, **told)

    def has_taken(self, unit: str, delivery: str) -> bool:
        return (unit, delivery) in self._taken

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def judge(events: Iterable[dict[str, Any]]) -> list[str]:
    """Everything that is wrong with a history: lost, doubled, reordered, leaked, log not a prefix. Empty is right."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_kind.setdefault(event["what"], []).append(event)
    receipts, effects = by_kind.get("receipt", []), by_kind.get("effect", [])
    if not receipts or not effects:
        return ["nothing has been tried: no receipt or no effect"]
    withdrawn = {withdrawal["lane"] for withdrawal in by_kind.get("withdrawn", [])}
    withheld = [event for event in by_kind.get("withheld", []) if event["lane"] in withdrawn]
    ended = sorted([*effects, *withheld], key=lambda event: event["at"])
    return [
        *_find_lost(receipts, ended),
        *_find_doubled(receipts, effects),
        *_find_reordered(ended),
        *_find_leaked(by_kind.get("withdrawn", []), by_kind.get("read", []), receipts),
        *_find_log_faults(by_kind.get("log", []), receipts),
        *_find_checkpoint_faults(by_kind.get("checkpoint", []), by_kind.get("log", [])),
        *(f"rows: {told}" for rows in by_kind.get("rows", []) for told in rows["differences"]),
    ]


def _find_lost(receipts: Sequence[dict[str, Any]], ended: Sequence[dict[str, Any]]) -> Iterator[str]:
    taken = {event["delivery"] for event in ended}
    for receipt in receipts:
        for delivery in receipt["deliveries"]:
            if delivery not in taken:
                yield f"lost: delivery {delivery} of message {receipt['message']}"


def _find_doubled(receipts: Sequence[dict[str, Any]], effects: Sequence[dict[str, Any]]) -> Iterator[str]:
    for (unit, message), count in Counter((effect["unit"], effect["message"]) for effect in effects).items():
        if count > 1:
            yield f"doubled: message {message} had {count} effects at {unit}"
    answers: dict[str, set[int]] = {}
    for receipt in receipts:
        answers.setdefault(receipt["message"], set()).add(receipt["index"])
    for message, indexes in answers.items():
        if len(indexes) > 1:
            yield f"doubled: message {message} was accepted {len(indexes)} times"


def _find_reordered(ended: Sequence[dict[str, Any]]) -> Iterator[str]:
    lanes: dict[tuple[str, str], list[int]] = {}
    for event in ended:
        lanes.setdefault((event["unit"], event["lane"]), []).append(event["sequence"])
    for (unit, lane), sequences in lanes.items():
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"reordered or with gaps: {unit} in {lane}: {sequences}"


def _find_leaked(
    withdrawals: Sequence[dict[str, Any]], reads: Sequence[dict[str, Any]], receipts: Sequence[dict[str, Any]]
) -> Iterator[str]:
    since = {withdrawal["lane"]: withdrawal["at"] for withdrawal in withdrawals}
    # What the hub itself tells, that copies were called back for instance, rests on no consent and is in no receipt.
    sent = {delivery for receipt in receipts for delivery in receipt["deliveries"]}
    for given in reads:
        if given["delivery"] in sent and given["began"] > since.get(given["lane"], float("inf")):
            yield f"leaked: {given['delivery']} was given out after the withdrawal in {given['lane']}"


def _find_log_faults(logs: Sequence[dict[str, Any]], receipts: Sequence[dict[str, Any]]) -> Iterator[str]:
    for earlier, later in itertools.pairwise(logs):
        if later["leaves"][: len(earlier["leaves"])] != earlier["leaves"]:
            yield f"log: the one of size {len(earlier['leaves'])} is no prefix of the next"
    if logs:
        last = logs[-1]["leaves"]
        for receipt in receipts:
            if receipt["index"] >= len(last) or last[receipt["index"]] != receipt["leaf"]:
                yield f"log: the receipt of {receipt['message']} is not in it at {receipt['index']}"


def _find_checkpoint_faults(checkpoints: Sequence[dict[str, Any]], logs: Sequence[dict[str, Any]]) -> Iterator[str]:
    leaves = [bytes.fromhex(leaf) for leaf in logs[-1]["leaves"]] if logs else []
    for size, root in sorted({(checkpoint["size"], checkpoint["root"]) for checkpoint in checkpoints}):
        if size > len(leaves) or _root(leaves[:size]).hex() != root:
            yield f"log: what was signed at size {size} is no prefix of it"


def _root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (RFC 9162 2.1.1), reckoned anew and not as the hub does."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:left]) + _root(leaves[left:])).digest()
