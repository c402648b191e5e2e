"""Hubs that may be killed, with the network between them and their broker in the test's hands."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import aiohttp

from hub import bootstrap, settings
from hub.audit import anchor, matching
from hub.store.records import AuditQuery, CheckpointKind
from hub.transport import line, topology
from tests.faults import clocks, disk, traffic
from tests.faults.history import History
from tests.support.hub_process import HubProcess
from tests.support.party import Party

PAGE = 500


class FaultyHub(HubProcess):
    """A hub that may carry a planted bug or death."""

    program = ("-m", "tests.faults.faulty_hub")

    def arm(self, step: str | None, after: int = 0) -> None:
        """Where the next start is to die; None takes it away."""
        self._environ |= {"FAULTS_CRASH_AT": step or "", "FAULTS_CRASH_AFTER": str(after)}

    def start_in_vain(self) -> int:
        """The exit code of a start that ends by itself."""
        self._launch(self._flags)
        return self.wait()

    @property
    def disk_orders(self) -> Path:
        """Beside the data, where the hub finds it by the name `disk`."""
        return self.folder / "disk"

    def order(self, how: str, after: int, seed: int = 0) -> None:
        """What the disk under the running hub does at the call after so many others."""
        disk.Order(how, after, seed).give(self.disk_orders)

    @property
    def wrong_by(self) -> Path:
        return self.folder / "clock"

    def set_clock(self, by: timedelta) -> None:
        """By how much it is wrong from now on. Tokens are made by the hub's time."""
        clocks.write(self.wrong_by, by)
        self._tokens.clear()

    def now(self) -> datetime:
        return datetime.now(UTC) + clocks.read(self.wrong_by)


def note_log(history: History, data_dir: Path, environ: Mapping[str, str]) -> None:
    """The whole log as it stands, as an auditor reads it."""
    reader = bootstrap.open_reader(settings.load({"data_dir": data_dir}, environ, None))
    leaves: list[str] = []
    try:
        for kind in CheckpointKind:
            if (kept := reader.find_checkpoint(kind)) is not None:
                history.note("checkpoint", size=kept.size, root=kept.root.hex())
        while rows := reader.list_audit(AuditQuery(after=len(leaves) - 1, limit=PAGE)):
            assert [row.index for row in rows] == list(range(len(leaves), len(leaves) + len(rows)))
            leaves += [row.leaf.hex() for row in rows]
    finally:
        reader.close()  # type: ignore[attr-defined]
    history.note("log", leaves=leaves)


def note_end(history: History, data_dir: Path, environ: Mapping[str, str]) -> None:
    """The log at the end of a row, and where the rows of messages and copies say otherwise."""
    note_log(history, data_dir, environ)
    reader = bootstrap.open_reader(settings.load({"data_dir": data_dir}, environ, None))
    try:
        found = matching.compare(reader)
    finally:
        reader.close()  # type: ignore[attr-defined]
    told = [f"{each.message_id} {each.unit} {each.what}" for each in found.differences]
    history.note("rows", copies=found.copies, differences=told)


def note_anchor(history: History, data_dir: Path) -> None:
    """The newest checkpoint that the file beside the database holds."""
    _, size, root, *_ = (data_dir / anchor.NAME).read_text().split("\n")
    history.note("checkpoint", size=int(size), root=base64.b64decode(root).hex())


class AmqpTaker:
    """A unit that is told by its queue and by nothing else. It parks what comes before its turn."""

    def __init__(self, history: History, party: Party, broker_url: str) -> None:
        self._history = history
        self._party = party
        self._url = broker_url
        self._next: dict[str, int] = {}
        self._parked: dict[tuple[str, int], dict[str, object]] = {}

    def begin_after(self, lane: str, sequence: int) -> None:
        self._next[lane] = sequence + 1

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError):
                pass
            except asyncio.CancelledError:
                # The library lets these out when a connection dies under it, and a recipient goes on all the same.
                if line.is_cancelled():
                    raise
            await asyncio.sleep(0.2)

    async def _listen(self, stop: asyncio.Event) -> None:
        connection = await aio_pika.connect(self._url, timeout=5)
        try:
            channel = await connection.channel()
            queue = await channel.get_queue(topology.inbox_queue(self._party.unit))
            while not stop.is_set():
                async with asyncio.timeout(5):
                    message = await queue.get(fail=False)
                if message is None:
                    await asyncio.sleep(0.02)
                    continue
                for event in json.loads(message.body):
                    await self._take(event)
                await message.ack()
        finally:
            await line.close(connection)

    async def _take(self, event: dict[str, object]) -> None:
        lane, sequence = event.get("subject"), int(str(event["sequence"]))
        item = {
            "delivery": event["deliveryid"],
            "message": event["id"],
            "subject": lane,
            "sequence": sequence,
            "dataref": event["dataref"],
        }
        if not isinstance(lane, str):
            await traffic.take(self._history, self._party, item)
            return
        if sequence < self._next.get(lane, 1):
            await traffic.take(self._history, self._party, item)  # once more
            return
        self._parked[lane, sequence] = item
        while (following := self._parked.pop((lane, self._next.get(lane, 1)), None)) is not None:
            await traffic.take(self._history, self._party, following)
            self._next[lane] = self._next.get(lane, 1) + 1


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as opened:
        yield opened


def through(url: str, port: int) -> str:
    """The same server, by way of a proxy."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
