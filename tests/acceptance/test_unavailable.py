"""When the hub cannot take anything: it says so, in time, and nothing is half there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.service import Hub
from hub.store.port import StoreUnavailable
from tests.support import events, hub_here, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import BATCH, STRUCTURED, Answer


@pytest.fixture
async def ailing(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[tuple[Field, Hub]]:
    """A hub in this process, whose store a test may break."""
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = bootstrap.build_hub(given)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    yield Field(session, hub_here.HubHere(server, given)), hub  # type: ignore[arg-type]
    await server.stop()


def consent() -> dict[str, Any]:
    return events.consent(at=fields.now(), person=persons.BO, edges=[events.edge("sdn-farsta", "sdn-bromma")])


def assert_unavailable(answer: Answer) -> None:
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["title"] == "Navet kan inte ta emot just nu"


async def test_a_store_that_cannot_write_accepts_nothing_and_recovers(
    ailing: tuple[Field, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    field, hub = ailing
    farsta, bromma = field.party("sd-farsta"), field.party("sd-bromma")
    event = farsta.event("consent.recorded", consent())

    async def fail(_group: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(type(hub.store), "commit", lambda _store, group: fail(group))
        assert_unavailable(await farsta.post(event))
        batch = await farsta.post([event, farsta.event("consent.recorded", consent())], BATCH)
        assert [entry["status"] for entry in batch.json] == [503, 503]
    assert await bromma.inbox() == []
    assert (await farsta.post(event)).status == 202
    assert [item["sequence"] for item in await bromma.inbox()] == [1]


async def test_what_cannot_be_logged_is_not_shown(ailing: tuple[Field, Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    field, hub = ailing
    await field.party("sd-farsta").send("consent.recorded", consent())
    bromma = field.party("sd-bromma")
    (item,) = await bromma.inbox()

    async def fail(_group: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(type(hub.store), "commit", lambda _store, group: fail(group))
        refused = await bromma.read(item["delivery"])
        assert_unavailable(refused)
        assert persons.BO.number not in refused.body.decode()
        assert_unavailable(await bromma.acknowledge(item["delivery"]))
    assert (await bromma.read(item["delivery"])).status == 200


async def test_readiness_says_what_is_wrong_and_liveness_does_not_care(
    ailing: tuple[Field, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    field, hub = ailing

    def fail(_store: object) -> None:
        raise StoreUnavailable("the disk is full")

    assert (await field.get("/readyz")).status == 200
    with monkeypatch.context() as broken:
        broken.setattr(type(hub.store), "check", fail)
        answer = await field.get("/readyz", verbose="")
        assert answer.status == 503
        assert answer.json["checks"]["store"] != "ok"
        assert (await field.get("/livez")).status == 200


@pytest.mark.slow
async def test_an_unforeseen_fault_tells_nothing(ailing: tuple[Field, Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    field, hub = ailing
    farsta = field.party("sd-farsta")

    def fail(*_parts: object) -> None:
        raise RuntimeError(persons.BO.number)

    monkeypatch.setattr(type(hub.deciding.acceptance), "handle", fail)
    answer = await farsta.call(
        "POST", "/v1/messages", json=farsta.event("consent.recorded", consent()), headers={"Content-Type": STRUCTURED}
    )
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert persons.BO.number not in answer.body.decode()
    assert answer.json["request_id"]
