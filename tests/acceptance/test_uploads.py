"""Uploading a file: in parts, again, in any order, and held to what was announced."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store.attachments import PART_BYTES
from tests.support import events, files, persons
from tests.support import field as fields
from tests.support.field import Field


async def test_an_upload_goes_on_where_it_broke_off_in_any_order(field: Field) -> None:
    sender = field.party("sd-farsta")
    content = files.pdf(2 * PART_BYTES + 5)
    name = await files.begin(sender, content)
    assert (await files.put(sender, name, 2, content[2 * PART_BYTES :])).status == 204
    shown = await sender.call("GET", f"/v1/attachments/{name}")
    assert (shown.json["state"], shown.json["missing"]) == ("uploading", [0, 1])
    early = await files.complete(sender, name)
    assert (early.status, early.code) == (409, "UPLOAD_INCOMPLETE")
    assert (await files.put(sender, name, 1, b"x" * PART_BYTES)).status == 204
    await files.put_all(sender, name, content)  # the part that came wrong may come again
    assert (await files.complete(sender, name)).json["state"] == "ready"
    assert (await files.complete(sender, name)).json["state"] == "ready"
    closed = await files.put(sender, name, 0, content[:PART_BYTES])
    assert (closed.status, closed.code) == (409, "UPLOAD_CLOSED")


@pytest.mark.parametrize(
    ("content", "media_type", "code"),
    [
        (files.png(), files.PDF_TYPE, "ATTACHMENT_TYPE"),
        (files.pdf()[:-7], files.PDF_TYPE, "ATTACHMENT_TYPE"),
        (files.png() + b"<script>", files.PNG_TYPE, "ATTACHMENT_TYPE"),
        (b"GIF89a" + files.jpeg(), files.JPEG_TYPE, "ATTACHMENT_TYPE"),
        (b"<html>%PDF-1.7%%EOF", files.PDF_TYPE, "ATTACHMENT_TYPE"),
        (b"MZ\x90", files.JPEG_TYPE, "ATTACHMENT_TYPE"),
    ],
    ids=["another", "cut", "with a tail", "with a head", "a page", "a program"],
)
async def test_what_is_not_what_it_is_called_is_refused(
    field: Field, content: bytes, media_type: str, code: str
) -> None:
    sender = field.party("sd-farsta")
    name = await files.begin(sender, content, media_type)
    await files.put_all(sender, name, content)
    answer = await files.complete(sender, name)
    assert (answer.json["state"], answer.json["code"]) == ("refused", code)
    assert (await files.refer(field, f"{name}=PL", ("PL",))).code == "SCHEMA_INVALID"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(files.pdf(), files.PDF_TYPE), (files.png(), files.PNG_TYPE), (files.jpeg(), files.JPEG_TYPE)],
)
async def test_the_three_types_are_known_by_their_content(field: Field, content: bytes, media_type: str) -> None:
    await files.upload(field.party("sd-farsta"), content, media_type)


async def test_consents_bring_no_files(field: Field) -> None:
    sender = field.party("sd-farsta")
    name = await files.upload(sender, files.pdf())
    body = events.consent(at=fields.now(), person=persons.BO, recorder="sd-farsta")
    answer = await sender.send("consent.recorded", body, attachments=f"{name}=PL")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/attachments")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"size": 0}, "/size"),
        ({"size": 100 * 2**20 + 1}, "/size"),
        ({"size": True}, "/size"),
        ({"sha256": "A" * 64}, "/sha256"),
        ({"sha256": 7}, "/sha256"),
        ({"media_type": "text/html"}, "/media_type"),
        ({"media_type": None}, "/media_type"),
        ({"name": "Astas intyg.pdf"}, ""),
    ],
)
async def test_a_wrong_announcement_is_told_where(field: Field, changes: dict[str, Any], pointer: str) -> None:
    given = files.announced(files.pdf(), **changes)
    answer = await field.party("sd-farsta").call("POST", "/v1/attachments", json=given)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


async def test_a_part_of_another_length_or_number_is_refused(field: Field) -> None:
    sender = field.party("sd-farsta")
    content = files.pdf(PART_BYTES + 9)
    name = await files.begin(sender, content)
    wrong = [(0, content[: PART_BYTES - 1]), (0, content), (1, content[PART_BYTES:] + b"x"), (2, b""), (1, b"")]
    answers = [await files.put(sender, name, number, part) for number, part in wrong]
    assert [answer.status for answer in answers] == [422] * 5
    for number in ("01", "-1", "1000", "x"):
        answer = await sender.call(
            "PUT",
            f"/v1/attachments/{name}/parts/{number}",
            data=b"x",
            headers={"Content-Type": "application/octet-stream"},
        )
        assert answer.status == 404
    answer = await sender.call("PUT", f"/v1/attachments/{name}/parts/0", json={})
    assert answer.status == 415
