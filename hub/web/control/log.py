"""The log: its newest entries and its checkpoint, each entry held against what was signed; the whole log checked."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any, Final

from aiohttp import web

from hub.api.keys import hub_of
from hub.audit import checking, verifying
from hub.audit.sources import StoreSource
from hub.audit.verifying import VerificationFailed
from hub.service import Hub
from hub.store.records import AuditQuery, CheckpointKind
from hub.web import frame
from hub.web.control import asking, showing
from hub.web.control.tracing_words import entries, in_words
from hub.web.naming import Naming

SHOWN: Final = 50
MOST_CHECKED: Final = 200_000
"""Entries that are checked while somebody waits for the page: some seconds. More are for `samverkan audit verify`."""


@asking.needs_reason("log")
async def show_log(request: web.Request) -> web.StreamResponse:
    """The newest entries. `verify`: the whole log, entry by entry, up to its signed checkpoint."""
    hub = hub_of(request)
    size = await hub.store.ask(hub.reader.audit_size)
    asked = request.query.get("before", "")
    before = min(int(asked), size) if asked.isdecimal() and len(asked) < 12 else size
    first = max(before - SHOWN, 0)
    rows = await hub.store.ask(lambda: hub.reader.list_audit(AuditQuery(after=first - 1, limit=before - first or 1)))
    rows = [row for row in rows if row.index < before][::-1]
    signed = await hub.store.ask(lambda: hub.reader.find_checkpoint(CheckpointKind.PUBLISHED))
    return frame.page(
        request,
        "control/log.html",
        **showing.common(request),
        size=size,
        first=first,
        entries=entries(rows),
        checked=await hub.store.ask(lambda: checking.check(hub.reader, rows, hub.integrator.verifier)),
        signed=signed,
        root=base64.b64encode(signed.root).decode() if signed is not None else "",
        witnesses=sorted(hub.integrator.lags().items()),
        may_check=signed is not None and signed.size <= MOST_CHECKED,
        **await _check_whole(hub, is_asked="verify" in request.query and size <= MOST_CHECKED),
        in_words=in_words(Naming(hub, frame.words_for(request))),
    )


async def _check_whole(hub: Hub, *, is_asked: bool) -> dict[str, Any]:
    """`whole` is what holds, `fault` the first thing that does not: one of them, or neither where nobody asked."""
    if not is_asked:
        return {"whole": None, "fault": ""}
    try:
        return {"whole": await verifying.verify(_InTurns(hub), [hub.integrator.verifier]), "fault": ""}
    except VerificationFailed as failed:
        return {"whole": None, "fault": str(failed)}


class _InTurns:
    """The hub's own log, read so that others get their turn between two files."""

    def __init__(self, hub: Hub) -> None:
        self._store = hub.store
        self._source = StoreSource(hub.reader)

    async def read(self, path: str) -> bytes:
        """Raises `Absent`."""
        return await self._store.ask(partial(self._source.read_now, path))
