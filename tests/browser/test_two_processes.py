"""Two `samverkan serve` and a worker, processes of their own over one PostgreSQL and one RabbitMQ: what one of them
takes in stands by itself on a page that the other serves.

Two seconds are promised. How long it took is told (`pytest -s`, or the properties of the report); no test depends on a
machine's haste.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import Browser, expect

from hub import bootstrap, settings
from hub.identity.roles import Grant, Role
from hub.identity.staffing import ChangeStaff, StartSession
from hub.store.people import StaffMember
from hub.web import browser as cookies
from tests.browser.window import PATIENT_MS
from tests.support import postgres_server, rabbit_server
from tests.support.field import Field
from tests.support.hub_cluster import HubCluster

pytestmark = pytest.mark.slow

UNIT = "jt-sydost"
LETTERS = 5


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: postgres_server.PostgresServer,
    rabbit: rabbit_server.RabbitServer,
) -> Iterator[HubCluster]:
    with postgres.database() as database, rabbit.virtual_host() as broker:
        environ = {"SAMVERKAN_DATABASE_URL": database, "SAMVERKAN_BROKER_URL": broker}
        with HubCluster(tmp_path_factory.mktemp("pair"), environ, workers=1).running() as cluster:
            yield cluster


@pytest.fixture(scope="module")
def shared_hub(cluster: HubCluster) -> HubCluster:
    return cluster


async def signed_in(cluster: HubCluster) -> str:
    """The secret of a session, as signing in would leave it in the store that both share."""
    given = settings.load({"data_dir": cluster.data_dir}, cluster.environ, None)
    hub, secret = bootstrap.build_hub(given), cookies.new_secret()
    await hub.open(serves=False)
    try:
        grants = frozenset({Grant(Role.HANDLAGGARE, UNIT)})
        coach = StaffMember(str(uuid.uuid4()), "https://issuer.example", "coach", "Jonna Järv", grants, hub.clock.now())
        member = await hub.group.submit(ChangeStaff("hub", coach))
        await hub.group.submit(StartSession(cookies.key_of(secret), member.staff_id, "oidc", "none", None))
    finally:
        await hub.close()
    return secret


async def test_what_one_process_takes_in_stands_by_itself_on_a_page_of_the_other(
    cluster: HubCluster, field: Field, browser: Browser, record_property: Callable[[str, object], None]
) -> None:
    takes_in, shows = cluster.hubs
    sends = Field(field.session, takes_in)
    context = await browser.new_context()
    try:
        secret = await signed_in(cluster)
        await context.add_cookies([{"name": cookies.SESSION_COOKIE, "value": secret, "url": shows.url}])
        page = await context.new_page()
        await page.goto(f"{shows.url}/team")
        await page.wait_for_selector(".empty")
        await page.evaluate("window.stays = true")
        letters, waits = page.locator(".letter-title", has_text="Anvisning till Jobbtorg"), []
        for count in range(1, LETTERS + 1):
            case = await sends.refer()
            assert case.jobbtorg.unit == UNIT
            accepted_at = time.monotonic()
            await expect(letters).to_have_count(count, timeout=PATIENT_MS)
            waits.append(time.monotonic() - accepted_at)
        assert await page.evaluate("window.stays")  # by itself: the page was never loaded again
    finally:
        await context.close()
    record_property("seen_after_slowest_s", round(max(waits), 3))
    sys.stdout.write(f"from accepted by one to shown by the other: {', '.join(f'{each:.2f}' for each in waits)} s\n")
