"""Files: uploaded in parts by who will send them, fetched by who has a copy that brings them."""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from aiohttp import web

from hub.api import bodies
from hub.api.answers import PRIVATE, answer, path_id, read_body
from hub.api.inbox import gone
from hub.api.keys import caller_of, hub_of
from hub.api.problems import call_problem
from hub.attachments.content import MEDIA_TYPES
from hub.attachments.fetching import Fetched
from hub.attachments.scanning import ScanUnanswered
from hub.attachments.shelf import PartGone
from hub.attachments.uploading import NotNow, NotYours, QuotaReached, WrongPart
from hub.delivery.reading import Gone
from hub.intake import receipts
from hub.store.attachments import PART_BYTES, StoredAttachment

PART_MEDIA_TYPE: Final = "application/octet-stream"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,2}")


async def begin(request: web.Request) -> web.Response:
    """A file is announced: what it is, how large, and its digest."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    given = await bodies.read_object(request, ("media_type", "size", "sha256"))
    media_type = bodies.choice(given, "media_type", tuple(MEDIA_TYPES))
    if media_type is None:
        raise bodies.wrong("/media_type", "En av " + ", ".join(MEDIA_TYPES) + ".")
    size = bodies.number(given, "size", 0, 1, hub.settings.attachment_largest_mb * 2**20)
    digest = given["sha256"]
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise bodies.wrong("/sha256", "SHA-256 med 64 små hexadecimala tecken.")
    begun = await hub.shelf.begin(caller, media_type, size, digest)
    if isinstance(begun, QuotaReached):
        raise call_problem("QUOTA_REACHED")
    created = {**PRIVATE, "Location": f"/v1/attachments/{begun.attachment_id}"}
    return answer(_row(begun, list(range(begun.part_count))), 201, headers=created)


async def put_part(request: web.Request) -> web.Response:
    """One part. It may come again, and parts may come in any order; a place is taken before a byte is read."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    attachment_id, number = path_id(request, "attachment"), request.match_info["number"]
    if not _NUMBER.fullmatch(number):
        raise call_problem("NOT_FOUND")
    if request.content_type != PART_MEDIA_TYPE:
        raise call_problem("WRONG_MEDIA_TYPE")
    with hub.shelf.uploads.take(caller):
        content = await read_body(request)
        stored = await hub.shelf.store_part(caller, attachment_id, int(number), content)
    match stored:
        case NotYours():
            raise call_problem("NOT_FOUND")
        case NotNow():
            raise call_problem("UPLOAD_CLOSED")
        case WrongPart():
            raise bodies.wrong("", f"En av filens delar, {PART_BYTES} byte lång; den sista är det som är kvar.")
        case _:
            return web.Response(status=204)


async def show(request: web.Request) -> web.Response:
    """An upload of the caller's own, with the parts that are missing: whoever was cut off goes on with those."""
    found = await hub_of(request).shelf.find(caller_of(request).unit_id, path_id(request, "attachment"))
    if found is None:
        raise call_problem("NOT_FOUND")
    return answer(_row(*found))


async def complete(request: web.Request) -> web.Response:
    """Holds the file to what was announced and has it scanned. The answer says `ready`, or `refused` and why."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    try:
        finished = await hub.shelf.complete(caller, path_id(request, "attachment"))
    except ScanUnanswered:
        raise call_problem("NOT_EXAMINED", Retry_After="60") from None
    if isinstance(finished, NotYours):
        raise call_problem("NOT_FOUND")
    if isinstance(finished, NotNow):
        raise call_problem("UPLOAD_INCOMPLETE")
    return answer(_row(finished, []))


async def drop(request: web.Request) -> web.Response:
    """What the unit does not want to send after all. What went with a message is the message's."""
    if not await hub_of(request).shelf.drop(caller_of(request).unit_id, path_id(request, "attachment")):
        raise call_problem("NOT_FOUND")
    return web.Response(status=204)


async def fetch(request: web.Request) -> web.StreamResponse:
    """A file of a copy, if this recipient may have it now. Decided and logged before the first byte leaves."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    with hub.shelf.fetches.take(caller):
        found = await hub.shelf.fetch(caller, path_id(request, "delivery"), path_id(request, "attachment"))
        match found:
            case Fetched():
                return await _stream(request, found)
            case Gone(code):
                raise gone(code)
            case _:
                raise call_problem("NOT_FOUND")


async def _stream(request: web.Request, found: Fetched) -> web.StreamResponse:
    parts = hub_of(request).shelf.parts(found.file, found.key)
    try:
        first = await anext(parts)
    except PartGone:
        raise call_problem("NOT_FOUND") from None
    response = web.StreamResponse(headers=_headers(found.file))
    await response.prepare(request)
    try:
        await response.write(first)
        async for part in parts:
            await response.write(part)
    except PartGone:
        _break_off(request)  # an answer that is too short is seen by whoever counts
    except ConnectionError:
        pass  # whoever asked has gone; that it was disclosed stands in the log already
    finally:
        await parts.aclose()
    return response


def _break_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _headers(file: StoredAttachment) -> dict[str, str]:
    """The file is only to be saved: nothing in it may run as if it were the hub's (RFC 6266, RFC 9530)."""
    name = f"{file.attachment_id}.{MEDIA_TYPES[file.media_type]}"
    digest = base64.b64encode(bytes.fromhex(file.digest)).decode()
    return {
        **PRIVATE,
        "Content-Type": file.media_type,
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _row(file: StoredAttachment, missing: list[int]) -> dict[str, Any]:
    return {
        "attachment": file.attachment_id,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.digest,
        "state": file.state.value,
        "code": file.code,
        "part_size": PART_BYTES,
        "missing": missing,
        "message": file.message_id,
        "ends": None if file.ends_at is None else receipts.timestamp(file.ends_at),
    }
