"""Two hundred invented persons in every spelling, sent in every wrong way, with the log at its most talkative (S21).

What the hubs of every test leave behind is searched for the persons of all tests at the end of each run; here for many
more, and twenty planted leaks show that the search finds what there is.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import aiohttp
import pytest

from bench import people
from tests import conftest
from tests.support import canary, events
from tests.support import field as fields
from tests.support.canary import Scanner
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import BATCH
from tests.support.persons import Person

MANY = 200
WINDOW = canary.SHORTEST_NAME


def letters(number: int) -> str:
    """A name of its own for each number, from letters only."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")


def corpus() -> list[Person]:
    numbers = people.list_numbers()
    return [Person(next(numbers), f"Tilltal{letters(index)}", f"Släktnamn{letters(index)}é") for index in range(MANY)]


class WideScanner(Scanner):
    """As the other, for so many spellings that each cannot be looked for by itself."""

    def __init__(self, people_: Iterable[Person]) -> None:
        super().__init__(people_)
        self._by_beginning: dict[bytes, list[bytes]] = {}
        for needle in self._needles:
            self._by_beginning.setdefault(needle[:WINDOW], []).append(needle)

    def find(self, content: bytes) -> set[bytes]:
        found: set[bytes] = set()
        for index in range(len(content) - WINDOW + 1):
            needles = self._by_beginning.get(content[index : index + WINDOW])
            if needles is not None:
                found |= {needle for needle in needles if content.startswith(needle, index)}
        return found


async def be_careless_about(field: Field, person: Person) -> None:
    """The person as it should be, and wherever else a caller can put a person."""
    number, name = person.number, person.family_name
    farsta = field.party("sd-farsta")
    event = farsta.event("referral.submitted", events.data("referral.submitted", at=fields.now(), person=person))
    assert (await farsta.record(person=person, edges=events.both_ways("sdn-farsta", "amn"))).status == 202
    assert (await farsta.post(event)).status == 202
    wrong = [
        event | {"id": number},
        event | {"type": f"se.samverkan.{number}"},
        event | {"subject": number},
        event | {number: name},
        event | {"data": {**event["data"], name: number}},
        event | {"data": {**event["data"], "content": {**event["data"]["content"], "note": f"{name} {number}"}}},
    ]
    await farsta.post(wrong, BATCH)
    await farsta.post(json.dumps({"person": person.as_data()}).encode()[:-2])
    await farsta.call("GET", f"/v1/cases/{number}", headers={"User-Agent": number, "traceparent": number})
    await farsta.call("GET", f"/v1/messages?type={urllib.parse.quote(name)}")
    await farsta.call("GET", f"/{number}/{urllib.parse.quote(name)}")
    await field.stranger(f"{number}.{number}.{number}").call("GET", "/v1/inbox")


@pytest.mark.slow
async def test_of_two_hundred_persons_none_is_found_anywhere(
    start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession
) -> None:
    hub = start_hub(flags=["--log-level", "debug"])
    field, everybody = Field(session, hub), corpus()
    for person in everybody:
        await be_careless_about(field, person)
    conftest.keep_metrics(hub)
    scanner = WideScanner(everybody)
    left = canary.Estate(hub.folder)
    assert left.find_leaks(scanner) == []
    assert hub.output.stat().st_size > 100_000
    assert (hub.data_dir / "hub.sqlite3-wal").stat().st_size > 1_000_000


PERSON = corpus()[117]
NUMBER, NAME = PERSON.number, PERSON.family_name
LEAKS: dict[str, bytes] = {
    "twelve digits": NUMBER.encode(),
    "with a hyphen": f"{NUMBER[:8]}-{NUMBER[8:]}".encode(),
    "ten digits": NUMBER[2:].encode(),
    "ten digits with a hyphen": f"{NUMBER[2:8]}-{NUMBER[8:]}".encode(),
    "ten digits with a plus": f"{NUMBER[2:8]}+{NUMBER[8:]}".encode(),
    "with a space": f"{NUMBER[:8]} {NUMBER[8:]}".encode(),
    "backwards": NUMBER.encode()[::-1],
    "UTF-16": NUMBER.encode("utf-16-le"),
    "hexadecimal": NUMBER.encode().hex().encode(),
    "percent-encoded": "".join(f"%{byte:02X}" for byte in NUMBER.encode()).encode(),
    "escaped JSON": "".join(f"\\u{ord(char):04x}" for char in NUMBER).encode(),
    "base64": base64.b64encode(NUMBER.encode()),
    "base64 after a byte": base64.b64encode(b"x" + NUMBER.encode() + b"yz"),
    "base64 after two bytes": base64.urlsafe_b64encode(b"xy" + NUMBER.encode() + b"z"),
    "a name": NAME.encode(),
    "a name in capitals": NAME.upper().encode(),
    "a name in small letters": NAME.lower().encode(),
    "a name in Latin-1": NAME.encode("latin-1"),
    "a name in an address": urllib.parse.quote(NAME).encode(),
    "a name in JSON": json.dumps(NAME)[1:-1].encode(),
    "a name in base64": base64.b64encode(f"namn: {NAME}".encode()),
    "a given name": PERSON.given_name.encode(),
}


@pytest.fixture(scope="module")
def scanner() -> WideScanner:
    return WideScanner(corpus())


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Path]:
    """A place of its own, emptied afterwards: the search at the end of the run must not find these leaks."""
    yield tmp_path
    for path in tmp_path.iterdir():
        path.unlink()


def test_there_are_twenty_leaks_and_more() -> None:
    assert len(LEAKS) >= 20


@pytest.mark.parametrize("name", LEAKS)
def test_each_planted_leak_is_found(planted: Path, scanner: WideScanner, name: str) -> None:
    output = planted / "stdout"
    output.write_bytes(b'{"event":"request"}\n')
    assert canary.Estate(planted).find_leaks(scanner) == []
    output.write_bytes(b'{"event":"x","text":"' + LEAKS[name] + b'"}\n')
    assert canary.Estate(planted).find_leaks(scanner)
