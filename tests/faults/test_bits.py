"""Row 16: a bit turns anywhere in the database. No body is given out altered, and the verifier sees what hit the log.

Tiles and checkpoints as files are in `tests/unit/hub/audit/test_verifying.py`, wrapped keys in
`tests/unit/hub/test_vault.py`, sealed bodies under a running hub in `test_stores.py`.
Weakness: what a column has in clear (units, states, counters) has no seal; `samverkan audit verify --rows` holds what
the log tells of it against it (`tests/unit/hub/audit/test_matching.py`).
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from hub import bootstrap, bootstrap_log, settings
from hub.audit import anchor, verifying
from hub.audit.sources import StoreSource
from hub.store.records import MessageKey
from hub.store.sqlite import ReadOnlySqlite, open_readonly
from hub.vault import Vault, body_aad
from tests.faults import traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support.field import Field
from tests.support.small_log import flip
from tests.support.waiting import until

pytestmark = pytest.mark.faults


Found = TypeVar("Found")


def attempt(look: Callable[[], Found]) -> Found | None:
    """None where it is not given out, for whatever reason."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - any refusal is one: the driver's, the seal's, the reader's
        return None


class Readers:
    """What a hub gives out of a database, and what an auditor says of its log; without a process for each."""

    def __init__(self, hub: worlds.FaultyHub, keys: Sequence[MessageKey]) -> None:
        given = settings.load({"data_dir": hub.data_dir}, {}, None)
        self._vault = Vault.open(hub.data_dir / bootstrap.MASTER_KEY, create=False)
        self._verifier = bootstrap_log.open_log_signer(given, create=False).verifier
        self._keys = keys

    def read(self, database: Path) -> tuple[list[bytes | None], bool]:
        """Every body, None for what is not given out; whether the log is whole."""
        reader = attempt(lambda: open_readonly(database))
        if reader is None:
            return [None] * len(self._keys), False
        with reader:
            log = attempt(lambda: asyncio.run(verifying.verify(StoreSource(reader), [self._verifier])))
            return [attempt(partial(self._body, reader, key)) for key in self._keys], log is not None

    def _body(self, reader: ReadOnlySqlite, key: MessageKey) -> bytes:
        message, sealed = reader.find_messages([key])[key], reader.find_sealed(key)
        row = reader.find_data_keys([message.lane_id])[message.lane_id]
        aad = body_aad(message.lane_id, key.source, key.message_id, message.type, message.version)
        return self._vault.unwrap(row).open(sealed or b"", aad=aad)


async def test_row_16_a_bit_turned_anywhere_in_the_database_alters_no_body(
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
    tmp_path: Path,
) -> None:
    hub = await asyncio.to_thread(start_faulty)
    case = (await traffic.open_cases(record, Field(opened, hub), 1))[0]
    keys = []
    for version, decision in ((1, None), (1, "approved"), (2, None)):
        party, event = traffic.plan_event(case, version, decision)
        assert (await traffic.send(record, party, event)).status == 202
        keys.append(MessageKey(event["source"], event["id"]))
    for party in (case.stadsdel, case.jobbtorg):
        for item in (await traffic.call(party, "GET", "/v1/inbox?limit=500")).json["items"]:
            await traffic.take(record, party, item)
    await until((hub.data_dir / anchor.NAME).exists, "a signed checkpoint")
    assert await asyncio.to_thread(hub.stop) == 0  # the log of recent commits is folded into the file
    readers, database = Readers(hub, keys), hub.data_dir / bootstrap.DATABASE
    copy = tmp_path / bootstrap.DATABASE
    shutil.copy(database, copy)
    whole, is_whole = await asyncio.to_thread(readers.read, copy)
    assert (None in whole, is_whole) == (False, True)
    seen = Counter[str]()
    for _ in range(runs(300, 3000)):
        shutil.copy(database, copy)
        flip(copy, chance)
        found, is_whole = await asyncio.to_thread(readers.read, copy)
        assert all(body is None or body == right for body, right in zip(found, whole, strict=True))
        seen.update({"body refused": None in found, "log refused": not is_whole})
    assert seen.total() or runs(300, 3000) < 300
