"""Searches that somebody wants to make again: a name and an address, kept sealed, for that person alone."""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from hub import drafts
from hub.api.keys import hub_of, staff_of
from hub.web import frame

MOST: Final = 20
LONGEST_NAME: Final = 60
_NAMESPACE: Final = uuid.UUID("5d2c0a4e-53b1-4c58-9f0c-6b1f3e2a7a10")
_NAMES: Final = ("sender", "unit", "type", "verdict", "code", "days", "since", "until", "message", "case")


async def list_saved(request: web.Request) -> list[tuple[str, str]]:
    """Name and query string of each, in the order of their names."""
    hub, key, staff_id = hub_of(request), _key(request), staff_of(request).staff_id
    kept = await hub.store.ask(lambda: drafts.read(hub.look(), key, staff_id)) or {}
    return sorted((name, query) for name, (query, *_) in kept.items())


async def change_saved(request: web.Request) -> web.StreamResponse:
    """Keeps the search that the page shows under a name, or forgets one. A name that is taken gets the new search."""
    form = await request.post()
    name = str(form.get("name", "")).strip()[:LONGEST_NAME]
    query = clean(str(form.get("query", "")))
    saved: dict[str, Any] = {known: [each] for known, each in await list_saved(request)}
    if "drop" in form:
        saved.pop(str(form["drop"]), None)
    elif name.isprintable() and name and (name in saved or len(saved) < MOST):
        saved[name] = [query]
    key = _key(request)
    kept = drafts.SaveDraft(key, staff_of(request).staff_id, drafts.lane_of(key, None), saved)
    await hub_of(request).group.submit(kept if saved else drafts.DropDraft(key))
    return frame.see_other(f"/admin/messages?{query}" if query else "/admin/messages")


def clean(query: str) -> str:
    """The filters of a search and nothing else, spelt anew."""
    return urlencode([(name, value[:64]) for name, value in parse_qsl(query[:2000]) if name in _NAMES and value])


def _key(request: web.Request) -> str:
    return str(uuid.uuid5(_NAMESPACE, staff_of(request).staff_id))
