"""Checks of appointments, of attempts to reach somebody, and of the closing that follows when nobody was reached."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing import calendar
from routing.preconditions.asking import Asked
from routing.refusals import Refusal, RefusalCode

ENOUGH_ATTEMPTS = 2
# The follow-up three months after a closing may come two weeks early.
EARLY = timedelta(days=14)


def attempt_follows(asked: Asked) -> Refusal | None:
    if asked.content["attempt_no"] == asked.memory.contact_attempts + 1:
        return None
    return asked.refuse("attempt", RefusalCode.STATE_CONFLICT, "/data/content/attempt_no")


def appointment_has_passed(asked: Asked) -> Refusal | None:
    if datetime.fromisoformat(asked.content["appointment_at"]) <= asked.situation.at:
        return None
    return asked.refuse("appointment", RefusalCode.SCHEMA_INVALID, "/data/content/appointment_at")


def contact_was_attempted(asked: Asked) -> Refusal | None:
    """One case in nine was closed without a reason (2007): that nobody was reached must be true, or be explained."""
    content = asked.content
    explained = "note" in content or asked.memory.contact_attempts >= ENOUGH_ATTEMPTS
    if content["closing_reason"] != "unknown_no_contact" or explained:
        return None
    return asked.refuse("contact", RefusalCode.STATE_CONFLICT, "/data/content/closing_reason")


def months_have_passed(asked: Asked) -> Refusal | None:
    closed_at = asked.case.closed_at if asked.case else None
    if closed_at is None:
        return asked.refuse("months", RefusalCode.STATE_CONFLICT)
    due = calendar.months_after(closed_at.date(), asked.content["months_after"])
    if due - EARLY <= asked.situation.today:
        return None
    return asked.refuse("months", RefusalCode.SCHEMA_INVALID, "/data/content/months_after")
