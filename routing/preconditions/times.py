"""No message tells of what has not happened yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.message import Message
from routing.refusals import Refusal, RefusalCode
from routing.situation import Situation

# A sender's clock may run ahead of ours by this much; further ahead is a fault.
CLOCK_TOLERANCE = timedelta(minutes=5)


def times_are_past(message: Message, situation: Situation) -> Refusal | None:
    """Nothing is reported before it has happened, nor sent from the future."""
    occurred_at = datetime.fromisoformat(message.handling["occurred_at"])
    if message.sent_at > situation.at + CLOCK_TOLERANCE:
        return _refuse(message, RefusalCode.SCHEMA_INVALID, "/time")
    if occurred_at > message.sent_at + CLOCK_TOLERANCE:
        return _refuse(message, RefusalCode.SCHEMA_INVALID, "/data/handling/occurred_at")
    return None


def _refuse(message: Message, code: RefusalCode, pointer: str) -> Refusal:
    return Refusal(code, f"{message.type}/times", pointers=(pointer,))
