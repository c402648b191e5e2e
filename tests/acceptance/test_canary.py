"""Persons in places where they may not be: tried on purpose, and a scanner that finds what is planted.

The search over everything that all hubs of the run have left behind stands in tests/conftest.py, at its end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests import conftest
from tests.support import canary, events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import STRUCTURED, delivery_of

GIL = persons.GIL  # with an "ö" in the name


async def raw_call(hub: HubProcess, *lines: str) -> bytes:
    """Bytes that no client library would send."""
    host, port = hub.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def be_careless(field: Field) -> None:
    """Numbers and names wherever a caller can put them."""
    number, name = GIL.number, GIL.family_name
    farsta, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    edges = events.both_ways("sdn-farsta", "amn")
    assert (await farsta.record(person=GIL, edges=edges)).status == 202
    referral = await farsta.tell("referral.submitted", person=GIL)
    delivery, case = delivery_of(referral, "jt-sydost"), referral.json["case"]
    assert (await jobbtorg.read(delivery)).status == 200
    assert (await jobbtorg.report(delivery, "handled", f"{name} har fått tid")).status == 204
    assert name in (await farsta.sent(referral.json["id"])).body.decode()  # the sender may read it

    body = events.data("referral.submitted", at=fields.now(), person=GIL)
    body["content"][number] = name
    assert (await farsta.send("referral.submitted", body)).status == 422
    for changes in (
        {"to": [{"unit": number}]},
        {"to": [{"team": number, "seat": "sd"}]},
        {"to": [{"unit": name}], "handling": {"protected_identity": "unknown"}},
        {"to": [{"team": number}], "handling": {"protected_identity": "sekretessmarkering"}},
        {"content": {"note": f"{name}, se {number}"}},
        {"handling": {"purpose": "follow_up"}},
    ):
        assert (await farsta.tell("referral.submitted", person=GIL, **changes)).status >= 400
    withdrawal = events.withdrawal(events.new_id(), at=fields.now(), person=GIL, scope="parties", parties=[number])
    assert (await farsta.send("consent.withdrawn", withdrawal)).status == 403
    edges = [events.edge("sdn-farsta", number), events.edge("sdn-farsta", "amn")]
    assert (await farsta.record(person=GIL, edges=edges)).status == 422
    for attributes in ({"type": f"se.samverkan.{name.lower()}"}, {number: name}, {"source": f"/units/{number}"}):
        event = farsta.event("referral.submitted", events.data("referral.submitted", at=fields.now(), person=GIL))
        assert (await farsta.post(event | attributes)).status >= 400
    assert (await farsta.post(json.dumps({"person": GIL.as_data()}).encode()[:-3])).status == 400
    # The protection that came in between has made the hub forget the case: nobody is a party any more.
    assert (await jobbtorg.tell("case.closed", case, person=GIL)).status == 403

    # In addresses, methods and headers, also where only the parser of HTTP gets to see them.
    for path in (f"/v1/inbox/{number}", f"/v1/inbox?state={number}", f"/{number}/{urllib.parse.quote(name)}"):
        assert (await farsta.call("GET", path)).status >= 400
    for path in (f"/v1/messages?type={number}", f"/v1/messages?{urllib.parse.urlencode({'type': name})}"):
        assert (await farsta.call("GET", path)).status == 400
    headers = {"traceparent": number, "X-Request-ID": number, "User-Agent": number, "Referer": f"http://x/{number}"}
    assert (await farsta.call("GET", "/v1/inbox", headers=headers)).status == 200
    assert (await field.stranger(f"{number}.{number}.{number}").call("GET", "/v1/inbox")).status == 401
    await raw_call(field.hub, f"{number} /{number} HTTP/1.1", f"{number} : {number}")
    await raw_call(field.hub, f"GET /{number}\x00 HTTP/1.1", "Host: x")
    await raw_call(field.hub, f"POST /v1/messages HTTP/{number}", f"Content-Length: {number}")
    await raw_call(
        field.hub, "POST /v1/messages HTTP/1.1", "Host: x", f"Content-Length: {number}x", f"Content-Type: {STRUCTURED}"
    )
    await raw_call(field.hub, "GET /livez HTTP/1.1", "Host: x", f"Transfer-Encoding: {number}")


@pytest.mark.slow
async def test_a_careless_caller_leaves_no_person_behind(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession, estate: canary.Estate
) -> None:
    hub = start_hub(flags=["--log-level", "debug"])
    await be_careless(Field(session, hub))
    conftest.keep_metrics(hub)
    assert estate.find_leaks() == []
    # And there was something to be found, in the right places.
    assert hub.output.read_bytes().count(b"\n") > 20
    assert (hub.data_dir / "hub.sqlite3-wal").stat().st_size > 0
    assert estate.data_directories()


async def test_what_is_stored_is_there_and_sealed(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub()
    field = Field(session, hub)
    case = await field.refer()
    copy = await case.jobbtorg.read(delivery_of(case.referral, case.jobbtorg.unit))
    assert case.person.number in copy.body.decode()
    with sqlite3.connect(hub.data_dir / "hub.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (2,)
    connection.close()
    assert canary.Scanner().find_below(hub.data_dir) == []


# -- the negative control: the scanner sees what it should see ---------------------------------------------------------

NUMBER = persons.ASTA.number
SPELLINGS = {
    "twelve digits": NUMBER.encode(),
    "with a hyphen": b"19900101-2385",
    "ten digits": b"9001012385",
    "ten digits with a hyphen": b"900101-2385",
    "over a hundred": b"900101+2385",
    "UTF-16": NUMBER.encode("utf-16-le"),
    "escaped JSON": "".join(f"\\u{ord(char):04x}" for char in NUMBER).encode(),
    "percent-encoded": b"19900101%2D2385",
    "every byte percent-encoded": b"".join(b"%%%02X" % byte for byte in NUMBER.encode()),
    "hexadecimal": NUMBER.encode().hex().encode(),
    "base64": base64.b64encode(NUMBER.encode()),
    "base64 after one byte": base64.b64encode(b"x" + NUMBER.encode() + b"yz"),
    "base64 after two bytes": base64.b64encode(b"xy" + NUMBER.encode() + b"z"),
    "base64 in JSON": base64.urlsafe_b64encode(json.dumps({"person": {"personal_number": NUMBER}}).encode()),
    "a name": b"Provberg",
    "a name in an address": b"asta.provberg@example.org",
    "a name in capitals": b"PROVBERG",
    "a name with a dot over it": "Provström".encode(),
    "that name in Latin-1": "Provström".encode("latin-1"),
    "that name decomposed": "Provstro\u0308m".encode(),
    "that name escaped": b"Provstr\\u00f6m",
    "that name in an URL": b"Provstr%C3%B6m",
    "that name in base64": base64.b64encode("namn: Provström".encode()),
}


def plant_in_output(folder: Path, leak: bytes) -> None:
    (folder / "stdout").write_bytes(b'{"event":"request"}\n{"event":"x","text":"' + leak + b'"}\n')


def plant_in_errors(folder: Path, leak: bytes) -> None:
    (folder / "stderr").write_bytes(b"Traceback\n" + leak + b"\n")


def plant_in_metrics(folder: Path, leak: bytes) -> None:
    (folder / "metrics").write_bytes(b'hub_request_seconds{route="' + leak + b'"} 1.0\n')


def plant_in_database(folder: Path, leak: bytes) -> None:
    with sqlite3.connect(folder / "data" / "hub.sqlite3") as connection:
        connection.execute("CREATE TABLE audit (entry BLOB)")
        connection.execute("INSERT INTO audit VALUES (?)", (b"before " + leak,))
    connection.close()


def plant_in_write_ahead_log(folder: Path, leak: bytes) -> None:
    (folder / "data" / "hub.sqlite3").touch()
    (folder / "data" / "hub.sqlite3-wal").write_bytes(b"\x00" * 4096 + leak)


SINKS = [plant_in_output, plant_in_errors, plant_in_metrics, plant_in_database, plant_in_write_ahead_log]


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Path]:
    """A place of its own, emptied afterwards: the search at the end of the run must not find these leaks."""
    (tmp_path / "data").mkdir()
    yield tmp_path
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.__name__)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_planted_leak_is_found(planted: Path, sink: Callable[[Path, bytes], None], spelling: str) -> None:
    estate = canary.Estate(planted)
    assert estate.find_leaks() == []
    sink(planted, SPELLINGS[spelling])
    assert estate.find_leaks()


def test_a_leak_in_the_name_of_a_file_is_found(planted: Path) -> None:
    (planted / "data" / "hub.sqlite3").touch()
    (planted / "data" / f"export-{NUMBER}.json").touch()
    assert canary.Estate(planted).find_leaks()


@pytest.mark.parametrize("person", persons.EVERYBODY, ids=lambda person: person.given_name)
def test_every_person_is_looked_for(planted: Path, person: persons.Person) -> None:
    for leak in (person.number, person.family_name):
        plant_in_output(planted, leak.encode())
        assert canary.Estate(planted).find_leaks()


def test_sealed_bytes_are_no_leak(planted: Path) -> None:
    plant_in_output(planted, b"\x07\x91" * 2000 + b"2026-02-02T09:10:00Z 0b8c3a52-7d2e-4a4e-8d0e-2f1a7c9e0001")
    assert canary.Estate(planted).find_leaks() == []
