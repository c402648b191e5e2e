"""The tamper-evident log for whoever wants to check it, in the format of C2SP tlog-tiles.

Checkpoint and tiles are public: they are hashes. Entries are not, though they tell of no person: a recipient must not
learn what was withheld from it, nor a sender whether somebody is known (decision 0025). They take a role and a reason.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.api.answers import known_parameters
from hub.api.asking import asking
from hub.api.keys import hub_of
from hub.api.looking import REASON_NAMES, record_look
from hub.api.problems import call_problem
from hub.audit import tiles
from hub.audit.tiles import NoSuchTile, TileName
from hub.service import Hub
from hub.store.records import CheckpointKind

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
FOR_A_MOMENT: Final = {"Cache-Control": "public, max-age=1"}
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@asking
def show_checkpoint(request: web.Request) -> web.Response:
    """The newest signed size and root, with the cosignatures of witnesses."""
    stored = hub_of(request).reader.find_checkpoint(CheckpointKind.PUBLISHED)
    if stored is None:
        raise call_problem("NOT_FOUND")
    return web.Response(body=stored.note.encode(), headers={"Content-Type": TEXT, **FOR_A_MOMENT})


async def show_tile(request: web.Request) -> web.Response:
    """One tile of hashes."""
    hub, name = hub_of(request), _name(request)
    first, end = name.first, name.first + name.width
    assert name.level is not None  # the path of this route has a number there
    if end > await hub.store.ask(lambda: _size(hub)) >> tiles.HEIGHT * name.level:
        raise call_problem("NOT_FOUND")
    hashes = await hub.store.ask(lambda: hub.reader.list_log_hashes(name.level or 0, first, end))
    return _bytes(b"".join(hashes))


async def show_entries(request: web.Request) -> web.Response:
    """One bundle of entries; the look is in the log before it is shown."""
    hub, name = hub_of(request), _name(request)
    known_parameters(request, *REASON_NAMES)
    first, end = name.first, name.first + name.width
    if end > await hub.store.ask(lambda: _size(hub)):
        raise call_problem("NOT_FOUND")
    await record_look(request, "log_entries", detail={"first": first, "count": name.width})
    return _bytes(tiles.pack(await hub.store.ask(lambda: hub.reader.list_log_entries(first, end))))


def _name(request: web.Request) -> TileName:
    try:
        return TileName.parse(request.path.removeprefix("/log/"))
    except NoSuchTile:
        raise call_problem("NOT_FOUND") from None


def _size(hub: Hub) -> int:
    """Nothing is shown that no checkpoint has been published over."""
    stored = hub.reader.find_checkpoint(CheckpointKind.PUBLISHED)
    return stored.size if stored is not None else 0


def _bytes(content: bytes) -> web.Response:
    return web.Response(body=content, headers={"Content-Type": BYTES, **FOR_EVER})
