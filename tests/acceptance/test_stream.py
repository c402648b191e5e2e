"""A unit's inbox as a stream, and the gap that a program finds when it was away."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api import stream
from hub.delivery import following
from hub.store import records
from tests.support import events, persons
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.listener import Listener
from tests.support.party import Answer, Party, delivery_of
from tests.support.town import Town
from tests.support.waiting import until


async def note(field: Field) -> Answer:
    """A message that needs no case: the notice of a consent, to SFI."""
    farsta = field.party("sd-farsta")
    answer = await farsta.record(person=persons.BO, edges=[events.edge("sdn-farsta", "utbn")])
    assert answer.status == 202, answer.body
    return answer


@pytest.fixture
async def quiet(field: Field) -> Party:
    """A unit that has taken over all that was in its inbox."""
    unit = field.party("sfi-stockholm")
    while items := await unit.inbox():
        for item in items:
            assert (await unit.acknowledge(item["delivery"])).status == 204
    return unit


async def test_what_waits_comes_first_and_then_what_is_sent_each_once_and_in_order(field: Field, quiet: Party) -> None:
    sent = [(await note(field)).json["id"] for _ in range(3)]
    async with Listener(quiet) as listener:
        heard = [await listener.next() for _ in range(3)]
        sent += [(await note(field)).json["id"] for _ in range(3)]
        heard += [await listener.next() for _ in range(3)]
    assert [event.data["message"] for event in heard if event] == sent
    positions = [int(event.id) for event in heard if event]
    assert positions == sorted(set(positions))


async def test_an_event_is_the_claim_check_of_the_inbox_and_nothing_of_the_person(field: Field, quiet: Party) -> None:
    await note(field)
    async with Listener(quiet) as listener:
        event = await listener.next()
        headers = listener.response.headers
    assert event
    assert [event.data] == await quiet.inbox()
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert persons.BO.number not in "".join(listener.lines)


async def test_who_comes_back_goes_on_behind_the_last_event(field: Field, quiet: Party) -> None:
    sent = [(await note(field)).json["id"] for _ in range(4)]
    async with Listener(quiet) as listener:
        first = await listener.next()
    assert first
    for parts in ({"last": first.id}, {"cursor": first.id}, {"last": first.id, "cursor": "999999999"}):
        async with Listener(quiet, **parts) as listener:
            heard = [await listener.next() for _ in range(3)]
        assert [event.data["message"] for event in heard if event] == sent[1:]


async def test_listeners_do_not_take_from_each_other(field: Field, quiet: Party) -> None:
    async with Listener(quiet) as one, Listener(quiet) as other:
        sent = await note(field)
        heard = [await one.next(), await other.next()]
    assert [event.data["message"] for event in heard if event] == [sent.json["id"]] * 2


@pytest.mark.parametrize("engine", ["SQLite"], indirect=True)  # it looks into the one hub
async def test_a_unit_listens_only_so_many_times_and_others_are_not_its_matter(
    build_town: Callable[[str], Awaitable[Town]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_LISTENERS", 2)
    town = await build_town("2026-03-02")

    def party(unit: str) -> Party:
        return Party(town.session, town, unit, town.token(unit))  # type: ignore[arg-type]

    sfi = party("sfi-stockholm")
    async with Listener(sfi), Listener(sfi), Listener(sfi) as third, Listener(party("jt-sydost")) as other:
        assert (third.response.status, third.response.headers["Retry-After"]) == (429, "15")
        assert other.response.status == 200
    # Who has left is missed with the next word that is written to it.
    farsta = town.party("sd-farsta")
    edges = [events.edge("sdn-farsta", "utbn")]

    async def is_free() -> bool:
        await farsta.record(person=persons.BO, edges=edges)
        return not town.hub.following.listening["sfi-stockholm"]

    await until(is_free, "the places to be free")
    async with Listener(sfi) as again:
        assert again.response.status == 200


async def test_a_stream_is_one_units(field: Field, quiet: Party) -> None:
    case = await field.refer()
    async with Listener(quiet) as listener, Listener(case.jobbtorg) as jobbtorg:
        sent = await note(field)
        event = await listener.next()
        theirs = await jobbtorg.next()
    assert event
    assert event.data["message"] == sent.json["id"]
    assert theirs
    assert theirs.data["delivery"] in {item["delivery"] for item in await case.jobbtorg.inbox()}


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "٣", "9" * 19])
async def test_a_place_that_is_none_is_refused(field: Field, quiet: Party, last: str) -> None:
    async with Listener(quiet, last) as listener:
        assert listener.response.status == 400


async def test_the_stream_ends_with_its_token(field: Field, quiet: Party) -> None:
    given = settings.load({"data_dir": quiet.hub.data_dir}, {}, None)
    short = bootstrap.build_issuer(given).issue(quiet.unit, timedelta(seconds=1), datetime.now(UTC))
    async with Listener(Party(quiet.session, quiet.hub, quiet.unit, short)) as listener:
        assert listener.response.status == 200
        assert await listener.next() is None


@pytest.mark.slow
async def test_a_stopping_hub_ends_its_streams_and_the_next_goes_on_from_there(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub()
    field = Field(session, hub)
    unit = field.party("sfi-stockholm")
    await note(field)
    async with Listener(unit) as listener:
        first = await listener.next()
        assert first
        hub.signal(signal.SIGTERM)
        assert await listener.next() is None
    assert await asyncio.to_thread(hub.wait) == 0
    hub.start()
    field = Field(session, hub)
    later = await note(field)
    async with Listener(field.party("sfi-stockholm"), first.id) as listener:
        second = await listener.next()
    assert second
    assert second.data["message"] == later.json["id"]


# -- catching up -----------------------------------------------------------------------------------------------------


async def test_a_gap_in_a_case_is_closed_by_asking_for_what_came_after(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    unit = case.stadsdel
    everything = (await unit.call("GET", "/v1/inbox", params={"case": case.case_id})).json
    assert [item["sequence"] for item in everything["items"]] == [1, 2, 3]
    for item in everything["items"][:2]:
        assert (await unit.acknowledge(item["delivery"])).status == 204
        assert (await unit.report(item["delivery"], "handled")).status == 204
    missed = (await unit.call("GET", "/v1/inbox", params={"case": case.case_id, "after": "1", "limit": "1"})).json
    assert [item["sequence"] for item in missed["items"]] == [2]
    assert missed["items"][0]["state"] == "handled"
    rest = (await unit.call("GET", "/v1/inbox", params={"case": case.case_id, "after": missed["next"]})).json
    assert [item["sequence"] for item in rest["items"]] == [3]
    over = (await unit.call("GET", "/v1/inbox", params={"case": case.case_id, "after": "3"})).json
    assert over == {"items": [], "next": "3"}


async def test_a_copy_that_was_stopped_is_no_gap(field: Field) -> None:
    case = await field.refer()
    body = events.withdrawal(case.consent_id, at=datetime.now(UTC), person=case.person)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    items = (await case.jobbtorg.call("GET", "/v1/inbox", params={"case": case.case_id})).json["items"]
    stopped = [item["state"] for item in items if item["delivery"] == delivery_of(case.referral, case.jobbtorg.unit)]
    assert stopped == ["refused"]
    assert [item["sequence"] for item in items] == list(range(1, len(items) + 1))


async def test_a_case_of_others_has_nothing_for_you_and_looks_like_none(field: Field, quiet: Party) -> None:
    case = await field.refer()
    answers = [
        await quiet.call("GET", "/v1/inbox", params={"case": case_id}) for case_id in (case.case_id, events.new_id())
    ]
    assert [(answer.status, answer.json) for answer in answers] == [(200, {"items": [], "next": None})] * 2


@pytest.mark.parametrize(
    "parameters", [{"case": "x"}, {"case": "{}", "after": "-1"}, {"case": "{}", "cursor": "1"}, {"after": "1"}]
)
async def test_a_question_that_is_none_is_refused(field: Field, quiet: Party, parameters: dict[str, str]) -> None:
    given = {name: value.replace("{}", events.new_id()) for name, value in parameters.items()}
    assert (await quiet.call("GET", "/v1/inbox", params=given)).status == 400


@pytest.mark.parametrize("engine", ["SQLite"], indirect=True)  # it looks into the one hub
async def test_who_does_not_read_is_cut_off(
    build_town: Callable[[str], Awaitable[Town]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STALLED_SECONDS", 0.1)
    town = await build_town("2026-03-02")
    farsta = town.party("sd-farsta")
    assert (await farsta.record(person=persons.BO, edges=[events.edge("sdn-farsta", "utbn")])).status == 202
    asked = 0
    real = town.hub.following._list_now

    # Every page anew: what a listener would be sent who is endlessly far behind.
    async def list_without_end(unit_id: str, after: int) -> list[records.ClaimCheck]:
        nonlocal asked
        asked += 1
        return await real(unit_id, 0) * 100

    monkeypatch.setattr(town.hub.following, "_list_now", list_without_end)
    token = town.token("sfi-stockholm")
    host, port = town.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET /v1/inbox/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    gauge = town.hub.metrics.inbox_streams._value
    await until(lambda: gauge.get() == 1, "the listener")
    await until(lambda: gauge.get() == 0, "the listener to be cut off")
    # Some megabytes lie in the buffers of the two sockets; the rest was never read from the store.
    assert asked < 1000
    last = b""
    while chunk := await reader.read(2**20):
        last = (last + chunk)[-5:]
    assert last != b"0\r\n\r\n", "the answer was ended in order"
    writer.close()
