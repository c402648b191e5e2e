"""The log becomes a tree: new entries are taken in, their nodes are kept, and a checkpoint over them is signed.

Entries lie in the store when their message is committed; this happens afterwards, every few seconds, and costs as much
per entry however long the log is. Nodes and the checkpoint are kept in one commit, so a crash leaves the older tree
whole. Several processes may try at once: what they compute is the same, and only one that started from the newest
checkpoint is kept. A checkpoint leaves this process only after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from hub.audit import merkle, notes, tiles
from hub.audit.anchor import Anchor, LogBroken
from hub.audit.checkpoints import Checkpoint
from hub.audit.cosigning import Witnesses
from hub.audit.entry import AuditAction
from hub.audit.merkle import Frontier
from hub.audit.notes import NoteWrong, Signer, Verifier
from hub.audit.recording import OPERATOR, RecordEvent
from hub.clock import Clock
from hub.commit_group import CommitGroup, Overloaded
from hub.ledger import Ledger
from hub.rounds import Rounds
from hub.store.port import Store, StoreUnavailable
from hub.store.records import CheckpointKind, LogNode, StoredCheckpoint

log = structlog.get_logger()

# Leaves per question to the store, and per checkpoint.
SLICE: Final = 1024
MOST: Final = 65_536


@dataclass(frozen=True, slots=True)
class KeepCheckpoint:
    """A tree that grew from `before` entries: its new nodes, and what was signed over it."""

    before: int
    checkpoints: tuple[StoredCheckpoint, ...]
    nodes: Sequence[LogNode] = ()


class CheckpointKeeping:
    """The handler of `KeepCheckpoint`. Answers whether it was kept: not where another process was first."""

    def prepare(self, ledger: Ledger, commands: Sequence[KeepCheckpoint]) -> None:
        return None

    def handle(self, ledger: Ledger, command: KeepCheckpoint) -> bool:
        stored = ledger.group.find_checkpoint(CheckpointKind.SIGNED)
        if (stored.size if stored else 0) != command.before:
            return False
        ledger.changes.log_nodes.extend(command.nodes)
        ledger.changes.checkpoints.extend(command.checkpoints)
        return True


class Integrator:
    """Owns the tree of one hub process."""

    def __init__(
        self,
        store: Store,
        group: CommitGroup,
        clock: Clock,
        signer: Signer,
        anchor: Anchor,
        *,
        seconds: float,
        witnesses: Witnesses | None = None,
    ) -> None:
        self._store = store
        self._group = group
        self._clock = clock
        self._signer = signer
        self._anchor = anchor
        self._witnesses = witnesses or Witnesses((), clock)
        self._frontier = Frontier()
        self._started_at = clock.now()
        self._covered_at: datetime | None = None
        self._fault: str | None = None
        self._rounds = Rounds(self.try_step, seconds, "log", at_once=True)

    @property
    def fault(self) -> str | None:
        """Why the log cannot grow any more; None while it can. Nothing is accepted then."""
        return self._fault

    @property
    def verifier(self) -> Verifier:
        """By which the log's checkpoints are told from any other's."""
        return self._signer.verifier

    @property
    def size(self) -> int:
        """How many entries are in the tree."""
        return self._frontier.size

    def lags(self) -> dict[str, int]:
        """How many entries each witness has not cosigned yet."""
        return self._witnesses.lags(self.size)

    def age_at(self, at: datetime) -> timedelta:
        """How long it is since every entry was known to be under a checkpoint."""
        return max(timedelta(0), at - (self._covered_at or self._started_at))

    def check(self) -> StoredCheckpoint | None:
        """Takes up the tree that was signed last. Raises `LogBroken` where the store has another one, or less of it."""
        reader = self._store.reader()
        # The file first: another process may write both meanwhile, the store before the file.
        anchored = self._anchor.read(self._signer.verifier)
        signed = reader.find_checkpoint(CheckpointKind.SIGNED)
        size = signed.size if signed is not None else 0
        if anchored is not None and anchored.size > size:
            raise LogBroken(
                f"The log ends at {size} entries, but {anchored.size} were signed: is this an old backup? "
                "`samverkan audit resume` tells how to go on."
            )
        look_up = tiles.reader_of(reader.list_log_hashes)
        try:
            self._frontier = Frontier.at(size, look_up)
            older = merkle.root_at(anchored.size, look_up) if anchored is not None else None
        except tiles.NoSuchTile:
            raise LogBroken(f"Of the {size} entries that were signed some are missing.") from None
        if signed is not None:
            self._assert_ours(signed)
            if self._frontier.root() != signed.root:
                raise LogBroken(f"The first {size} entries of the log are not those that were signed.")
        if anchored is not None and older != anchored.root:
            raise LogBroken(f"The first {anchored.size} entries of the log are not those that were signed.")
        return signed

    def _assert_ours(self, signed: StoredCheckpoint) -> None:
        try:
            opened = Checkpoint.parse(notes.open_note(signed.note, [self._signer.verifier]).text)
        except NoteWrong:
            raise LogBroken("The log was signed with another key or name than this hub's: restore log.key.") from None
        if (opened.size, opened.root) != (signed.size, signed.root):
            raise LogBroken("The newest checkpoint and the signed note do not belong together.")

    async def tell_of_resuming(self) -> None:
        """Where the operator has gone on with a shorter log, the log itself says so, once."""
        note = self._anchor.find_superseded()
        if note is not None:
            signed = Checkpoint.parse(notes.open_note(note, [self._signer.verifier]).text)
            detail = {"signed": signed.size, "root": signed.root.hex(), "resumed": self._frontier.size}
            await self._group.submit(RecordEvent(AuditAction.LOG_RESUMED, detail, OPERATOR))
            self._anchor.settle(signed.size)

    def start(self) -> None:
        self._rounds.start()

    async def close(self) -> None:
        """Takes in what came last, then ends. Twice is fine."""
        if self._rounds.is_running:
            await self._rounds.stop()
            await self.try_step()

    async def try_step(self) -> None:
        """A step that raises nothing: what fails is told, and tried again at the next one."""
        try:
            while await self.step():
                pass
        except (StoreUnavailable, Overloaded) as fault:
            log.warning("log_waits", reason=type(fault).__name__)
        except LogBroken as broken:
            self._fault = str(broken)
            log.critical("log_broken", reason=str(broken))
        except Exception:
            log.exception("log_fault")

    async def step(self) -> bool:
        """Takes new entries in and signs. True when there may be more. Raises `StoreUnavailable`, `LogBroken`."""
        at, begin = self._clock.now(), self._frontier.size
        size = await self._store.ask(lambda: self._store.reader().audit_size())
        end = min(size, begin + MOST)
        if end > begin:
            frontier, nodes = await self._grow(end)
            if not await self._keep(begin, frontier, nodes, at):
                await self._store.ask(self.check)  # another process was first: go on from what it has kept
                return True
        elif size < begin:
            raise LogBroken(f"The log ends at {size} entries, but {begin} were signed.")
        elif self._witnesses.is_lagging(begin):
            await self._publish_again()
        if end == size:
            self._covered_at = at
        return end < size

    async def _grow(self, end: int) -> tuple[Frontier, list[LogNode]]:
        """The tree with entries up to `end`, and the nodes over full tiles that came with them."""
        frontier, nodes, reader = self._frontier.copy(), [], self._store.reader()
        while frontier.size < end:
            first, last = frontier.size, min(frontier.size + SLICE, end)
            leaves = await self._store.ask(partial(reader.list_log_hashes, 0, first, last))
            if len(leaves) != last - first:
                raise LogBroken(f"Entries are missing from the log between {first} and {last}.")
            for leaf in leaves:
                nodes += [
                    LogNode(height // tiles.HEIGHT, position, hash_)
                    for height, position, hash_ in frontier.append(leaf)
                    if height % tiles.HEIGHT == 0
                ]
            await asyncio.sleep(0)  # a long log must not hold up the loop
        return frontier, nodes

    async def _keep(self, begin: int, frontier: Frontier, nodes: Sequence[LogNode], at: datetime) -> bool:
        checkpoint = Checkpoint(self._signer.verifier.name, frontier.size, frontier.root())
        note = notes.join(checkpoint.text, [self._signer.sign(checkpoint.text)])
        signed = StoredCheckpoint(CheckpointKind.SIGNED, checkpoint.size, checkpoint.root, note, at)
        # A checkpoint is shown to witnesses before it is served, and to nobody before it is kept.
        served = () if self._witnesses else (replace(signed, kind=CheckpointKind.PUBLISHED),)
        kept: bool = await self._group.submit(KeepCheckpoint(begin, (signed, *served), nodes))
        if kept:
            self._anchor.write(note)
            self._frontier = frontier
            if self._witnesses:
                await self._publish(signed)
        return kept

    async def _publish(self, signed: StoredCheckpoint) -> None:
        """Serves a checkpoint with the cosignatures of those witnesses that have answered."""
        checkpoint = Checkpoint(self._signer.verifier.name, signed.size, signed.root)
        lines = await self._witnesses.cosign(checkpoint, signed.note, self._prove)
        published = replace(signed, kind=CheckpointKind.PUBLISHED, note=signed.note + "".join(lines))
        await self._group.submit(KeepCheckpoint(signed.size, (published,)))

    async def _prove(self, first: int, second: int) -> list[bytes]:
        look_up = tiles.reader_of(self._store.reader().list_log_hashes)
        return await self._store.ask(lambda: merkle.consistency_proof(first, second, look_up))

    async def _publish_again(self) -> None:
        """A witness that was away may have come back."""
        signed = await self._store.ask(lambda: self._store.reader().find_checkpoint(CheckpointKind.SIGNED))
        if signed is not None and signed.size == self._frontier.size:
            await self._publish(signed)
