"""Another master key while the hub runs: every data key is wrapped anew, page by page; no body is touched.

The old key opens until the last page is committed. A rotation that a crash broke off goes on at the next start, because
the source then still gives both keys. Each page is one commit: readers see a key wrapped by one or the other.

Weakness: processes that share a database must share the key file, too, or be given the new key by their command before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.commit_group import CommitGroup
from hub.ledger import Ledger
from hub.master_key import MasterKey
from hub.store.port import Store
from hub.store.records import DataKey
from hub.vault import INDEX_LANE, Vault
from routing.vocabulary import HUB

log = structlog.get_logger()

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class RewrapKeys:
    """Wraps the keys of these lanes anew, as far as an older master key wrapped them. Answers with how many."""

    lane_ids: tuple[str, ...]


class Rewrapping:
    """The handler of `RewrapKeys`."""

    def prepare(self, ledger: Ledger, commands: Sequence[RewrapKeys]) -> None:
        return None

    def handle(self, ledger: Ledger, command: RewrapKeys) -> int:
        return ledger.rewrap(command.lane_ids)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: ids of the master keys, and how many data keys were wrapped anew."""

    before: str
    after: str
    keys: int


class Rotation:
    """`source` is where the vault has its master key from."""

    def __init__(self, store: Store, group: CommitGroup, vault: Vault, source: MasterKey) -> None:
        self._store = store
        self._group = group
        self._vault = vault
        self._source = source
        self._at_work = asyncio.Lock()

    async def rotate(self, actor: str = HUB) -> Rotated:
        """Raises `VaultLocked`, `KeyLocked`, `StoreUnavailable`; what was wrapped anew stays so, and both keys open."""
        async with self._at_work:
            before = self._vault.kek_id
            # The keys of indexes must be stored before the master key that they came from is gone.
            await self._group.submit(RewrapKeys((INDEX_LANE,)))
            self._source.renew()
            await self._reload()
            return await self._rewrap(before, actor)

    async def go_on(self) -> None:
        """Ends a rotation that was broken off; else does nothing."""
        if len(self._vault.kek_ids) > 1:
            async with self._at_work:
                await self._rewrap(min(self._vault.kek_ids - {self._vault.kek_id}), HUB)

    async def _rewrap(self, before: str, actor: str) -> Rotated:
        many = walked = await self._walk()
        while walked:  # what another process wrapped meanwhile with the key that it still had
            walked = await self._walk()
            many += walked
        self._source.retire()
        await self._reload()
        rotated = Rotated(before, self._vault.kek_id, many)
        detail = {"key": "master", "before": before, "after": rotated.after, "keys": many}
        await self._group.submit(RecordEvent(AuditAction.KEY_ROTATED, detail, actor))
        log.info("key_rotated", keys=many)
        return rotated

    async def _reload(self) -> None:
        """On a thread of its own: a command may take its time, and nobody else waits for it."""
        await asyncio.to_thread(self._vault.reload)

    async def _walk(self) -> int:
        after, many = "", 0
        while names := [key.lane_id for key in await self._list_keys(after)]:
            many += await self._group.submit(RewrapKeys(tuple(names)))
            after = names[-1]
        return many

    async def _list_keys(self, after: str) -> list[DataKey]:
        return await self._store.ask(lambda: self._store.reader().list_data_keys(after=after, limit=PAGE))
