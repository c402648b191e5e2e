"""Styles, scripts and pictures: read once, and addressed by what they hold, so that browsers may keep them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Final

from aiohttp import web

from hub.api.problems import call_problem

_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_KEPT: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOLDERS: Final = ("static", "vendor")


@functools.cache
def _load() -> Mapping[str, bytes]:
    here = resources.files("hub.web")
    files = [file for folder in _FOLDERS for file in here.joinpath(folder).iterdir()]
    return {file.name: file.read_bytes() for file in files if file.name.rpartition(".")[2] in _TYPES}


@functools.cache
def address(name: str) -> str:
    """Where a page finds the file. Another content is another address."""
    return f"/assets/{hashlib.sha256(_load()[name]).hexdigest()[:12]}/{name}"


async def show_asset(request: web.Request) -> web.Response:
    """One file. An address of an older content gives the newer one, which must not be kept under it."""
    name = request.match_info["name"]
    content = _load().get(name)
    if content is None:
        raise call_problem("NOT_FOUND")
    headers = _KEPT if request.path == address(name) else {"Cache-Control": "no-cache"}
    kind = _TYPES[name.rpartition(".")[2]]
    return web.Response(body=content, content_type=kind, charset="utf-8", headers=headers)
