"""Invented persons who can sign in at the hub's own machine with `--demo`. Nobody is called so, nothing is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.identity.roles import Grant, Role, read_grant
from hub.store.people import StaffMember


@dataclass(frozen=True, slots=True)
class Invented:
    """One of them. What the sign-in page says of the person's work stands in the catalogues (`frame.work`)."""

    key: str
    name: str
    roles: tuple[str, ...]

    @property
    def grants(self) -> frozenset[Grant]:
        return frozenset(map(read_grant, self.roles))

    def as_member(self, known: StaffMember) -> bool:
        """Whether the table has the person as told here."""
        return (known.name, known.grants, known.ended_at) == (self.name, self.grants, None)


PEOPLE: Final = (
    Invented("samordnare", "Siri Samuelsson", ("team_coordinator:team-sydost",)),
    Invented("fk", "Filippa Falk", ("handlaggare:fk-stockholm",)),
    Invented("af", "Anders Alm", ("handlaggare:af-stockholm",)),
    Invented("region", "Ragna Roos", ("handlaggare:rg-stockholm",)),
    Invented("stadsdel", "Sten Sund", ("handlaggare:sd-farsta",)),
    Invented("jobbtorg", "Jonna Järv", ("handlaggare:jt-sydost",)),
    Invented("admin", "Alva Adelsköld", (Role.ADMINISTRATOR.value,)),
    Invented("granskare", "Gustav Gran", (Role.AUDITOR.value,)),
    Invented("dataskydd", "Disa Dahl", (Role.DATA_OFFICER.value,)),
)


def find(key: str) -> Invented | None:
    return next((person for person in PEOPLE if person.key == key), None)
