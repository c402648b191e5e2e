"""Files to the hub in parts, and from it in one stream. Neither side ever holds a whole file."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from datetime import timedelta
from typing import Any, BinaryIO, Final

import aiohttp
import pydantic

from hub.client.answers import Attachment
from hub.client.calling import Line
from hub.client.errors import AnswerNotUnderstood, FileRefused, HubUnavailable

MEDIA_TYPES: Final = ("application/pdf", "image/png", "image/jpeg")
PART_MEDIA_TYPE: Final = "application/octet-stream"
SILENCE: Final = timedelta(seconds=30)
# A scanner may take its time.
EXAMINED_WITHIN: Final = timedelta(minutes=5)
_CHUNK: Final = 256 * 1024


async def upload(line: Line, file: BinaryIO, media_type: str, known: Attachment | None) -> Attachment:
    """The file announced, its missing parts sent, and the hub's examination. Raises `FileRefused`."""
    begun = known or await _begin(line, file, media_type)
    for number in begun.missing:
        part = await asyncio.to_thread(_read_part, file, number * begun.part_size, begun.part_size)
        place = ("v1", "attachments", begun.attachment)
        await line.call("PUT", *place, "parts", str(number), body=part, media_type=PART_MEDIA_TYPE)
    answer = await line.call("POST", "v1", "attachments", begun.attachment, "complete", held=EXAMINED_WITHIN)
    finished = read(answer.document)
    if finished.state == "refused":
        raise FileRefused(finished.code or "")
    return finished


async def _begin(line: Line, file: BinaryIO, media_type: str) -> Attachment:
    size, digest = await asyncio.to_thread(_measure, file)
    announced = {"media_type": media_type, "size": size, "sha256": digest}
    return read((await line.call("POST", "v1", "attachments", body=json.dumps(announced).encode())).document)


def read(document: Any) -> Attachment:
    try:
        return Attachment.model_validate(document)
    except pydantic.ValidationError:
        raise AnswerNotUnderstood("not an Attachment") from None


async def fetch(line: Line, delivery_id: str, attachment_id: str, into: BinaryIO) -> str:
    """Writes the file and gives its media type. Raises `HubUnavailable` when it broke off, `AnswerNotUnderstood` when
    it is not what the hub says it is."""
    seen = hashlib.sha256()
    path = ("v1", "inbox", delivery_id, "attachments", attachment_id)
    async with line.open(*path, silence=SILENCE, kinds=MEDIA_TYPES) as response:
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                seen.update(chunk)
                await asyncio.to_thread(into.write, chunk)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HubUnavailable(type(error).__name__) from None
        digest = base64.b64encode(seen.digest()).decode()
        if response.headers.get("Repr-Digest") != f"sha-256=:{digest}:":
            raise AnswerNotUnderstood("a file with another digest")
        return response.content_type


def _measure(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    seen = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        seen.update(chunk)
    return file.seek(0, os.SEEK_END), seen.hexdigest()


def _read_part(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
