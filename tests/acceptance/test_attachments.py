"""Files that go with messages: who gets which, what is refused, and what is left of them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api.server import Server
from hub.attachments import shelf
from hub.client.client import HubClient
from hub.client.errors import FileRefused, Refused
from hub.service import Hub
from hub.store.attachments import PART_BYTES
from hub.store.records import AuditQuery, Changes, Shred
from tests.support import events, files, hub_here, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer, delivery_of

SCANNER = """
import sys, pathlib
seen = sys.stdin.buffer.read()
pathlib.Path({counter!r}).open("ab").write(b".")
sys.exit(1 if b"EICAR" in seen else 3 if b"BROKEN" in seen else 0)
"""


@dataclass(frozen=True, slots=True)
class House:
    hub: Hub
    field: Field
    data_dir: Path

    def entries(self, action: str) -> list[dict[str, Any]]:
        rows = self.hub.reader.list_audit(AuditQuery(limit=1000))
        return [json.loads(row.entry) for row in rows if row.action == action]

    async def refer(self, attachments: str, categories: tuple[str, ...] = ()) -> Answer:
        return await files.refer(self.field, attachments, categories)

    async def write(self, **changes: Any) -> None:
        group = self.hub.store.begin()
        group.write(Changes(**changes))
        await self.hub.store.commit(group)

    async def consent(self) -> str:
        recorded = await self.field.party("sd-farsta").record(person=persons.BO)
        assert recorded.status == 202, recorded.body
        [consent] = self.hub.reader.find_consents(person_keys=[self.hub.vault.person_key(persons.BO.number)])
        return consent.consent_id


Build = Callable[..., Awaitable[House]]


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the hub is told of its database."""
    if request.param == "SQLite":
        return {}
    return {"database_url": request.getfixturevalue("database_url")}


@pytest.fixture
async def build(tmp_path: Path, session: aiohttp.ClientSession, database: dict[str, str]) -> AsyncIterator[Build]:
    servers: list[Server] = []

    async def make(**changes: Any) -> House:
        flags = {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, **database, **changes}
        given = settings.load(flags, {}, None)
        if database:
            await bootstrap.prepare(given)
        hub = bootstrap.build_hub(given)
        servers.append(Server(hub, "127.0.0.1", 0))
        await servers[-1].start()
        field = Field(session, hub_here.HubHere(servers[-1], given))  # type: ignore[arg-type]
        return House(hub, field, given.data_dir)

    yield make
    for server in servers:
        await server.stop()


@pytest.fixture
async def house(build: Build) -> House:
    return await build()


def scanner(tmp_path: Path) -> tuple[str, Path]:
    program, counter = tmp_path / "scanner.py", tmp_path / "scanned"
    program.write_text(SCANNER.format(counter=str(counter)))
    return f"{sys.executable} {program}", counter


async def test_a_recipient_gets_the_files_that_its_copy_may_bring_and_no_others(house: House) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    await house.consent()
    plan, health = files.pdf(PART_BYTES + 77), files.png()
    shown, hidden = await files.upload(sender, plan), await files.upload(sender, health, files.PNG_TYPE)
    sent = await house.refer(f"{shown}=PL+WO {hidden}=HE", ("PL", "WO", "HE"))
    assert sent.status == 202, sent.body
    [row] = sent.json["recipients"]
    assert (row["verdict"], f"/attachments/{hidden}" in row["withheld"]) == ("redact", True)
    delivery = delivery_of(sent, "jt-sydost")
    event = (await jobbtorg.read(delivery)).json
    assert event["attachments"] == f"{shown}=PL+WO"
    fetched = await files.fetch(jobbtorg, delivery, shown)
    assert (fetched.status, fetched.body) == (200, plan)
    assert fetched.headers["Content-Type"] == "application/pdf"
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="{shown}.pdf"'
    digest = base64.b64encode(hashlib.sha256(plan).digest()).decode()
    assert fetched.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    for nobodys in (hidden, events.new_id(), "x"):
        answer = await files.fetch(jobbtorg, delivery, nobodys)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    stranger = await files.fetch(house.field.party("sd-bromma"), delivery, shown)
    own = await files.fetch(sender, delivery, shown)
    assert (stranger.status, own.status) == (404, 404)


