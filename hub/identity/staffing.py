"""Changes of the staff table and of sessions: commands of a commit group, each with its entry in the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.people import Session, StaffMember

SESSION_LIFE: Final = timedelta(minutes=60)


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
    """A person whose identity has been proved signs in. `replaces` is the session that the browser had before."""

    session_key: str
    staff_id: str
    way: str
    assurance: str
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class KeepSession:
    """What a session remembers from now on."""

    session_key: str
    memory: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EndSession:
    """A person signs out."""

    session_key: str


StaffCommand = ChangeStaff | RemoveStaff | StartSession | KeepSession | EndSession


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
            case KeepSession():
                return self._keep(ledger, command)
            case EndSession():
                return self._end(ledger, command)

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
        session = Session(command.session_key, command.staff_id, ledger.at, ledger.at + SESSION_LIFE, {})
        ledger.changes.sessions.append(session)
        if command.replaces is not None:
            ledger.changes.ended_sessions.append(command.replaces)
        told = {"way": command.way, "assurance": command.assurance}
        ledger.audit(AuditAction.STAFF_SIGNED_IN, f"staff:{command.staff_id}", detail=told)
        return session

    def _keep(self, ledger: Ledger, command: KeepSession) -> None:
        session = _find_session(ledger, command.session_key)
        if session is not None:
            ledger.changes.sessions.append(replace(session, memory=dict(command.memory)))

    def _end(self, ledger: Ledger, command: EndSession) -> None:
        session = _find_session(ledger, command.session_key)
        if session is not None:
            ledger.changes.ended_sessions.append(command.session_key)
            ledger.audit(AuditAction.STAFF_SIGNED_OUT, f"staff:{session.staff_id}")


def _find_member(ledger: Ledger, like: StaffMember) -> StaffMember | None:
    """The member with the same (iss, sub), perhaps added by this very group."""
    added = [each for each in ledger.changes.staff if (each.iss, each.sub) == (like.iss, like.sub)]
    return added[-1] if added else ledger.group.find_staff_by_subject(like.iss, like.sub)


def _find_session(ledger: Ledger, session_key: str) -> Session | None:
    """A session that this very group has ended is not brought back."""
    if session_key in ledger.changes.ended_sessions:
        return None
    return ledger.group.find_sessions([session_key]).get(session_key)


COMMANDS: Final[Collection[type]] = (ChangeStaff, RemoveStaff, StartSession, KeepSession, EndSession)
