"""Who of the staff calls: a token or a session names a row of the table, which says who that is and may do what."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub.identity.port import Authenticator, NotAuthenticated, Reason
from hub.identity.roles import OPERATOR, Staff
from hub.store.people import Session, StaffMember
from hub.store.port import Reader

DEMO_ISSUER: Final = "urn:samverkan:demo"
"""Who vouches for the invented persons: the sign-in page of the demonstration, and nobody elsewhere."""


def staff_of_token(
    authenticator: Authenticator, reader: Reader, authorization_header: str | None, at: datetime
) -> Staff:
    """The person whose bearer token this is, with the roles of this moment. Raises `NotAuthenticated`."""
    caller = authenticator.authenticate_staff(authorization_header, at)
    if caller.staff_id == OPERATOR.staff_id:
        return OPERATOR
    return _find_member(reader, caller.staff_id).as_staff()


def staff_of_session(reader: Reader, session_key: str | None, at: datetime, *, demo: bool) -> tuple[Staff, Session]:
    """The person whose session this is, with the roles of this moment. Raises `NotAuthenticated`.

    A session of an invented person counts only while the hub runs as a demonstration (`demo`)."""
    session = reader.find_sessions([session_key]).get(session_key) if session_key else None
    if session is None:
        raise NotAuthenticated(Reason.NO_SESSION)
    if session.ends_at <= at:
        raise NotAuthenticated(Reason.SESSION_OVER)
    member = _find_member(reader, session.staff_id)
    if member.iss == DEMO_ISSUER and not demo:
        raise NotAuthenticated(Reason.UNKNOWN_STAFF)
    return member.as_staff(), session


def _find_member(reader: Reader, staff_id: str) -> StaffMember:
    """The member, as long as the table has it."""
    member = reader.find_staff([staff_id]).get(staff_id)
    if member is None or member.ended_at is not None:
        raise NotAuthenticated(Reason.UNKNOWN_STAFF)
    return member