async def test_the_log_tells_of_upload_sending_and_every_fetching(house: House) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    await house.consent()
    content = files.pdf()
    name = await files.upload(sender, content)
    delivery = delivery_of(await house.refer(f"{name}=PL", ("PL",)), "jt-sydost")
    await files.fetch(jobbtorg, delivery, name)
    await files.fetch(jobbtorg, delivery, events.new_id())
    [uploaded] = house.entries("attachment_uploaded")
    [attached] = house.entries("attachment_attached")
    [fetched] = house.entries("attachment_fetched")
    assert {entry["attachment"] for entry in (uploaded, attached, fetched)} == {name}
    assert (uploaded["actor"], attached["actor"], fetched["actor"]) == ("sd-farsta", "sd-farsta", "jt-sydost")
    assert (attached["categories"], fetched["categories"]) == (["PL"], ["PL"])
    # What the log commits to tells nobody which file it was.
    assert hashlib.sha256(content).hexdigest() not in json.dumps([uploaded, attached, fetched])


async def test_a_withdrawn_consent_closes_the_file_as_it_closes_the_copy(house: House) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    consent_id = await house.consent()
    name = await files.upload(sender, files.pdf())
    delivery = delivery_of(await house.refer(f"{name}=PL", ("PL",)), "jt-sydost")
    assert (await files.fetch(jobbtorg, delivery, name)).status == 200
    body = events.withdrawal(consent_id, at=fields.now(), person=persons.BO)
    assert (await sender.send("consent.withdrawn", body)).status == 202
    assert (await files.fetch(jobbtorg, delivery, name)).status == 410
    assert len(house.entries("attachment_fetched")) == 1


async def test_a_file_lies_on_the_disk_sealed_and_its_key_goes_with_the_cases(house: House) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    await house.consent()
    content = files.pdf(3 * PART_BYTES)
    name = await files.upload(sender, content)
    sent = await house.refer(f"{name}=PL", ("PL",))
    delivery = delivery_of(sent, "jt-sydost")
    stored = b"".join(path.read_bytes() for path in house.data_dir.glob("hub.sqlite3*"))
    parts = b"".join(house.hub.reader.find_part(name, number) or b"" for number in range(3))
    assert (len(parts) > len(content), content[1000:1100] in stored + parts) == (True, False)
    found = house.hub.reader.find_attachments([name])[name]
    assert found.lane_id == sent.json["case"]
    await house.write(shreds=[Shred({found.lane_id: found.lane_id})])
    assert house.hub.reader.find_attachments([name])[name].key == b""
    assert (await files.fetch(jobbtorg, delivery, name)).status in (404, 410)
    await house.hub.shelf.sweep()
    assert house.hub.reader.list_part_numbers(name) == []


async def test_gallring_of_the_body_takes_its_files(house: House) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    await house.consent()
    name = await files.upload(sender, files.pdf())
    sent = await house.refer(f"{name}=PL", ("PL",))
    assert house.hub.reader.find_attachments([name])[name].key != b""
    await house.write(erased_bodies=[house.hub.reader.last_message_position()])
    assert (await files.fetch(jobbtorg, delivery_of(sent, "jt-sydost"), name)).status in (404, 410)
    assert house.hub.reader.find_attachments([name])[name].key == b""


async def test_a_file_that_is_not_the_announced_one_is_refused(house: House) -> None:
    sender = house.field.party("sd-farsta")
    name = await files.begin(sender, files.pdf(), sha256="0" * 64)
    await files.put_all(sender, name, files.pdf())
    answer = await files.complete(sender, name)
    assert (answer.json["state"], answer.json["code"]) == ("refused", "ATTACHMENT_DIGEST")
    [entry] = house.entries("attachment_uploaded")
    assert entry["code"] == "ATTACHMENT_DIGEST"


async def test_nothing_is_released_that_the_scanner_did_not_call_clean(build: Build, tmp_path: Path) -> None:
    command, counter = scanner(tmp_path)
    house = await build(attachment_scan_command=command)
    sender = house.field.party("sd-farsta")
    states = []
    for told in (b"harmless", b"EICAR", b"BROKEN"):
        content = files.pdf(2000)[:9] + told + files.pdf(2000)[9:]
        name = await files.begin(sender, content)
        await files.put_all(sender, name, content)
        answer = await files.complete(sender, name)
        states.append((answer.status, answer.code or answer.json.get("code")))
        if told == b"BROKEN":
            assert (await files.complete(sender, name)).status == 503
            assert (await sender.call("GET", f"/v1/attachments/{name}")).json["state"] == "examining"
            assert (await files.put(sender, name, 0, content)).code == "UPLOAD_CLOSED"
            assert (await house.refer(f"{name}=PL", ("PL",))).code == "SCHEMA_INVALID"
    assert states == [(200, None), (200, "ATTACHMENT_INFECTED"), (503, "NOT_EXAMINED")]
    assert counter.read_bytes() == b"...."


