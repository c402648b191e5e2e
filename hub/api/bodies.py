"""Small JSON objects as the body of a call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aiohttp import web

from hub.api.answers import read_body
from hub.api.problems import Problem, call_problem
from schemas import strict_json
from schemas.registry import Fault


async def read_json(request: web.Request) -> Any:
    """The body as JSON, whatever it holds. Raises the problem that says why it is none, or did not come in time."""
    if request.content_type != "application/json":
        raise call_problem("WRONG_MEDIA_TYPE")
    try:
        return strict_json.loads(await read_body(request))
    except strict_json.NotJson:
        raise call_problem("NOT_JSON") from None


async def read_object(
    request: web.Request, required: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    """The body, with these members and no others. Raises the problem that says what is wrong with it."""
    given = await read_json(request)
    if not isinstance(given, dict) or not set(required) <= given.keys() <= {*required, *optional}:
        names = ", ".join([*required, *(f"{name} (frivilligt)" for name in optional)])
        raise wrong("", f"Ett objekt med {names}.")
    return given


def wrong(pointer: str, accepted: str) -> Problem:
    """A member that is not as it has to be. Names where, and what is accepted; never the value."""
    return call_problem("BODY_WRONG", [Fault(pointer, "format", accepted)])


def choice(given: dict[str, Any], name: str, accepted: Collection[str]) -> str | None:
    """One of the words, or None where the member is missing."""
    value = given.get(name)
    if value is not None and value not in accepted:
        raise wrong(f"/{name}", "En av " + ", ".join(accepted) + ".")
    return value


def number(given: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = given.get(name, default)
    if type(value) is not int or not least <= value <= most:  # True is an int to isinstance
        raise wrong(f"/{name}", f"Ett heltal från {least} till {most}.")
    return value


def truth(given: dict[str, Any], name: str, default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise wrong(f"/{name}", "true eller false.")
    return value
