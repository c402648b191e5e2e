"""Staff, sessions and drafts: rows to records and back, and the questions about them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import bindparam, delete, select

from hub.identity.roles import Grant, Role
from hub.store import people, rows, tables
from hub.store.among import among
from hub.store.asking import Asking

_staff = tables.staff.c
STAFF: Final = tuple(tables.staff.c)
SESSION: Final = tuple(tables.sessions.c)
DRAFT: Final = tuple(tables.drafts.c)

MEMBERS: Final = select(*STAFF).where(among(_staff.staff_id))
MEMBER_BY_SUBJECT: Final = select(*STAFF).where(_staff.iss == bindparam("iss"), _staff.sub == bindparam("sub"))
ALL_MEMBERS: Final = select(*STAFF).order_by(_staff.name, _staff.staff_id)
SESSIONS: Final = select(*SESSION).where(among(tables.sessions.c.session_key))
SESSIONS_OF: Final = (
    select(*SESSION)
    .where(tables.sessions.c.staff_id == bindparam("staff_id"), tables.sessions.c.ends_at > bindparam("at"))
    .order_by(tables.sessions.c.started_at.desc(), tables.sessions.c.session_key)
)
DRAFTS: Final = select(*DRAFT).where(among(tables.drafts.c.draft_id))

END_SESSIONS: Final = delete(tables.sessions).where(among(tables.sessions.c.session_key))
END_SESSIONS_OF: Final = delete(tables.sessions).where(among(tables.sessions.c.staff_id))
END_OLD_SESSIONS: Final = delete(tables.sessions).where(tables.sessions.c.ends_at <= bindparam("at"))
DROP_DRAFTS: Final = delete(tables.drafts).where(among(tables.drafts.c.draft_id))


def member_to_values(member: people.StaffMember) -> rows.Values:
    return {
        "staff_id": member.staff_id,
        "iss": member.iss,
        "sub": member.sub,
        "name": member.name,
        "grants": orjson.dumps([[grant.role.value, grant.unit] for grant in sorted(member.grants)]).decode(),
        "changed_at": rows.instant_to_cell(member.changed_at),
        "ended_at": None if member.ended_at is None else rows.instant_to_cell(member.ended_at),
    }


def cells_to_member(cells: rows.Cells) -> people.StaffMember:
    staff_id, iss, sub, name, grants, changed_at, ended_at = cells
    return people.StaffMember(
        staff_id,
        iss,
        sub,
        name,
        frozenset(Grant(Role(role), unit) for role, unit in orjson.loads(grants)),
        rows.cell_to_instant(changed_at),
        None if ended_at is None else rows.cell_to_instant(ended_at),
    )


def session_to_values(session: people.Session) -> rows.Values:
    return {
        "session_key": session.session_key,
        "staff_id": session.staff_id,
        "started_at": rows.instant_to_cell(session.started_at),
        "ends_at": rows.instant_to_cell(session.ends_at),
        "memory": orjson.dumps(session.memory).decode(),
        "used_at": None if session.used_at is None else rows.instant_to_cell(session.used_at),
    }


def cells_to_session(cells: rows.Cells) -> people.Session:
    key, staff_id, started_at, ends_at, memory, used_at = cells
    return people.Session(
        key,
        staff_id,
        rows.cell_to_instant(started_at),
        rows.cell_to_instant(ends_at),
        orjson.loads(memory),
        None if used_at is None else rows.cell_to_instant(used_at),
    )


def draft_to_values(draft: people.Draft) -> rows.Values:
    return {
        "draft_id": draft.draft_id,
        "staff_id": draft.staff_id,
        "lane_id": draft.lane_id,
        "saved_at": rows.instant_to_cell(draft.saved_at),
        "sealed": draft.sealed,
    }


def cells_to_draft(cells: rows.Cells) -> people.Draft:
    draft_id, staff_id, lane_id, saved_at, sealed = cells
    return people.Draft(draft_id, staff_id, lane_id, rows.cell_to_instant(saved_at), sealed)


class PeopleReading(Asking):
    """The part of a reader that answers for people."""

    def find_staff(self, staff_ids: Collection[str]) -> dict[str, people.StaffMember]:
        members = map(cells_to_member, self._among(MEMBERS, staff_ids))
        return {member.staff_id: member for member in members}

    def find_staff_by_subject(self, iss: str, sub: str) -> people.StaffMember | None:
        found = self._rows(MEMBER_BY_SUBJECT, {"iss": iss, "sub": sub})
        return cells_to_member(found[0]) if found else None

    def list_staff(self) -> list[people.StaffMember]:
        return [cells_to_member(cells) for cells in self._rows(ALL_MEMBERS)]

    def find_sessions(self, session_keys: Collection[str]) -> dict[str, people.Session]:
        sessions = map(cells_to_session, self._among(SESSIONS, session_keys))
        return {session.session_key: session for session in sessions}

    def list_sessions(self, staff_id: str, at: datetime) -> list[people.Session]:
        found = self._rows(SESSIONS_OF, {"staff_id": staff_id, "at": rows.instant_to_cell(at)})
        return [cells_to_session(cells) for cells in found]

    def find_drafts(self, draft_ids: Collection[str]) -> dict[str, people.Draft]:
        drafts = map(cells_to_draft, self._among(DRAFTS, draft_ids))
        return {draft.draft_id: draft for draft in drafts}
