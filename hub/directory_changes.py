"""Another directory while the hub runs: one administrator proposes what lies on disk, another one approves it.

A unit's authority decides under which secrecy it stands, so nobody moves units alone. What was approved is kept with
its files: a hub that starts anew takes that, and not whatever lies on its disk by then.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import structlog

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.directory_sets import DirectorySet, Standing
from hub.store.history import StoredDirectory
from hub.store.port import Reader
from routing import directory as directories
from routing.directory import Directory
from routing.rule_files import RulesBroken

log = structlog.get_logger()

KIND = "directory"


@dataclass(frozen=True, slots=True)
class KeepDirectory:
    """The first directory that this store has seen: in force without anybody's word, and told with the start."""

    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProposeDirectory:
    """`actor` proposes these files. An earlier proposal gives way; the same again changes nothing."""

    actor: str
    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ApproveDirectory:
    """`actor` has looked at the set with this digest and approves it."""

    actor: str
    digest: str


@dataclass(frozen=True, slots=True)
class RejectDirectory:
    """`actor` turns down what is proposed. Also its proposer may."""

    actor: str


class NotApproved(StrEnum):
    """Why nothing changed."""

    NOTHING_PROPOSED = "nothing_proposed"
    ANOTHER_PROPOSED = "another_proposed"
    SAME_PERSON = "same_person"


Command: TypeAlias = KeepDirectory | ProposeDirectory | ApproveDirectory | RejectDirectory
COMMANDS: tuple[type, ...] = (KeepDirectory, ProposeDirectory, ApproveDirectory, RejectDirectory)


class DirectoryChanging:
    """The handler of all of them."""

    def prepare(self, ledger: Ledger, commands: Sequence[Command]) -> None:
        return None

    def handle(self, ledger: Ledger, command: Command) -> DirectorySet | NotApproved | None:
        # Two of them in one group: the second sees what the first has left.
        kept = _Kept(ledger)
        match command:
            case KeepDirectory():
                return _keep(kept, command)
            case ProposeDirectory():
                return _propose(kept, command)
            case ApproveDirectory():
                return _approve(kept, command)
            case RejectDirectory():
                return _reject(kept, command)


class _Kept:
    """The two sets as this group has left them."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def find(self, standing: Standing) -> DirectorySet | None:
        changes = self.ledger.changes
        for each in reversed(changes.directory_sets):
            if each.standing is standing:
                return each
        return None if standing in changes.dropped_directory_sets else self.ledger.group.find_directory_set(standing)

    def put(self, kept: DirectorySet) -> DirectorySet:
        self.ledger.changes.directory_sets.append(kept)
        if kept.standing is Standing.IN_FORCE:
            self.ledger.changes.directories.append(StoredDirectory(kept.digest, kept.at, kept.files))
        return kept

    def drop_proposal(self) -> None:
        changes = self.ledger.changes
        changes.directory_sets[:] = [each for each in changes.directory_sets if each.standing is not Standing.PROPOSED]
        changes.dropped_directory_sets.append(Standing.PROPOSED)


def _keep(kept: _Kept, command: KeepDirectory) -> DirectorySet:
    known = kept.find(Standing.IN_FORCE)
    return known or kept.put(DirectorySet(Standing.IN_FORCE, command.digest, command.files, kept.ledger.at))


def _propose(kept: _Kept, command: ProposeDirectory) -> DirectorySet:
    known = kept.find(Standing.PROPOSED)
    if known is not None and known.digest == command.digest:
        return known
    detail = {"kind": KIND, "digest": command.digest}
    if known is not None:
        kept.ledger.audit(AuditAction.CHANGE_REJECTED, command.actor, detail={"kind": KIND, "digest": known.digest})
    kept.ledger.audit(AuditAction.CHANGE_PROPOSED, command.actor, detail=detail)
    return kept.put(
        DirectorySet(Standing.PROPOSED, command.digest, command.files, kept.ledger.at, proposed_by=command.actor)
    )


def _approve(kept: _Kept, command: ApproveDirectory) -> DirectorySet | NotApproved:
    proposed, before = kept.find(Standing.PROPOSED), kept.find(Standing.IN_FORCE)
    if proposed is None:
        return NotApproved.NOTHING_PROPOSED
    if proposed.digest != command.digest:
        return NotApproved.ANOTHER_PROPOSED
    if proposed.proposed_by == command.actor:
        return NotApproved.SAME_PERSON
    detail = {
        "before": before.digest if before else None,
        "directory": proposed.digest,
        "proposed_by": proposed.proposed_by,
        "approved_by": command.actor,
    }
    kept.ledger.audit(AuditAction.DIRECTORY_CHANGED, command.actor, detail=detail)
    kept.drop_proposal()
    return kept.put(replace(proposed, standing=Standing.IN_FORCE, at=kept.ledger.at, approved_by=command.actor))


def _reject(kept: _Kept, command: RejectDirectory) -> DirectorySet | NotApproved:
    proposed = kept.find(Standing.PROPOSED)
    if proposed is None:
        return NotApproved.NOTHING_PROPOSED
    kept.ledger.audit(AuditAction.CHANGE_REJECTED, command.actor, detail={"kind": KIND, "digest": proposed.digest})
    kept.drop_proposal()
    return proposed


def read_files(folder: Path | None) -> dict[str, str]:
    """The files of a directory (None: the packaged one), by name. What cannot be read is missing, and so a fault."""
    found = sorted((folder or directories.FOLDER).glob("*.toml"))
    return {path.name: path.read_text("utf-8", errors="replace") for path in found}


def read(files: Mapping[str, str]) -> Directory:
    """The directory that these files hold. Raises `RulesBroken`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / Path(name).name).write_text(text, "utf-8")
        return directories.load(Path(folder))


def choose(folder: Path | None, reader: Reader, on_disk: Directory) -> tuple[Directory, KeepDirectory | None]:
    """What two administrators have agreed on, whatever lies on disk by now; at the first start, what lies there."""
    kept = reader.find_directory_set(Standing.IN_FORCE)
    if kept is None:
        return on_disk, KeepDirectory(on_disk.digest, read_files(folder))
    if kept.digest == on_disk.digest:
        return on_disk, None
    try:
        agreed = read(kept.files)
    except RulesBroken:
        # An older version wrote it, which this one cannot read: what is delivered with this one is all there is.
        log.error("directory_unreadable", directory=kept.digest, instead=on_disk.digest)  # noqa: TRY400 - no surprise
        return on_disk, None
    log.warning("directory_change_waits", in_force=kept.digest, on_disk=on_disk.digest)
    return agreed, None


def list_differences(before: Directory, after: Directory) -> list[str]:
    """What changes, one row of the files each: for the second administrator to look at."""
    found = []
    for name in before.entries.__slots__:
        old, new = getattr(before.entries, name), getattr(after.entries, name)
        found += [f"- {_as_text(row)}" for row in old if row not in new]
        found += [f"+ {_as_text(row)}" for row in new if row not in old]
    return found


def _as_text(row: object) -> str:
    """A row as it is written, without what says nothing."""
    told = {name: getattr(row, name) for name in getattr(row, "__slots__", ())}
    words = [f"{name}={_plain(value)}" for name, value in told.items() if value not in (None, (), frozenset())]
    return f"{type(row).__name__.lower()} " + " ".join(words)


def _plain(value: object) -> str:
    return ",".join(sorted(map(str, value))) if isinstance(value, (tuple, frozenset)) else str(value)
