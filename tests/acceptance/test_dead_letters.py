"""An administrator looks after what could not be delivered: over HTTP and from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from hub import bootstrap, settings
from hub.api.server import Server
from hub.cli.main import app
from hub.service import Hub
from hub.store.dead_letters import DeathReason
from hub.store.records import AuditQuery
from tests.support import events, hub_here, persons
from tests.support.field import Field
from tests.support.party import Answer, Party


@dataclass(frozen=True, slots=True)
class Office:
    hub: Hub
    field: Field
    admin: Party
    data_dir: Path

    async def die(self, count: int) -> list[str]:
        """Copies to SFI that could not be delivered, the oldest first."""
        found = []
        for _ in range(count):
            edges = [events.edge("sdn-farsta", "utbn")]
            sent = await self.field.party("sd-farsta").record(person=persons.BO, edges=edges)
            found.append(str(sent.json["recipients"][0]["delivery"]))
            await self.hub.bury(found[-1], DeathReason.PUSH_EXHAUSTED, 17)
        return found

    async def list(self, **parameters: str) -> Answer:
        given = {"reason": "operation", **parameters}
        return await self.admin.call("GET", "/v1/admin/dead-letters", params=given)

    async def run(self, *words: str) -> Result:
        """The command line of an operator on the hub's machine."""
        return await self.run_here(*words, "--hub", self.field.hub.url)

    async def run_here(self, *words: str, at: Path | None = None) -> Result:
        """A command that asks no hub."""
        given = [*words, "--data-dir", str(at or self.data_dir)]
        with structlog.testing.capture_logs():  # the hub writes to the same output, being in the same process
            return await asyncio.to_thread(CliRunner().invoke, app, given)

    def actions(self) -> list[str]:
        return [row.action for row in self.hub.reader.list_audit(AuditQuery(limit=1000))]


@pytest.fixture
async def office(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[Office]:
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = bootstrap.build_hub(given)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    field = Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
    token = bootstrap.build_issuer(given).issue_staff("operator", timedelta(minutes=5), datetime.now(UTC))
    yield Office(hub, field, field.stranger(token), given.data_dir)
    await server.stop()


async def test_looking_tells_what_it_was_and_is_logged_with_its_reason(office: Office) -> None:
    (delivery,) = await office.die(1)
    (row,) = (await office.list()).json["items"]
    assert (row["delivery"], row["unit"], row["sender"]) == (delivery, "sfi-stockholm", "sd-farsta")
    assert (row["cause"], row["attempts"], row["type"]) == ("push_exhausted", 17, "se.samverkan.consent.recorded")
    assert office.actions()[-1] == "staff_looked"
    assert (await office.list(reason="")).code == "REASON_MISSING"


async def test_what_is_retried_comes_to_its_recipient_as_the_same_delivery(office: Office) -> None:
    (delivery,) = await office.die(1)
    sfi = office.field.party("sfi-stockholm")
    assert await sfi.inbox() == []
    assert (await office.admin.call("POST", f"/v1/admin/dead-letters/{delivery}/retry")).status == 204
    (item,) = await sfi.inbox()
    assert (item["delivery"], item["sequence"]) == (delivery, 1)
    assert (await sfi.read(delivery)).status == 200
    assert (await office.admin.call("POST", f"/v1/admin/dead-letters/{delivery}/retry")).status == 404
    assert office.actions().count("delivery_retried") == 1


async def test_many_are_retried_only_after_they_were_shown_and_no_more_than_asked_for(office: Office) -> None:
    deliveries = await office.die(5)
    path, body = "/v1/admin/dead-letters/retry", {"unit": "sfi-stockholm", "most": 3}
    shown = await office.admin.call("POST", path, json={**body, "dry_run": True})
    assert [row["delivery"] for row in shown.json["items"]] == deliveries[:3]
    assert len((await office.list()).json["items"]) == 5
    done = await office.admin.call("POST", path, json=body)
    assert (done.json["dry_run"], done.json["items"]) == (False, shown.json["items"])
    assert [row["delivery"] for row in (await office.list()).json["items"]] == deliveries[3:]
    others = await office.admin.call("POST", path, json={"unit": "jt-sydost"})
    assert others.json["items"] == []


async def test_dropping_needs_a_reason_of_the_list(office: Office) -> None:
    (delivery,) = await office.die(1)
    path = f"/v1/admin/dead-letters/{delivery}/drop"
    for body in ({}, {"reason": "for fun"}, {"reason": None}, {"reason": "test", "more": 1}, []):
        assert (await office.admin.call("POST", path, json=body)).status == 422
    assert (await office.admin.call("POST", path, json={"reason": "outdated"})).status == 204
    assert (await office.list()).json["items"] == []
    (row,) = (await office.field.party("sd-farsta").call("GET", "/v1/messages", params={"limit": "1"})).json["items"]
    (recipient,) = (await office.field.party("sd-farsta").sent(row["id"])).json["recipients"]
    assert recipient["state"] == "dead"


@pytest.mark.parametrize(
    "body", [{"most": 0}, {"most": 1001}, {"most": "5"}, {"most": True}, {"cause": "x"}, {"dry_run": "no"}, {"x": 1}]
)
async def test_a_selection_that_is_none_retries_nothing(office: Office, body: dict[str, Any]) -> None:
    await office.die(1)
    assert (await office.admin.call("POST", "/v1/admin/dead-letters/retry", json=body)).status == 422
    assert len((await office.list()).json["items"]) == 1


async def test_a_unit_is_not_an_administrator(office: Office) -> None:
    (delivery,) = await office.die(1)
    unit = office.field.party("sfi-stockholm")
    for path in (f"/{delivery}/retry", f"/{delivery}/drop", "/retry"):
        answer = await unit.call("POST", f"/v1/admin/dead-letters{path}", json={"reason": "test"})
        assert answer.status in (401, 403)
    assert (await unit.call("GET", "/v1/admin/dead-letters", params={"reason": "operation"})).status in (401, 403)


async def test_an_operator_lists_retries_and_drops_from_the_command_line(office: Office) -> None:
    first, second, third = await office.die(3)
    listed = await office.run("dead-letters", "list", "--unit", "sfi-stockholm", "--json")
    assert [row["delivery"] for row in json.loads(listed.stdout)] == [first, second, third]
    dry = await office.run("dead-letters", "retry", "--most", "2", "--dry-run")
    assert "2 would be on their way again." in dry.stdout
    one = await office.run("dead-letters", "retry", first)
    assert (one.exit_code, one.stdout) == (0, "On its way again.\n")
    dropped = await office.run("dead-letters", "drop", second, "--reason", "recipient_gone")
    assert (dropped.exit_code, dropped.stdout) == (0, "Dropped.\n")
    rest = await office.run("dead-letters", "retry", "--cause", "push_exhausted")
    assert "1 on their way again." in rest.stdout
    assert (await office.run("dead-letters", "retry", second)).exit_code == 1
    assert [item["delivery"] for item in await office.field.party("sfi-stockholm").inbox()] == [first, third]


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--cause", "boredom"),
        ("list", "--reason", "curiosity"),
        ("retry", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", "--dry-run"),
        ("retry", "not-an-id"),
        ("drop", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", "--reason", "boredom"),
    ],
)
async def test_wrong_use_is_said_to_be_so(office: Office, words: tuple[str, ...]) -> None:
    result = await office.run("dead-letters", *words)
    assert result.exit_code == 2, result.output
