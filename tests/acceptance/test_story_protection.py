"""A protected identity arrives: Kim is hidden from now on, and the hub forgets. Nobody can tell why from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.conftest import Engine
from tests.acceptance.telling import ON_REQUEST, approve_plan, content_of, enrol, notices, reached, refused, taken
from tests.support import canary, events, postgres_server
from tests.support.field import Field
from tests.support.hub_cluster import HubCluster
from tests.support.party import Answer, delivery_of
from tests.support.persons import KIM


@pytest.fixture
def hubs(tmp_path: Path, engine: tuple[Engine, dict[str, str]]) -> Iterator[HubCluster]:
    """Processes of their own, with their logs: nothing else has been in their files."""
    chosen, environ = engine
    with HubCluster(tmp_path / "hubs", environ, hubs=chosen.hubs, workers=chosen.workers).running() as cluster:
        yield cluster


@pytest.fixture
def town(session: aiohttp.ClientSession, hubs: HubCluster) -> Field:
    return Field(session, hubs)  # type: ignore[arg-type]


async def test_kim_is_protected_and_the_hub_forgets(town: Field, hubs: HubCluster) -> None:
    farsta, jobbtorg, provider = (town.party(unit) for unit in ("sd-farsta", "jt-sydost", "pv-01"))
    case = await enrol(farsta, jobbtorg, KIM)
    plan = await approve_plan(farsta, jobbtorg, case, KIM)
    parts = ["ID", "CO", "ST", "PL", "FN"]
    edges = [events.edge("amn", "pv-01", parts)]
    taken(await jobbtorg.record(person=KIM, purpose="provider_activity", edges=edges))
    who = {"name": "Kim P", "participant_no": "D-105"}
    ordered = await jobbtorg.tell("provider.order-placed", case, person=None, content={"participant": who})
    assert reached(ordered) == {"pv-01"}
    assert (await content_of(provider, ordered))["participant"] == who
    assert reached(await report(town, case)) == {"jt-sydost"}

    # Something still waits, unread, when the stadsdel learns that Kim is protected and says so.
    begun = {"plan_id": plan["plan_id"]}
    unread = await jobbtorg.tell("activity.started", case, person=KIM, basis=ON_REQUEST, content=begun)
    assert reached(unread) == {farsta.unit}
    marked = await farsta.tell("plan.decided", case, person=KIM, handling={"protected_identity": "sekretessmarkering"})
    assert refused(marked) == (403, "PROTECTED_IDENTITY")
    assert KIM.number.encode() not in marked.body
    assert (await farsta.read(delivery_of(unread, farsta.unit))).status == 410

    # The parties hear that people take over. Not why, not where.
    for party in (jobbtorg, provider):
        (notice,) = await notices(party, "hub.manual-handling")
        assert set(notice) == {"case_id", "since", "routine"}
        assert (notice["case_id"], notice["routine"]) == (case, "manual")
    assert (await jobbtorg.call("GET", f"/v1/cases/{case}")).status == 404

    # To the provider it is as if the case had never been.
    after, never = await report(town, case), await report(town, events.new_id())
    assert refused(after) == (403, "COULD_NOT_BE_DELIVERED")
    assert same(after, never)

    # And nothing of the number is left, in any spelling: not in the log, the metrics, the files, or the tables.
    scanner = canary.Scanner([KIM])
    for _ in hubs.hubs:
        assert not scanner.find((await town.get("/metrics")).body)
    assert not scanner.find_below(hubs.folder)
    if database := hubs.environ.get("SAMVERKAN_DATABASE_URL"):
        assert not scanner.find(postgres_server.read_everything(database))


async def report(town: Field, case: str) -> Answer:
    content = {"step": "started", "attendance": None, "outcome": None, "note": None}
    return await town.party("pv-01").tell("provider.report-submitted", case, person=None, content=content)


def same(one: Answer, other: Answer) -> bool:
    """The same answer but for the number of the request."""
    return one.status == other.status and told(one) == told(other)


def told(answer: Answer) -> dict[str, object]:
    return {name: value for name, value in answer.json.items() if name not in ("request_id", "id", "instance")}