@pytest.mark.parametrize("command", ["/nowhere/scanner -", f"{sys.executable} -c 'import time; time.sleep(60)'"])
async def test_a_scanner_that_does_not_answer_releases_nothing(build: Build, command: str) -> None:
    house = await build(attachment_scan_command=command, attachment_scan_seconds=1)
    sender = house.field.party("sd-farsta")
    name = await files.begin(sender, files.pdf())
    await files.put_all(sender, name, files.pdf())
    answer = await files.complete(sender, name)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "NOT_EXAMINED", "60")
    assert house.entries("attachment_uploaded") == []


async def test_a_scanner_is_told_nothing_of_the_hubs_settings(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVERKAN_BROKER_URL", "amqp://hub:secret@broker")
    looks = 'import os, sys; sys.stdin.buffer.read(); sys.exit(any(name[:10] == "SAMVERKAN_" for name in os.environ))'
    house = await build(attachment_scan_command=f"{sys.executable} -c '{looks}'")
    sender = house.field.party("sd-farsta")
    name = await files.begin(sender, files.pdf())
    await files.put_all(sender, name, files.pdf())
    assert (await files.complete(sender, name)).json["state"] == "ready"


async def test_a_scanner_that_has_seen_enough_may_end_early(build: Build) -> None:
    house = await build(attachment_scan_command=f"{sys.executable} -c 'raise SystemExit(1)'")
    sender = house.field.party("sd-farsta")
    content = files.pdf(4 * PART_BYTES)
    name = await files.begin(sender, content)
    await files.put_all(sender, name, content)
    assert (await files.complete(sender, name)).json["code"] == "ATTACHMENT_INFECTED"


async def test_an_upload_is_its_units_own_and_a_file_goes_with_one_message(house: House) -> None:
    sender, other = house.field.party("sd-farsta"), house.field.party("sd-bromma")
    await house.consent()
    name, others = await files.upload(sender, files.pdf()), await files.upload(other, files.pdf())
    unready = await files.begin(sender, files.pdf())
    for party, path in ((other, name), (sender, events.new_id()), (sender, "x")):
        for method, end in (("GET", ""), ("POST", "/complete"), ("DELETE", "")):
            answer = await party.call(method, f"/v1/attachments/{path}{end}")
            assert (answer.status, answer.code) == (404, "NOT_FOUND")
    answers = [await house.refer(f"{wrong}=PL", ("PL",)) for wrong in (others, unready, events.new_id())]
    assert {(answer.status, answer.code) for answer in answers} == {(422, "SCHEMA_INVALID")}
    first = await house.refer(f"{name}=PL", ("PL",))
    assert first.status == 202, first.body
    assert (await house.refer(f"{name}=PL", ("PL",))).code == "SCHEMA_INVALID"
    assert (await sender.call("DELETE", f"/v1/attachments/{name}")).status == 404
    shown = await sender.call("GET", f"/v1/attachments/{name}")
    assert (shown.json["message"], shown.json["ends"]) == (first.json["id"], None)


async def test_the_same_message_with_other_files_is_another_message(house: House) -> None:
    sender = house.field.party("sd-farsta")
    await house.consent()
    name = await files.upload(sender, files.pdf())
    body = events.data("referral.submitted", at=fields.now(), person=persons.BO)
    body["handling"]["categories"] = sorted({*body["handling"]["categories"], "PL"})
    event = sender.event("referral.submitted", body, attachments=f"{name}=PL")
    assert (await sender.post(event)).status == 202
    assert (await sender.post(event)).status == 200
    assert (await sender.post({**event, "attachments": f"{name}=PL+WO"})).code == "DUPLICATE"


async def test_a_category_of_a_file_must_be_declared_and_known(house: House) -> None:
    sender = house.field.party("sd-farsta")
    await house.consent()
    name = await files.upload(sender, files.pdf())
    undeclared = await house.refer(f"{name}=HE")
    assert (undeclared.code, undeclared.json["errors"][0]["pointer"]) == (
        "SCHEMA_INVALID",
        "/data/handling/categories",
    )
    for wrong in (f"{name}=ZZ", f"{name}=MD"):
        assert (await house.refer(wrong)).json["errors"][0]["pointer"] == "/attachments"
    for malformed in (name, f"{name}=", f"{name}=PL  {name}=WO", f"{name}=PL {name}=WO", "a=PL"):
        assert (await house.refer(malformed)).code == "NOT_AN_EVENT"


async def test_a_dry_run_says_what_sending_would_and_takes_nothing_along(house: House) -> None:
    sender = house.field.party("sd-farsta")
    await house.consent()
    name = await files.upload(sender, files.pdf())
    body = events.data("referral.submitted", at=fields.now(), person=persons.BO)
    body["handling"]["categories"] = sorted({*body["handling"]["categories"], "HE"})
    event = sender.event("referral.submitted", body, attachments=f"{name}=HE")
    headers = {"Content-Type": "application/cloudevents+json"}
    told = await sender.call("POST", "/v1/rules/explain", data=json.dumps(event).encode(), headers=headers)
    assert f"/attachments/{name}" in told.json["recipients"][0]["withheld"]
    assert (await sender.post(event)).status == 202
    event["id"] = events.new_id()
    told = await sender.call("POST", "/v1/rules/explain", data=json.dumps(event).encode(), headers=headers)
    assert told.code == "SCHEMA_INVALID"


async def test_a_unit_may_have_so_much_lying_here_and_what_nobody_sends_is_taken_away(build: Build) -> None:
    house = await build(attachment_quota_mb=1)
    sender = house.field.party("sd-farsta")
    content = files.pdf(700 * 1024)
    name = await files.begin(sender, content)
    await files.put_all(sender, name, content)
    full = await sender.call("POST", "/v1/attachments", json=files.announced(content))
    assert (full.status, full.code) == (409, "QUOTA_REACHED")
    assert (await sender.call("DELETE", f"/v1/attachments/{name}")).status == 204
    name = await files.begin(sender, content)
    await files.put_all(sender, name, content)
    await house.hub.shelf.sweep()
    assert (await sender.call("GET", f"/v1/attachments/{name}")).status == 200
    later = fields.now() + timedelta(hours=25)
    assert house.hub.reader.list_stale_attachments(later, limit=9) == [name]


async def test_parts_beyond_what_fits_in_memory_are_asked_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = house.field.party("sd-farsta")
    monkeypatch.setattr(house.hub.shelf, "uploads", shelf.Places(2, 1))
    content = files.pdf(PART_BYTES)
    name = await files.begin(sender, content)
    with house.hub.shelf.uploads.take("sd-farsta"):
        answer = await files.put(sender, name, 0, content)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        others = house.field.party("sd-bromma")
        assert (await files.put(others, await files.begin(others, content), 0, content)).status == 204
    assert (await files.put(sender, name, 0, content)).status == 204


async def test_a_file_that_is_erased_while_it_is_fetched_breaks_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, jobbtorg = house.field.party("sd-farsta"), house.field.party("jt-sydost")
    await house.consent()
    name = await files.upload(sender, files.pdf(2 * PART_BYTES))
    delivery = delivery_of(await house.refer(f"{name}=PL", ("PL",)), "jt-sydost")
    find_part = type(house.hub.reader).find_part

    def find_and_erase(reader: Any, attachment_id: str, number: int) -> bytes | None:
        sealed = find_part(reader, attachment_id, number)
        if number == 0:
            group = house.hub.store.begin()
            group.write(Changes(dropped_attachments=[name]))
            house.hub.store._writer.commit_now()  # type: ignore[attr-defined]
            house.hub.store._writer.end_group()  # type: ignore[attr-defined]
        return sealed

    monkeypatch.setattr(type(house.hub.reader), "find_part", find_and_erase)
    with pytest.raises(aiohttp.ClientError):
        await files.fetch(jobbtorg, delivery, name)


async def test_the_client_uploads_goes_on_and_fetches(house: House) -> None:
    jobbtorg = house.field.party("jt-sydost")
    sender = house.field.party("sd-farsta")
    await house.consent()
    content = files.pdf(2 * PART_BYTES + 300)
    begun = await files.begin(sender, content)
    await files.put(sender, begun, 1, content[PART_BYTES : 2 * PART_BYTES])
    async with HubClient(house.field.hub.url, sender.token) as client:
        uploaded = await client.upload(io.BytesIO(content), files.PDF_TYPE, attachment_id=begun)
        assert (uploaded.attachment, uploaded.state) == (begun, "ready")
        other = await client.upload(io.BytesIO(files.jpeg()), files.JPEG_TYPE)
        await client.drop_attachment(other.attachment)
        with pytest.raises(FileRefused, match="ATTACHMENT_TYPE"):
            await client.upload(io.BytesIO(files.jpeg()), files.PNG_TYPE)
        with pytest.raises(Refused):
            await client.attachment(other.attachment)
    delivery = delivery_of(await house.refer(f"{begun}=PL", ("PL",)), "jt-sydost")
    async with HubClient(house.field.hub.url, jobbtorg.token) as client:
        event = await client.fetch(delivery)
        assert event.attachments == f"{begun}=PL"
        into = io.BytesIO()
        assert await client.fetch_attachment(delivery, begun, into) == files.PDF_TYPE
        assert into.getvalue() == content
        with pytest.raises(Refused):
            await client.fetch_attachment(delivery, other.attachment, io.BytesIO())
