"""Rules and units read again while the hub runs. What has a fault is refused whole, and the old stays.

New rules count at once. New units wait for a second administrator (`hub.directory_changes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from hub import directory_changes
from hub.directory_changes import ApproveDirectory, NotApproved, ProposeDirectory, RejectDirectory
from hub.service import Hub
from hub.store.directory_sets import DirectorySet, Standing
from routing import checks
from routing.directory import Directory
from routing.rule_files import RulesBroken

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The digests of the rules before and now, of the units in force and on disk, and what waits for approval."""

    rules_before: str
    rules_now: str
    directory: str
    directory_on_disk: str
    proposed: DirectorySet | None


async def reload(hub: Hub, actor: str) -> Reloaded:
    """Rules at once; units on disk that differ become `actor`'s proposal. Raises `RulesBroken` with every fault of
    either, and `StoreUnavailable`."""
    files, on_disk = read_disk(hub)
    before = hub.rulebook.digest
    now = await hub.reload_rules()
    if on_disk.digest != hub.directory.digest:
        await hub.group.submit(ProposeDirectory(actor, on_disk.digest, files))
    return Reloaded(before, now, hub.directory.digest, on_disk.digest, await find_proposal(hub))


def read_disk(hub: Hub) -> tuple[dict[str, str], Directory]:
    """The files on disk and the units that they hold. Raises `RulesBroken`."""
    files = directory_changes.read_files(hub.settings.directory_dir)
    faults = checks.check_rules(hub.settings.rules_dir, hub.settings.directory_dir, hub.registry)
    if faults:
        raise RulesBroken(faults)
    return files, directory_changes.read(files)


async def find_proposal(hub: Hub) -> DirectorySet | None:
    """What waits for a second administrator."""
    return await hub.store.ask(lambda: hub.reader.find_directory_set(Standing.PROPOSED))


async def approve_directory(hub: Hub, actor: str, digest: str) -> DirectorySet | NotApproved:
    """The proposal with this digest is in force from now on, or why not. Raises `RulesBroken`, should this version
    not be able to read it: then nothing changes."""
    proposed = await find_proposal(hub)
    if proposed is not None and proposed.digest == digest:
        directory_changes.read(proposed.files)
    answer: DirectorySet | NotApproved = await hub.group.submit(ApproveDirectory(actor, digest))
    if isinstance(answer, DirectorySet):
        hub.use_directory(directory_changes.read(answer.files))
    return answer


async def reject_directory(hub: Hub, actor: str) -> DirectorySet | NotApproved:
    answer: DirectorySet | NotApproved = await hub.group.submit(RejectDirectory(actor))
    return answer


async def follow_directory(hub: Hub) -> None:
    """Takes over what was agreed on through another process; asked in every sweep."""
    kept = await hub.store.ask(lambda: hub.reader.find_directory_set(Standing.IN_FORCE))
    if kept is None or kept.digest == hub.directory.digest:
        return
    try:
        hub.use_directory(directory_changes.read(kept.files))
    except RulesBroken:
        log.warning("directory_unreadable", directory=kept.digest)
        return
    log.info("directory_read", directory=kept.digest)


async def on_hangup(hub: Hub) -> None:
    """SIGHUP: rules as by `reload`. Nobody stands behind a signal, so units are only told of."""
    try:
        _, on_disk = read_disk(hub)
        log.info("rules_read", rulebook=await hub.reload_rules())
    except RulesBroken as broken:
        log.warning("rules_refused", faults=len(broken.faults), first=str(broken.faults[0]))
        return
    if on_disk.digest != hub.directory.digest:
        log.warning("directory_change_waits", in_force=hub.directory.digest, on_disk=on_disk.digest)
