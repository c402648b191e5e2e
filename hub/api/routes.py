"""The table of everything that can be called: path, who may call it, and what the OpenAPI document says of it.

A route exists only by being in this table, and every row names its access: there is no way to add one without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Who may call. Anything but `PUBLIC` needs a valid token."""

    PUBLIC = "public"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter beside the path; `schema` is JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, object]
    place: Literal["query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. `answers` maps status -> (description, component name or media type or None)."""

    method: str
    path: str
    handler: Handler
    access: Access
    tag: str
    summary: str
    answers: Mapping[int, tuple[str, str | None]]
    body: str | None = None
    parameters: tuple[Parameter, ...] = field(default=())
