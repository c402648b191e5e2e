"""The table of everything that can be called: path, who may call it, and what the OpenAPI document says of it.

A route exists only by being in this table, and every row names its access: there is no way to add one without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from aiohttp import web

from hub.identity.roles import Role
from hub.identity.scopes import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Who may call. Anything but `PUBLIC` needs a unit's token, or a person with one of the roles in `ROLES`."""

    PUBLIC = "public"
    UNIT = "unit"
    STAFF = "staff"
    DESK = "desk"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    OVERSIGHT = "oversight"
    DATA_OFFICER = "data_officer"


ROLES: Final[Mapping[Access, frozenset[Role]]] = {
    Access.STAFF: frozenset(Role),
    Access.DESK: frozenset({Role.HANDLAGGARE, Role.TEAM_COORDINATOR}),
    Access.ADMINISTRATOR: frozenset({Role.ADMINISTRATOR}),
    Access.AUDITOR: frozenset({Role.AUDITOR}),
    Access.OVERSIGHT: frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.DATA_OFFICER}),
    Access.DATA_OFFICER: frozenset({Role.DATA_OFFICER}),
}
"""One of these opens it. A rule that stands in neither `PUBLIC`, `UNIT` nor here opens nothing."""


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
    scope: Scope | None = None
    """What a unit's token must open for this. A unit's route without one stays closed."""
    parameters: tuple[Parameter, ...] = field(default=())
    other_forms: tuple[str, ...] = ()
    """Media types that the answer 200 can take instead of its component's own."""


def pattern_of(path: str) -> str:
    """The path as the router reads it: a tile's name has slashes in it."""
    return path.replace("{tile}", "{tile:.+}")


@dataclass(frozen=True, slots=True)
class Page:
    """One method on one path of the pages for people: not in the OpenAPI document, but behind the same rules."""

    method: str
    path: str
    handler: Handler
    access: Access
