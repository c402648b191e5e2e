"""Answers in JSON, and what may stand in a query string."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from hub.api.keys import hub_of
from hub.api.problems import Problem, call_problem
from hub.store.records import DeliveryState
from schemas.registry import Fault

PRIVATE = {"Cache-Control": "no-store"}


def answer(
    document: Mapping[str, Any] | list[Any],
    status: int = 200,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, str] = PRIVATE,
) -> web.Response:
    return web.Response(body=orjson.dumps(document), status=status, content_type=media_type, headers=headers)


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises the problem TOO_SLOW when it does not arrive in time; the connection is then closed."""
    if request.content.is_eof():  # as nearly always: it came with its head, and no timer is needed
        return await request.read()
    async with _in_time(request):
        return await request.read()


async def read_form(request: web.Request) -> Mapping[str, Any]:
    """The fields of a form; the rest as `read_body`. Who asks again gets the same."""
    async with _in_time(request):
        return await request.post()


@asynccontextmanager
async def _in_time(request: web.Request) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(hub_of(request).settings.body_timeout_seconds):
            yield
    except TimeoutError:
        slow = call_problem("TOO_SLOW")
        slow.closes = True
        raise slow from None


def bad_parameter(name: str, accepted: str) -> Problem:
    return call_problem("BAD_PARAMETER", [Fault(f"/query/{name}", "parameter", accepted)])


def known_parameters(request: web.Request, *names: str) -> None:
    """A misspelt parameter would silently ask for something else."""
    if set(request.query) - set(names):
        raise bad_parameter("", "Godtagna parametrar: " + (", ".join(names) or "inga"))


def whole_number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most:
        return int(text)
    raise bad_parameter(name, f"Ett heltal från {least} till {most}.")


def cursor(request: web.Request) -> int | None:
    return whole_number(request, "cursor", 0, 0, 10**18) or None


def instant(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        # A plus sign in a query string arrives as a space when the caller did not encode it.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise bad_parameter(name, "En tidpunkt med tidszon enligt RFC 3339.") from None
    if at.tzinfo is None:
        raise bad_parameter(name, "En tidpunkt med tidszon enligt RFC 3339.")
    return at


def uuid_of(text: str) -> str | None:
    """The canonical form of a UUID, None for anything else."""
    try:
        return str(uuid.UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


def path_id(request: web.Request, name: str) -> str:
    """An id in the path. What is no id cannot be found: the same answer as for an unknown one."""
    found = uuid_of(request.match_info[name])
    if found is None:
        raise call_problem("NOT_FOUND")
    return found


def delivery_states(request: web.Request) -> Collection[DeliveryState] | None:
    text = request.query.get("state")
    if text is None:
        return None
    names = text.split(",")
    if not set(names) <= set(DeliveryState):
        raise bad_parameter("state", "En eller flera av " + ", ".join(DeliveryState))
    # A refused copy is the sender's to see, and nobody's who was to have it.
    return {DeliveryState(name) for name in names} - {DeliveryState.REFUSED}
