"""The smallest files of each type, and what a test makes of them."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

from hub.store.attachments import PART_BYTES
from tests.support import events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer, Party

PDF_TYPE, PNG_TYPE, JPEG_TYPE = "application/pdf", "image/png", "image/jpeg"


def pdf(size: int = 200) -> bytes:
    """Of exactly so many bytes."""
    head, tail = b"%PDF-1.7\n", b"\n%%EOF\n"
    middle = size - len(head) - len(tail)
    return head + (b"\x00\xffpdf!" * (middle // 6 + 1))[:middle] + tail


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40 + b"\xff\xd9"


def announced(content: bytes, media_type: str = PDF_TYPE, **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"media_type": media_type, "size": len(content), "sha256": digest, **changes}


async def begin(party: Party, content: bytes, media_type: str = PDF_TYPE, **changes: Any) -> str:
    answer = await party.call("POST", "/v1/attachments", json=announced(content, media_type, **changes))
    assert answer.status == 201, answer.body
    return str(answer.json["attachment"])


async def put(party: Party, attachment: str, number: int, part: bytes) -> Answer:
    path = f"/v1/attachments/{attachment}/parts/{number}"
    return await party.call("PUT", path, data=part, headers={"Content-Type": "application/octet-stream"})


async def put_all(party: Party, attachment: str, content: bytes) -> None:
    for number in range(-(-len(content) // PART_BYTES)):
        answer = await put(party, attachment, number, content[number * PART_BYTES : (number + 1) * PART_BYTES])
        assert answer.status == 204, answer.body


async def complete(party: Party, attachment: str) -> Answer:
    return await party.call("POST", f"/v1/attachments/{attachment}/complete")


async def upload(party: Party, content: bytes, media_type: str = PDF_TYPE) -> str:
    """A file that is ready to go with a message."""
    attachment = await begin(party, content, media_type)
    await put_all(party, attachment, content)
    answer = await complete(party, attachment)
    assert (answer.status, answer.json["state"]) == (200, "ready"), answer.body
    return attachment


async def fetch(party: Party, delivery: str, attachment: str) -> Answer:
    return await party.call("GET", f"/v1/inbox/{delivery}/attachments/{attachment}")


async def refer(field: Field, attachments: str, categories: tuple[str, ...] = ()) -> Answer:
    """A referral from Farsta with these files."""
    body = events.data("referral.submitted", at=fields.now(), person=persons.BO)
    body["handling"]["categories"] = sorted({*body["handling"]["categories"], *categories})
    return await field.party("sd-farsta").send("referral.submitted", body, attachments=attachments)
