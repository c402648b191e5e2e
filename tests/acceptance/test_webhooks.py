"""An agency takes its claim checks by webhook: a real receiver, verified with a library that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from typer.testing import CliRunner

from hub import bootstrap, settings
from hub.api.server import Server
from hub.cli.main import app
from hub.push import calling
from hub.service import Hub
from tests.support import events, hub_here, persons
from tests.support.field import Field
from tests.support.party import Answer, Party
from tests.support.receiver import Receiver
from tests.support.waiting import until


@dataclass(frozen=True, slots=True)
class Agency:
    """SFI with its own receiver, and the hub that pushes to it."""

    hub: Hub
    field: Field
    admin: Party
    data_dir: Path
    receiver: Receiver

    @property
    def unit(self) -> Party:
        return self.field.party("sfi-stockholm")

    async def register(self, url: str = "") -> Answer:
        answer = await self.unit.call("PUT", "/v1/webhook", json={"url": url or self.receiver.url})
        if answer.status == 200 and "secret" in answer.json:
            self.receiver.secret = answer.json["secret"]
        return answer

    async def note(self) -> str:
        """The id of a notice to SFI."""
        edges = [events.edge("sdn-farsta", "utbn")]
        sent = await self.field.party("sd-farsta").record(person=persons.BO, edges=edges)
        assert sent.status == 202
        return str(sent.json["id"])

    async def show(self) -> Any:
        return (await self.unit.call("GET", "/v1/webhook")).json


@pytest.fixture
async def agency(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[Agency]:
    given = settings.load(
        {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "webhook_networks": "127.0.0.0/8"}, {}, None
    )
    hub = bootstrap.build_hub(given)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    field = Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
    token = bootstrap.build_issuer(given).issue_staff("operator", timedelta(minutes=5), datetime.now(UTC))
    async with Receiver() as receiver:
        yield Agency(hub, field, field.stranger(token), given.data_dir, receiver)
        await server.stop()


async def test_a_message_rings_the_recipients_own_system_which_fetches_it(agency: Agency) -> None:
    assert (await agency.register()).status == 200
    message = await agency.note()
    await until(lambda: agency.receiver.taken, "the claim check")
    (claim,) = agency.receiver.taken
    assert (claim["id"], claim["type"]) == (message, "se.samverkan.consent.recorded")
    assert persons.BO.number not in str(claim)
    answer = await agency.unit.call("GET", claim["dataref"])
    assert (answer.status, answer.json["id"]) == (200, message)
    assert agency.receiver.headers[0]["Content-Type"] == "application/cloudevents+json"
    assert agency.receiver.headers[0]["webhook-id"] == claim["deliveryid"]


async def test_what_waited_before_the_registration_comes_first(agency: Agency) -> None:
    messages = [await agency.note() for _ in range(3)]
    await agency.register()
    await until(lambda: len(agency.receiver.taken) == 3, "what waited")
    assert [claim["id"] for claim in agency.receiver.taken] == messages


async def test_old_and_new_secret_both_verify_during_the_change(agency: Agency) -> None:
    await agency.register()
    old = agency.receiver.secret
    rotated = await agency.unit.call("POST", "/v1/webhook/secret")
    assert rotated.json["secret"] != old
    await agency.note()
    await until(lambda: len(agency.receiver.taken) == 1, "a call that the old secret verifies")
    agency.receiver.secret = rotated.json["secret"]
    await agency.note()
    await until(lambda: len(agency.receiver.taken) == 2, "a call that the new secret verifies")
    assert agency.receiver.forged == 0
    agency.receiver.secret = "whsec_" + "QUJD" * 10
    await agency.note()
    await until(lambda: agency.receiver.forged == 1, "a call that a wrong secret does not verify")


@pytest.mark.slow
async def test_a_refusal_is_followed_by_another_attempt_with_the_same_id(agency: Agency) -> None:
    agency.receiver.answers.extendleft([503])
    await agency.register()
    await agency.note()
    await until(lambda: len(agency.receiver.ids) == 1, "the first attempt")
    await until(agency.show, "the hub")
    await until(lambda: _failures(agency, 1), "the failure to be written down")
    assert len(agency.receiver.taken) == 0
    await until(lambda: len(agency.receiver.taken) == 1, "the second attempt, some five seconds later")
    assert len(set(agency.receiver.ids)) == 1
    await until(lambda: _failures(agency, 0), "the endpoint to be well again")


def _failures(agency: Agency, count: int) -> bool:
    found = agency.hub.endpoints.find("sfi-stockholm")
    return found is not None and found.failures == count


async def test_410_ends_it_until_it_is_registered_again(agency: Agency) -> None:
    agency.receiver.answers.extendleft([410])
    await agency.register()
    message = await agency.note()

    async def ended() -> bool:
        return bool((await agency.show())["state"] == "ended")

    await until(ended, "the end")
    assert [item["message"] for item in await agency.unit.inbox()] == [message]
    again = await agency.register()
    assert "secret" not in again.json
    await until(lambda: agency.receiver.taken, "what waited in the mailbox")


async def test_a_redirect_is_not_followed(agency: Agency) -> None:
    async def redirect(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": agency.receiver.url.replace("/hook", "/inside")})

    agency.receiver.answers.extendleft([redirect])
    await agency.register()
    await agency.note()
    await until(lambda: _failures(agency, 1), "the failure")
    assert agency.receiver.elsewhere == 0


async def test_an_endless_answer_is_not_listened_to(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "CONNECT_SECONDS", 0.3)
    poured = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal poured
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        while request.transport is not None and poured < 200 * 2**20:
            try:
                await response.write(b"x" * 65536)
            except ConnectionError:
                break
            poured += 65536
        return response

    agency.receiver.answers.extendleft([pour])
    await agency.register()
    await agency.note()
    await until(lambda: agency.hub.reader.oldest_push_at() is None, "the claim check to count as taken")
    # What the sockets of both sides hold, and no more.
    assert poured < 20 * 2**20


async def test_an_answer_that_never_comes_is_a_failure(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "ANSWER_SECONDS", 0.3)
    over = asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response(status=204)

    agency.receiver.answers.extendleft([hold])
    await agency.register()
    await agency.note()
    await until(lambda: _failures(agency, 1), "the failure")
    over.set()


@pytest.mark.parametrize(
    "url", ["https://192.168.1.10/", "https://localhost", "ftp://example.se/", "https://a@example.se/", "x", ""]
)
async def test_an_address_that_is_none_is_refused_and_not_repeated(agency: Agency, url: str) -> None:
    if url == "https://localhost":
        url += ":1/" + "x" * 2000
    answer = await agency.unit.call("PUT", "/v1/webhook", json={"url": url})
    assert (answer.status, answer.code) == (422, "BODY_WRONG")
    assert len(url) < 4 or url not in answer.body.decode()
    assert (await agency.unit.call("GET", "/v1/webhook")).status == 404


@pytest.mark.parametrize("body", [{}, {"url": 1}, {"url": None}, {"url": "https://example.se/", "x": 1}, []])
async def test_a_registration_that_is_none_is_refused(agency: Agency, body: Any) -> None:
    assert (await agency.unit.call("PUT", "/v1/webhook", json=body)).status == 422


async def test_one_units_webhook_is_none_of_another_units(agency: Agency) -> None:
    await agency.register()
    other = agency.field.party("jt-sydost")
    assert (await other.call("GET", "/v1/webhook")).status == 404
    assert (await other.call("DELETE", "/v1/webhook")).status == 404
    assert (await other.call("POST", "/v1/webhook/secret")).status == 404
    path = "/v1/admin/parties/sfi-stockholm/webhook"
    for method in ("GET", "PUT", "DELETE"):
        assert (await other.call(method, path, json={"url": agency.receiver.url})).status in (401, 403)
    assert (await agency.show())["url"] == agency.receiver.url


async def test_removed_is_silent(agency: Agency) -> None:
    await agency.register()
    assert (await agency.unit.call("DELETE", "/v1/webhook")).status == 204
    message = await agency.note()
    await agency.hub.pusher.round()
    assert agency.receiver.ids == []
    assert [item["message"] for item in await agency.unit.inbox()] == [message]


async def test_an_operator_does_it_for_the_unit_from_the_command_line(agency: Agency) -> None:
    async def run(*words: str) -> Any:
        place = ["--hub", agency.field.hub.url, "--data-dir", str(agency.data_dir)]
        with structlog.testing.capture_logs():  # the hub writes to the same output, being in the same process
            return await asyncio.to_thread(CliRunner().invoke, app, ["party", "webhook", *words, *place])

    registered = await run("set", "sfi-stockholm", agency.receiver.url)
    assert registered.exit_code == 0, registered.output
    agency.receiver.secret = registered.stdout.strip()
    await agency.note()
    await until(lambda: agency.receiver.taken, "the claim check")
    shown = await run("show", "sfi-stockholm")
    assert agency.receiver.url in shown.stdout
    rotated = await run("rotate", "sfi-stockholm")
    assert rotated.stdout.startswith("whsec_")
    assert (await run("remove", "sfi-stockholm")).exit_code == 0
    assert (await run("show", "sfi-stockholm")).exit_code == 1
    assert (await run("set", "sfi-stockholm", "https://10.0.0.1/")).exit_code == 2
    assert (await run("set", "nobody-here", agency.receiver.url)).exit_code == 1


@pytest.mark.slow
async def test_a_hub_that_stops_and_starts_goes_on_where_it_was(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    given = settings.load(
        {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "webhook_networks": "127.0.0.0/8"}, {}, None
    )
    async with Receiver() as receiver:
        receiver.answers.extendleft([500])
        hub = bootstrap.build_hub(given)
        server = Server(hub, "127.0.0.1", 0)
        await server.start()
        field = Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
        unit = field.party("sfi-stockholm")
        receiver.secret = (await unit.call("PUT", "/v1/webhook", json={"url": receiver.url})).json["secret"]
        edges = [events.edge("sdn-farsta", "utbn")]
        sent = await field.party("sd-farsta").record(person=persons.BO, edges=edges)
        await until(lambda: len(receiver.ids) == 1, "the first attempt")
        await server.stop()
        hub = bootstrap.build_hub(given)
        server = Server(hub, "127.0.0.1", 0)
        await server.start()
        await until(lambda: receiver.taken, "the second attempt, of the next process")
        await server.stop()
    assert [claim["id"] for claim in receiver.taken] == [sent.json["id"]]
    assert len(set(receiver.ids)) == 1
