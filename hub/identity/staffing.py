"""Changes of the staff table and of sessions: commands of a commit group, each with its entry in the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.people import Session, StaffMember

SESSION_LIFE: Final = timedelta(minutes=60)
MOST_SESSIONS: Final = 5
USE_NOTED_EVERY: Final = timedelta(minutes=5)
"""So often it is written down that a session is in use: often enough for the person, seldom enough for the disk."""


class Why(StrEnum):
    """Why a session ended that its own browser did not end."""

    CHOSEN = "chosen"
    ADMINISTRATOR = "administrator"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class ChangeStaff:
    """`actor` adds a member, or gives one other roles or another name."""

    actor: str
    member: StaffMember


@dataclass(frozen=True, slots=True)
class RemoveStaff:
    """`actor` says that a member signs in no more."""

    actor: str
    staff_id: str


@dataclass(frozen=True, slots=True)
class StartSession:
    """A person whose identity has been proved signs in. `replaces` is the session that the browser had before. More
    than `most` at once the person does not have: the oldest end."""

    session_key: str
    staff_id: str
    way: str
    assurance: str
    replaces: str | None = None
    most: int = MOST_SESSIONS
    memory: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class UseSession:
    """A session was used now."""

    session_key: str


@dataclass(frozen=True, slots=True)
class KeepSession:
    """What a session remembers from now on."""

    session_key: str
    memory: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EndSession:
    """A person signs out."""

    session_key: str


@dataclass(frozen=True, slots=True)
class EndSessions:
    """`actor` ends sessions of a person's: all, or `only` one, or all but the one that is spared."""

    actor: str
    staff_id: str
    why: Why
    only: str | None = None
    spared: str | None = None


StaffCommand = ChangeStaff | RemoveStaff | StartSession | UseSession | KeepSession | EndSession | EndSessions


class Staffing:
    """The handler of all of them."""

    def prepare(self, ledger: Ledger, commands: Sequence[StaffCommand]) -> None:
        return None  # rare, and by key: each asks when its turn comes

    def handle(self, ledger: Ledger, command: StaffCommand) -> Any:
        match command:
            case ChangeStaff():
                return self._change(ledger, command)
            case RemoveStaff():
                return self._remove(ledger, command)
            case StartSession():
                return self._start(ledger, command)
            case UseSession():
                return self._use(ledger, command)
            case KeepSession():
                return self._keep(ledger, command)
            case EndSession():
                return self._end(ledger, command)
            case EndSessions():
                return self._end_some(ledger, command)

    def _change(self, ledger: Ledger, command: ChangeStaff) -> StaffMember:
        """The member as stored: a known (iss, sub) keeps its id, whoever asks for another."""
        member = command.member
        known = _find_member(ledger, member)
        member = replace(member, staff_id=known.staff_id if known else member.staff_id, changed_at=ledger.at)
        ledger.changes.staff.append(member)
        roles = sorted(str(grant) for grant in member.grants)
        told = {"staff": member.staff_id, "roles": roles}
        ledger.audit(AuditAction.STAFF_CHANGED, command.actor, detail=told)
        return member

    def _remove(self, ledger: Ledger, command: RemoveStaff) -> bool:
        member = ledger.group.find_staff([command.staff_id]).get(command.staff_id)
        if member is None or member.ended_at is not None:
            return False
        ended = replace(member, grants=frozenset(), changed_at=ledger.at, ended_at=ledger.at)
        ledger.changes.staff.append(ended)
        ledger.audit(AuditAction.STAFF_REMOVED, command.actor, detail={"staff": member.staff_id})
        return True

    def _start(self, ledger: Ledger, command: StartSession) -> Session:
        if command.replaces is not None:
            ledger.changes.ended_sessions.append(command.replaces)
        running = _list_running(ledger, command.staff_id)
        _end_all(ledger, "hub", Why.LIMIT, running[: max(0, len(running) - command.most + 1)])
        ends_at = ledger.at + SESSION_LIFE
        memory = dict(command.memory)
        session = Session(command.session_key, command.staff_id, ledger.at, ends_at, memory, used_at=ledger.at)
        ledger.changes.sessions.append(session)
        told = {"way": command.way, "assurance": command.assurance}
        ledger.audit(AuditAction.STAFF_SIGNED_IN, f"staff:{command.staff_id}", detail=told)
        return session

    def _use(self, ledger: Ledger, command: UseSession) -> None:
        session = _find_session(ledger, command.session_key)
        if session is not None:
            ledger.changes.sessions.append(replace(session, used_at=ledger.at))

    def _keep(self, ledger: Ledger, command: KeepSession) -> None:
        session = _find_session(ledger, command.session_key)
        if session is not None:
            ledger.changes.sessions.append(replace(session, memory=dict(command.memory)))

    def _end(self, ledger: Ledger, command: EndSession) -> None:
        session = _find_session(ledger, command.session_key)
        if session is not None:
            ledger.changes.ended_sessions.append(command.session_key)
            ledger.audit(AuditAction.STAFF_SIGNED_OUT, f"staff:{session.staff_id}")

    def _end_some(self, ledger: Ledger, command: EndSessions) -> int:
        """How many ended: none where the person has no such session."""
        running = _list_running(ledger, command.staff_id)
        chosen = [
            each for each in running if command.only in (None, each.session_key) and each.session_key != command.spared
        ]
        _end_all(ledger, command.actor, command.why, chosen)
        return len(chosen)


def _end_all(ledger: Ledger, actor: str, why: Why, sessions: Sequence[Session]) -> None:
    """Of one person."""
    if sessions:
        ledger.changes.ended_sessions.extend(each.session_key for each in sessions)
        told = {"staff": sessions[0].staff_id, "why": why.value, "sessions": len(sessions)}
        ledger.audit(AuditAction.STAFF_SESSION_ENDED, actor, detail=told)


def _list_running(ledger: Ledger, staff_id: str) -> list[Session]:
    """The person's, the oldest first, with what this very group has begun and ended."""
    known = {each.session_key: each for each in reversed(ledger.group.list_sessions(staff_id, ledger.at))}
    known |= {each.session_key: each for each in ledger.changes.sessions if each.staff_id == staff_id}
    return [each for key, each in known.items() if key not in ledger.changes.ended_sessions]


def _find_member(ledger: Ledger, like: StaffMember) -> StaffMember | None:
    """The member with the same (iss, sub), perhaps added by this very group."""
    added = [each for each in ledger.changes.staff if (each.iss, each.sub) == (like.iss, like.sub)]
    return added[-1] if added else ledger.group.find_staff_by_subject(like.iss, like.sub)


def _find_session(ledger: Ledger, session_key: str) -> Session | None:
    """As this very group has left it; one that it has ended is not brought back."""
    if session_key in ledger.changes.ended_sessions:
        return None
    for changed in reversed(ledger.changes.sessions):
        if changed.session_key == session_key:
            return changed
    return ledger.group.find_sessions([session_key]).get(session_key)


COMMANDS: Final[Collection[type]] = (
    ChangeStaff,
    RemoveStaff,
    StartSession,
    UseSession,
    KeepSession,
    EndSession,
    EndSessions,
)
