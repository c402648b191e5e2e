"""Who waits for a database on another machine holds up nobody else: no look-up of a call runs on the event loop."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.store import postgres
from tests.support import events, hub_here, persons
from tests.support.browsing import Browser
from tests.support.field import Field
from tests.support.party import delivery_of

# These few look-ups of the start and of what runs beside the calls hold up nobody.
BESIDE = ("/hub/reloading.py", "/hub/retention/", "/hub/deadlines.py", "/hub/audit/", "/hub/bootstrap")


@pytest.fixture
async def watched(
    tmp_path: Path, session: aiohttp.ClientSession, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Field, list[str]]]:
    """A hub on PostgreSQL, and where in it the loop itself has waited for an answer."""
    flags = {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "demo": True}
    given = settings.load({**flags, "database_url": database_url}, {}, None)
    await bootstrap.prepare(given)
    server = Server(bootstrap.build_hub(given), "127.0.0.1", 0)
    await server.start()
    waited: list[str] = []
    ask = postgres.PostgresReader._on_a_connection

    def watch(reader: Any, question: Any) -> Any:
        if asyncio._get_running_loop() is not None:
            frames = [frame for frame in traceback.extract_stack() if "/hub/" in frame.filename]
            ours = [f"{frame.filename}:{frame.lineno}" for frame in frames]
            if not any(part in place for place in ours for part in BESIDE):
                waited.append(" < ".join(reversed(ours)))
        return ask(reader, question)

    monkeypatch.setattr(postgres.PostgresReader, "_on_a_connection", watch)
    yield Field(session, hub_here.HubHere(server, given)), waited  # type: ignore[arg-type]
    await server.stop()


async def test_no_call_of_a_unit_waits_on_the_loop(watched: tuple[Field, list[str]]) -> None:
    field, waited = watched
    sender, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    assert (await sender.record(person=persons.BO)).status == 202
    sent = await sender.tell("referral.submitted", person=persons.BO)
    assert sent.status == 202, sent.body
    delivery, case = delivery_of(sent, "jt-sydost"), sent.json["case"]
    consent = sent.json["recipients"][0]["basis"]["consent"]
    calls = [
        (sender, f"/v1/messages/{sent.json['id']}"),
        (sender, "/v1/messages"),
        (sender, f"/v1/messages/{sent.json['id']}/proof"),
        (sender, f"/v1/messages/{events.new_id()}/evidence"),
        (jobbtorg, "/v1/inbox"),
        (jobbtorg, "/v1/inbox?wait=1&state=handled"),
        (jobbtorg, f"/v1/inbox?case={case}"),
        (jobbtorg, f"/v1/inbox/{delivery}"),
        (jobbtorg, f"/v1/inbox/{delivery}/proof"),
        (jobbtorg, f"/v1/inbox/{delivery}/attachments/{events.new_id()}"),
        (jobbtorg, f"/v1/attachments/{events.new_id()}"),
        (jobbtorg, f"/v1/cases/{case}"),
        (sender, f"/v1/consents/{consent}"),
        (jobbtorg, "/v1/webhook"),
        (jobbtorg, "/readyz?verbose"),
        (jobbtorg, "/metrics"),
        (jobbtorg, "/log/checkpoint"),
    ]
    for party, path in calls:
        answer = await party.call("GET", path)
        assert answer.status in (200, 404, 503), (path, answer.body)
    assert waited == []


async def test_no_call_of_an_administrator_waits_on_the_loop(watched: tuple[Field, list[str]]) -> None:
    field, waited = watched
    admin = field.stranger(field.hub.staff_token())  # type: ignore[attr-defined]
    for path in (
        "/v1/admin/dead-letters?reason=operation",
        "/v1/admin/staff",
        "/v1/admin/parties/keys",
        "/v1/admin/retention/runs",
        "/v1/admin/retention/holds",
        "/v1/admin/parties/jt-sydost/webhook",
    ):
        answer = await admin.call("GET", path)
        assert answer.status in (200, 404), (path, answer.body)
    assert waited == []


async def test_no_page_waits_on_the_loop(watched: tuple[Field, list[str]]) -> None:
    """The pages here stand for all: `tests/unit/hub/web/conftest.py` holds every page of its tests to it."""
    field, waited = watched
    sender, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    assert (await sender.record(person=persons.BO)).status == 202
    sent = await sender.tell("referral.submitted", person=persons.BO)
    delivery, case = delivery_of(sent, "jt-sydost"), sent.json["case"]
    assert (await jobbtorg.read(delivery)).status == 200
    visits = {
        "jobbtorg": ["/team", "/team/cases", f"/team/cases/{case}", f"/team/messages/{delivery}", "/team/new"],
        "admin": ["/admin", "/admin/health", "/admin/rules", "/admin/rules/changes", "/admin/follow-up"],
    }
    for person, paths in visits.items():
        browser = Browser(field.hub.url)
        try:
            assert (await browser.sign_in(person)).status == 200
            for path in paths:
                shown = await browser.get(path)
                assert shown.status == 200, (path, shown.text)
        finally:
            await browser.close()
    assert waited == []
