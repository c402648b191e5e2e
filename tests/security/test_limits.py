"""How much a caller may ask, and how slowly: 429, 408, 413 and 431, with words that help (reliability.md S12, S15)."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
from datetime import timedelta

import aiohttp
import pytest

from hub.api.routes import Access
from hub.api.table import OPERATIONS
from hub.identity.roles import OPERATOR
from hub.store.records import AuditQuery
from tests.security.conftest import BuildTown
from tests.support import events, persons, raw_http
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import BATCH, STRUCTURED
from tests.support.raw_http import RawAnswer, request


async def test_a_unit_that_calls_too_often_is_told_how_long_to_wait(build_town: BuildTown) -> None:
    town = await build_town(unit_requests_per_hour=2)
    farsta = town.party("sd-farsta")
    assert [(await farsta.call("GET", "/v1/inbox")).status for _ in range(2)] == [200, 200]
    refused = await farsta.call("GET", "/v1/inbox")
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert refused.json["title"] == "För många anrop på kort tid"
    assert "Retry-After" in refused.json["detail"]
    assert refused.headers["Retry-After"] == "1800"
    town.turn_to("2026-02-16", "09:30")
    assert (await farsta.call("GET", "/v1/inbox")).status == 200


async def test_what_one_unit_may_not_another_still_may_and_everybody_may_look_at_the_rules(
    build_town: BuildTown,
) -> None:
    town = await build_town(unit_requests_per_hour=1)
    farsta, bromma = town.party("sd-farsta"), town.party("sd-bromma")
    for _ in range(3):
        await farsta.call("GET", "/v1/inbox")
    assert (await bromma.call("GET", "/v1/inbox")).status == 200
    assert (await farsta.call("GET", "/v1/catalogue")).status == 200


async def test_a_batch_counts_as_many_calls_as_it_has_messages(build_town: BuildTown) -> None:
    town = await build_town(unit_requests_per_hour=10)
    farsta = town.party("sd-farsta")
    batch = [{"specversion": "1.0"}] * 9
    assert (await farsta.post(batch, BATCH)).status == 200
    assert (await farsta.post(batch, BATCH)).status == 429


@pytest.mark.slow
async def test_the_1001st_look_up_of_a_person_in_an_hour_is_429_and_an_alarm_in_the_log(build_town: BuildTown) -> None:
    town = await build_town()
    farsta, at = town.party("sd-farsta"), town.clock.now()
    event = farsta.event("referral.submitted", events.data("referral.submitted", at=at, person=persons.ASTA))

    async def look_up() -> int:
        headers = {"Content-Type": STRUCTURED}
        return (await farsta.call("POST", "/v1/rules/explain", json=event, headers=headers)).status

    first = [status for _ in range(10) for status in await asyncio.gather(*(look_up() for _ in range(100)))]
    assert set(first) == {403}
    refused = await farsta.post(event)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "RATE_LIMITED", "4")
    assert await look_up() == 429
    alarms = town.hub.reader.list_audit(AuditQuery(code="person_lookups"))
    assert [(alarm.action, alarm.actor) for alarm in alarms] == [("limit_reached", "sd-farsta")]


async def test_in_a_batch_only_what_asks_too_much_is_refused(build_town: BuildTown) -> None:
    town = await build_town(person_lookups_per_hour=1)
    farsta, at = town.party("sd-farsta"), town.clock.now()
    about = [persons.ASTA, persons.ASTA, persons.BO]
    batch = [farsta.event("referral.submitted", events.data("referral.submitted", at=at, person=who)) for who in about]
    answer = await farsta.post(batch, BATCH)
    assert [entry["status"] for entry in answer.json] == [403, 429, 403]


# -- slow, large and broken -----------------------------------------------------------------------------------------


def assert_problem(answer: RawAnswer, status: int, code: str) -> None:
    assert answer.is_problem, answer
    assert (answer.status, answer.json["status"], answer.json["code"]) == (status, status, code)
    assert b"aiohttp" not in answer.head
    assert answer.rest == b""


async def test_a_body_that_does_not_come_is_waited_for_only_so_long(build_town: BuildTown) -> None:
    town = await build_town(body_timeout_seconds=1)
    headers = (f"Authorization: Bearer {town.token('sd-farsta')}", f"Content-Type: {STRUCTURED}")
    reader, writer = await raw_http.connect(town.url)
    writer.write(request("POST", "/v1/messages", *headers, "Content-Length: 100", body=b"{"))
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert b" 408 " in head
    assert b"connection: close" in head.lower()
    await raw_http.close(writer)


async def waited_for(url: str, method: str, path: str, token: str, media_type: str) -> int:
    """The status for a request whose body never comes whole."""
    headers = (f"Authorization: Bearer {token}", f"Content-Type: {media_type}", "Content-Length: 100")
    reader, writer = await raw_http.connect(url)
    try:
        writer.write(request(method, path, *headers, body=b"{"))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    finally:
        await raw_http.close(writer)
    return int(head.split()[1])


async def test_no_call_waits_for_ever_for_its_body(build_town: BuildTown) -> None:
    """Every call that takes one, as whoever may make it; some say no before they look at it."""
    town = await build_town(body_timeout_seconds=1)
    staff = town._issuer.issue_staff(OPERATOR.staff_id, timedelta(minutes=5), town.clock.now())
    by = {Access.UNIT: town.token("sd-farsta"), Access.PUBLIC: ""}
    calls = [
        (operation.method, re.sub(r"\{[^}]+\}", lambda _: events.new_id(), operation.path), operation)
        for operation in OPERATIONS
        if operation.body is not None
    ]
    media = {"Event": STRUCTURED, "TokenRequest": "application/x-www-form-urlencoded"}
    statuses = await asyncio.gather(
        *(
            waited_for(
                town.url,
                method,
                path,
                by.get(operation.access, staff),
                media.get(operation.body or "", "application/json"),
            )
            for method, path, operation in calls
        )
    )
    seen = {
        f"{method} {operation.path}": status for (method, _, operation), status in zip(calls, statuses, strict=True)
    }
    assert {
        seen[call]
        for call in (
            "POST /v1/attachments",
            "PUT /v1/webhook",
            "POST /v1/admin/dead-letters/retry",
            "POST /v1/admin/directory/approve",
            "PUT /v1/admin/retention/holds",
            "POST /v1/audit/persons",
        )
    } == {408}, seen
    assert set(seen.values()) <= {400, 403, 404, 408, 415}, seen


async def test_no_page_waits_for_ever_for_its_form(build_town: BuildTown, session: aiohttp.ClientSession) -> None:
    town = await build_town(body_timeout_seconds=1, demo=True)
    async with session.get(town.url + "/sign-in") as page:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in page.cookies.items())
    assert cookies
    headers = (f"Cookie: {cookies}", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 100")
    reader, writer = await raw_http.connect(town.url)
    asked = request("POST", "/sign-in/demo", *headers, body=b"csrf=")
    writer.write(asked.replace(b"hub.example", b"localhost"))
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert b" 408 " in head, head
    await raw_http.close(writer)


MARK = "Xyzzyqvist"
BROKEN = {
    "an unknown method": (400, "BAD_REQUEST", request(MARK.upper(), "/livez")),
    "no HTTP": (400, "BAD_REQUEST", f"{MARK}\r\n\r\n".encode()),
    "a length that is no number": (400, "BAD_REQUEST", request("POST", "/v1/messages", f"Content-Length: 1{MARK}")),
    "a control character in a header": (400, "BAD_REQUEST", request("GET", "/livez", f"X: {MARK}\x00")),
    "an address of 64 KiB": (431, "HEADERS_TOO_LARGE", request("GET", "/" + MARK * 6554)),
    "a header of 64 KiB": (431, "HEADERS_TOO_LARGE", request("GET", "/livez", "X: " + MARK * 6554)),
    "10,000 headers": (431, "HEADERS_TOO_LARGE", request("GET", "/livez", *(f"X-{n}: {MARK}" for n in range(10_000)))),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_request_is_answered_with_a_problem_and_not_repeated(
    shared_hub: HubProcess, name: str
) -> None:
    status, code, sent = BROKEN[name]
    [answer] = await raw_http.ask(shared_hub.url, sent)
    assert_problem(answer, status, code)
    assert MARK.lower() not in answer.body.decode().lower()
    told = shared_hub.output.read_text() + shared_hub.errors.read_text()
    assert '"no_request"' in told
    assert MARK.lower() not in told.lower()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "OPTIONS", "DELETE", "PATCH", "PUT"])
async def test_a_method_that_an_address_does_not_take_is_a_problem(shared_hub: HubProcess, method: str) -> None:
    target = "hub.example:443" if method == "CONNECT" else "/livez"
    [answer] = await raw_http.ask(shared_hub.url, request(method, target, "Connection: close"))
    assert answer.is_problem
    assert answer.status in (400, 404, 405)


async def test_a_body_one_byte_too_large_is_refused(field: Field) -> None:
    large = io.BytesIO(b" " * (1024 * 1024 + 1))
    headers = {"Content-Type": STRUCTURED}
    answer = await field.party("sd-farsta").call("POST", "/v1/messages", data=large, headers=headers)
    assert (answer.status, answer.code) == (413, "TOO_LARGE")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_body_is_not_unpacked(field: Field, encoding: str) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    answer = await field.party("sd-farsta").post(bomb, STRUCTURED, **{"Content-Encoding": encoding})
    assert answer.status in (400, 415)
