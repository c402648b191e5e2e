"""Who of the staff calls: the token says which row of the table, the table says who that is and may do what."""

from __future__ import annotations

from datetime import datetime

from hub.identity.port import Authenticator, NotAuthenticated, Reason
from hub.identity.roles import OPERATOR, Staff
from hub.store.port import Reader


def staff_of_token(
    authenticator: Authenticator, reader: Reader, authorization_header: str | None, at: datetime
) -> Staff:
    """The person whose bearer token this is, with the roles of this moment. Raises `NotAuthenticated`."""
    caller = authenticator.authenticate_staff(authorization_header, at)
    if caller.staff_id == OPERATOR.staff_id:
        return OPERATOR
    return find_staff(reader, caller.staff_id)


def find_staff(reader: Reader, staff_id: str) -> Staff:
    """The member, as long as the table has it. Raises `NotAuthenticated`."""
    member = reader.find_staff([staff_id]).get(staff_id)
    if member is None or member.ended_at is not None:
        raise NotAuthenticated(Reason.UNKNOWN_STAFF)
    return member.as_staff()
