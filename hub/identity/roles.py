"""Who among the staff may do what: roles from the hub's own table, never from a token of somebody else's making."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Role(StrEnum):
    """Wire values, also of the table: never renamed."""

    HANDLAGGARE = "handlaggare"
    TEAM_COORDINATOR = "team_coordinator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    DATA_OFFICER = "data_officer"


SCOPED: Final = frozenset({Role.HANDLAGGARE, Role.TEAM_COORDINATOR})
"""Roles that count for one unit or one team only; the others count for the whole hub."""


class WrongGrant(ValueError):
    """A role that cannot be given so. The text is one sentence."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role. `unit` is the unit or team that it counts for, empty for a role of the whole hub."""

    role: Role
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.role.value}:{self.unit}" if self.unit else self.role.value


def read_grant(text: str) -> Grant:
    """`administrator`, `handlaggare:sd-farsta`. Raises `WrongGrant`."""
    name, _, unit = text.partition(":")
    if name not in set(Role):
        raise WrongGrant(f"A role is one of {', '.join(Role)}; the first two with a unit, as in handlaggare:sd-farsta.")
    role = Role(name)
    if (role in SCOPED) != bool(unit):
        raise WrongGrant(
            f"The role {name} {'needs a unit, as in ' + name + ':UNIT' if role in SCOPED else 'has no unit'}."
        )
    return Grant(role, unit)


@dataclass(frozen=True, slots=True)
class Staff:
    """One signed-in person, as the table knows the person now."""

    staff_id: str
    name: str
    grants: frozenset[Grant]

    @property
    def actor(self) -> str:
        """How the log names the person: by an id that says nothing."""
        return f"staff:{self.staff_id}"

    def has(self, *roles: Role) -> bool:
        return any(grant.role in roles for grant in self.grants)

    @property
    def units(self) -> tuple[str, ...]:
        """The units and teams that the person may act for."""
        return tuple(sorted({grant.unit for grant in self.grants if grant.role in SCOPED}))

    def may_act_for(self, unit_id: str) -> bool:
        return unit_id in self.units


OPERATOR: Final = Staff("operator", "Drift", frozenset({Grant(Role.ADMINISTRATOR), Grant(Role.DATA_OFFICER)}))
"""Whoever can read the signing key on the hub's machine: makes the first administrator."""


def is_subject(text: str) -> bool:
    """Whether this can be an issuer or a subject of OpenID Connect: printable ASCII, at most 255 (Core 1.0, 2)."""
    return _SUBJECT.fullmatch(text) is not None
