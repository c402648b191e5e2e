"""What holds for one hub holds for two with two workers, all processes of their own: the same tests, each call to
another hub. And what only several can do: one hears what another has accepted, and goes on when another dies."""

# ruff: noqa: F403 - the tests of other modules, collected here once more
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import aio_pika
import pytest

from tests.acceptance.test_answers import *
from tests.acceptance.test_inbox import *
from tests.acceptance.test_messages import *
from tests.acceptance.test_protection_and_death import *
from tests.acceptance.test_uploads import *
from tests.support import postgres_server, rabbit_server
from tests.support.field import CATCHMENTS, Field
from tests.support.hub_cluster import HubCluster

pytestmark = pytest.mark.slow

# Looks into the one file of the embedded engine.
del test_what_a_party_was_refused_is_found_by_its_case_and_a_strangers_attempt_is_not  # type: ignore[name-defined]  # noqa: F821


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: postgres_server.PostgresServer,
    rabbit: rabbit_server.RabbitServer,
) -> Iterator[HubCluster]:
    with postgres.database() as database, rabbit.virtual_host() as broker:
        environ = {
            "SAMVERKAN_DATABASE_URL": database,
            "SAMVERKAN_BROKER_URL": broker,
            "SAMVERKAN_AMQP_UNITS": ",".join(sorted(set(CATCHMENTS.values()))),
        }
        with HubCluster(tmp_path_factory.mktemp("cluster"), environ).running() as cluster:
            yield cluster


@pytest.fixture(scope="module")
def shared_hub(cluster: HubCluster) -> HubCluster:
    """In place of the one hub that the tests of the other modules ask for."""
    return cluster


async def test_a_unit_with_a_queue_of_its_own_gets_the_claim_check_there(field: Field, cluster: HubCluster) -> None:
    connection = await aio_pika.connect(cluster.environ["SAMVERKAN_BROKER_URL"])
    try:
        channel = await connection.channel()
        case = await field.refer()
        queue = await channel.get_queue(f"inbox.{case.jobbtorg.unit}")
        wanted = case.referral.json["recipients"][0]["delivery"]
        found: set[str] = set()
        async with asyncio.timeout(30):
            while wanted not in found:
                message = await queue.get(fail=False)
                if message is not None:
                    found |= {event["deliveryid"] for event in json.loads(message.body)}
                    await message.ack()
                else:
                    await asyncio.sleep(0.05)
        assert (await case.jobbtorg.call("GET", f"/v1/inbox/{wanted}")).status == 200
    finally:
        await connection.close()


async def test_the_others_go_on_when_a_hub_and_a_worker_are_killed(field: Field, cluster: HubCluster) -> None:
    hub, worker = cluster.hubs[0], cluster.workers[0]
    for member in (hub, worker):
        member.kill()
    try:
        stays = Field(field.session, cluster.hubs[1])
        stays._pairs = field._pairs
        case = await stays.refer()
        path = f"/v1/messages/{case.referral.json['id']}"
        async with asyncio.timeout(45):
            while (await case.stadsdel.call("GET", path)).json["recipients"][0]["state"] == "pending":  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        hub.start()
        worker.start()
    for _ in cluster.hubs:
        ready = await field.get("/readyz")
        assert ready.status == 200
