"""What the store keeps about those who sign in, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.identity.roles import Grant, Staff


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One person who may sign in, known by who vouches (`iss`) and the name there (`sub`), never by e-mail or number.

    `name` is what colleagues call the person. A member with `ended_at` signs in no more and keeps no session."""

    staff_id: str
    iss: str
    sub: str
    name: str
    grants: frozenset[Grant]
    changed_at: datetime
    ended_at: datetime | None = None

    def as_staff(self) -> Staff:
        return Staff(self.staff_id, self.name, self.grants)


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. `session_key` is a hash of what the browser's cookie holds: it opens nothing by itself.

    `used_at` is kept to some minutes only; None where nobody has noted it. `memory` is what the pages keep between two
    requests (a reason, a choice), never anything of a case."""

    session_key: str
    staff_id: str
    started_at: datetime
    ends_at: datetime
    memory: dict[str, str]
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message begun and not sent, sealed under the data key of `lane_id`. One per person, unit and place."""

    draft_id: str
    staff_id: str
    lane_id: str
    saved_at: datetime
    sealed: bytes
