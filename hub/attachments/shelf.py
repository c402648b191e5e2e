"""Files as the faces of the hub see them. What is in memory at once is bounded: so many parts, so many files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hub.attachments.content import Look
from hub.attachments.fetching import FetchAttachment, Fetched
from hub.attachments.scanning import Scanner
from hub.attachments.sealing import FileKey, open_key
from hub.attachments.uploading import (
    AttachmentFault,
    BeginExamination,
    BeginUpload,
    DropUpload,
    FinishUpload,
    NotNow,
    NotYours,
    QuotaReached,
    StorePart,
    SweepAttachment,
    WrongPart,
)
from hub.clock import Clock
from hub.commit_group import CommitGroup, Overloaded
from hub.delivery import reading
from hub.ledger import LaneErased, Ledger
from hub.store.attachments import AttachmentState, StoredAttachment
from hub.store.port import Store
from hub.vault import SealBroken

MOST_PARTS: Final = 16
MOST_PARTS_OF_UNIT: Final = 4
MOST_FETCHES: Final = 32
MOST_FETCHES_OF_UNIT: Final = 8
MOST_EXAMINED: Final = 2
_SWEPT_AT_ONCE: Final = 100


class PartGone(Exception):
    """The file has been taken away while it was read, or is damaged."""


class Places:
    """So many at a time, and of these so many for one unit: else `Overloaded`, and whoever comes tries again."""

    def __init__(self, most: int, most_of_unit: int) -> None:
        self._most = most
        self._most_of_unit = most_of_unit
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, unit_id: str) -> Iterator[None]:
        if self._taken.total() >= self._most or self._taken[unit_id] >= self._most_of_unit:
            raise Overloaded
        self._taken[unit_id] += 1
        try:
            yield
        finally:
            self._taken[unit_id] -= 1
            self._taken += Counter()  # forgets those at zero


class Shelf:
    """What can be asked about files."""

    def __init__(
        self, store: Store, group: CommitGroup, clock: Clock, scanner: Scanner, look: Callable[[], Ledger]
    ) -> None:
        self._store = store
        self._group = group
        self._clock = clock
        self._scanner = scanner
        self._look = look
        self.uploads = Places(MOST_PARTS, MOST_PARTS_OF_UNIT)
        self.fetches = Places(MOST_FETCHES, MOST_FETCHES_OF_UNIT)
        self._examinations = Places(MOST_EXAMINED, MOST_EXAMINED)

    async def begin(self, unit_id: str, media_type: str, size: int, digest: str) -> StoredAttachment | QuotaReached:
        answer: StoredAttachment | QuotaReached = await self._group.submit(
            BeginUpload(unit_id, media_type, size, digest)
        )
        return answer

    async def store_part(
        self, unit_id: str, attachment_id: str, number: int, content: bytes
    ) -> StoredAttachment | NotYours | NotNow | WrongPart:
        command = StorePart(unit_id, attachment_id, number, content)
        answer: StoredAttachment | NotYours | NotNow | WrongPart = await self._group.submit(command)
        return answer

    async def find(self, unit_id: str, attachment_id: str) -> tuple[StoredAttachment, list[int]] | None:
        """An upload of the unit's, also one that went with a message, and which of its parts have not come."""
        return await self._store.ask(lambda: self._find(unit_id, attachment_id))

    def _find(self, unit_id: str, attachment_id: str) -> tuple[StoredAttachment, list[int]] | None:
        reader = self._store.reader()
        file = reader.find_attachments([attachment_id]).get(attachment_id)
        if file is None or file.unit_id != unit_id or file.state is AttachmentState.GONE:
            return None
        if file.state is not AttachmentState.UPLOADING:
            return file, []
        return file, sorted(set(range(file.part_count)) - set(reader.list_part_numbers(attachment_id)))

    async def complete(self, unit_id: str, attachment_id: str) -> StoredAttachment | NotYours | NotNow:
        """The file held to what was announced, and scanned. Asking again is safe, also while it is under way.

        Raises `ScanUnanswered`, and `Overloaded` while others are being examined: the file stays as it is."""
        with self._examinations.take(unit_id):
            begun: StoredAttachment | NotYours | NotNow = await self._group.submit(
                BeginExamination(unit_id, attachment_id)
            )
            if not isinstance(begun, StoredAttachment) or begun.state is not AttachmentState.EXAMINING:
                return begun
            fault = await self._examine(begun)
            answer: StoredAttachment | NotYours = await self._group.submit(FinishUpload(unit_id, attachment_id, fault))
            return answer

    async def _examine(self, file: StoredAttachment) -> AttachmentFault | None:
        """What is wrong with it, None for nothing. Its parts go by once, for all three questions."""
        seen = Look()
        async with self._scanner.begin() as scan:
            try:
                async for part in self.parts(file, await self._store.ask(lambda: self._key_of(file))):
                    await asyncio.to_thread(seen.take, part)
                    await scan.take(part)
            except PartGone:
                return AttachmentFault.DIGEST
            if seen.digest != file.digest:
                return AttachmentFault.DIGEST
            if not seen.is_a(file.media_type):
                return AttachmentFault.TYPE
            return None if await scan.is_clean() else AttachmentFault.INFECTED

    def _key_of(self, file: StoredAttachment) -> FileKey:
        ledger = self._look()
        ledger.prepare_data_keys([file.lane_id])
        try:
            return open_key(file, ledger.existing_key(file.lane_id))
        except (LaneErased, SealBroken):
            raise PartGone from None

    async def drop(self, unit_id: str, attachment_id: str) -> bool:
        """False: there is no such upload of the unit's."""
        return not isinstance(await self._group.submit(DropUpload(unit_id, attachment_id)), NotYours)

    async def fetch(
        self, caller: str, delivery_id: str, attachment_id: str
    ) -> Fetched | reading.Gone | reading.NotYours:
        """Decided again and logged; then `parts` gives the content."""
        answer: Fetched | reading.Gone | reading.NotYours = await self._group.submit(
            FetchAttachment(caller, delivery_id, attachment_id)
        )
        return answer

    async def parts(self, file: StoredAttachment, key: FileKey) -> AsyncGenerator[bytes, None]:
        """The content, one part at a time. Raises `PartGone` where it has been erased since, or is damaged."""
        for number in range(file.part_count):
            yield await self._open(file, key, number)

    async def _open(self, file: StoredAttachment, key: FileKey, number: int) -> bytes:
        reader = self._store.reader
        # Before each part: a file that has lost its key is not to be read on with one that is held in memory.
        kept = await self._store.ask(lambda: reader().find_attachments([file.attachment_id]).get(file.attachment_id))
        sealed = await self._store.ask(lambda: reader().find_part(file.attachment_id, number))
        if kept is None or not kept.key or sealed is None:
            raise PartGone
        try:
            return await asyncio.to_thread(key.open, number, sealed)
        except SealBroken:
            raise PartGone from None

    async def sweep(self) -> None:
        """Takes away what nobody wants any more, a few parts in each commit."""
        while stale := await self._list_stale():
            for attachment_id in stale:
                await self._group.submit(SweepAttachment(attachment_id))

    async def _list_stale(self) -> list[str]:
        at = self._clock.now()
        return await self._store.ask(lambda: self._store.reader().list_stale_attachments(at, limit=_SWEPT_AT_ONCE))
