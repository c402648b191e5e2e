"""Rows 3, 16 and 19: leases of relays that die, bits that turn, several processes and a database that is restarted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

import aiohttp
import pytest

from hub.delivery import leasing
from tests.contract import stored
from tests.faults import traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support import postgres_server
from tests.support.field import Field
from tests.support.hub_cluster import HubCluster

pytestmark = pytest.mark.faults


async def test_row_3_a_relay_dies_with_its_lease(database_url: str) -> None:
    """Whoever is next goes on with the same case in order, thirty seconds later and no sooner."""
    from hub.store.postgres import PostgresStore

    one, other = PostgresStore.open(database_url), PostgresStore.open(database_url)
    at = stored.NOON
    for number in range(runs(20, 300)):
        lane = f"case-{number}"
        ids = []
        for _ in range(3):
            changes, _, copy = stored.sent(lane_id=lane, case_id=lane)
            await stored.keep(one, changes)
            ids.append(copy.delivery_id)
        group = one.begin()
        assert len(group.lease_due_deliveries("dies", at=at, until=at + leasing.LEASE, limit=1)) == 1
        await one.commit(group)
        for later, expected in ((leasing.LEASE - timedelta(milliseconds=1), []), (leasing.LEASE, ids)):
            group = other.begin()
            until = at + later + leasing.LEASE
            claims = group.lease_due_deliveries("next", at=at + later, until=until, limit=9)
            assert [claim.delivery_id for claim in claims] == expected
            await other.commit(group)
        await stored.keep(other, stored.records.Changes(published=ids))
    one.close()
    other.close()


async def test_row_16_a_bit_turned_in_what_is_sealed_is_never_given_out(
    start_faulty: Callable[..., worlds.FaultyHub],
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
) -> None:
    import sqlite3

    hub = await asyncio.to_thread(start_faulty)
    field = Field(opened, hub)
    case = (await traffic.open_cases(record, field, 1))[0]
    answer = await traffic.send(record, *traffic.plan_event(case, 1, None))
    delivery = answer.json["recipients"][0]["delivery"]
    path = f"/v1/inbox/{delivery}"
    whole = await case.stadsdel.call("GET", path)
    assert whole.status == 200
    await asyncio.to_thread(hub.kill)
    database = sqlite3.connect(hub.data_dir / "hub.sqlite3")
    database.execute("PRAGMA journal_mode = WAL")
    key = (answer.json["id"],)
    [(sealed,)] = database.execute("SELECT sealed FROM messages WHERE message_id = ?", key).fetchall()
    await asyncio.to_thread(hub.start)
    for _ in range(runs(300, 3000)):
        turned = bytearray(sealed)
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
        with database:
            database.execute("UPDATE messages SET sealed = ? WHERE message_id = ?", (bytes(turned), *key))
        refused = await case.stadsdel.call("GET", path)
        assert refused.status >= 500, "what was altered was given out"
    with database:
        database.execute("UPDATE messages SET sealed = ? WHERE message_id = ?", (sealed, *key))
    database.close()
    again = await case.stadsdel.call("GET", path)
    assert (again.status, again.json["data"]) == (200, whole.json["data"])
    for party in (case.stadsdel, case.jobbtorg):
        for item in (await traffic.call(party, "GET", "/v1/inbox?limit=500")).json["items"]:
            await traffic.take(record, party, item)


async def test_row_19_two_hubs_two_relays_and_a_database_that_is_restarted(
    cluster: HubCluster,
    own_postgres: postgres_server.OwnPostgres,
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
) -> None:
    field = Field(opened, cluster)  # type: ignore[arg-type]
    cases = await traffic.open_cases(record, field, 3)
    async with traffic.load(record, cases):
        for _ in range(runs(5, 100)):
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            own_postgres.crash()
            own_postgres.launch()
            await asyncio.to_thread(own_postgres.wait)
            victim = chance.choice([*cluster.hubs, *cluster.workers])
            await asyncio.to_thread(victim.kill)
            await asyncio.to_thread(victim.start)
    worlds.note_end(record, cluster.data_dir, cluster.environ)
