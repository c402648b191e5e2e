"""When somebody looks after a copy that nobody has opened (T19): the recipient is reminded, then it goes back.

The sender's own end of delivery (`expirytime`) goes before both. Days are counted from the instant at which the copy
came, weekends included: both are long, and opening a message is no decision that takes working hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


@dataclass(frozen=True, slots=True)
class UnreadRule:
    """`id` is the code in hub.deadline-due. Days from 1; the return comes after the reminder."""

    id: str
    title_sv: str
    remind_after_days: int
    return_after_days: int

    def returns_at(self, recorded_at: datetime) -> datetime:
        return recorded_at + timedelta(days=self.return_after_days)

    def first_look(self, recorded_at: datetime, expires_at: datetime | None) -> datetime:
        """When a copy that has just come in wants attention."""
        reminds_at = recorded_at + timedelta(days=self.remind_after_days)
        return reminds_at if expires_at is None else min(reminds_at, expires_at)


class Step(Enum):
    """What becomes of a copy that is still unread."""

    WAIT = "wait"
    REMIND = "remind"
    RETURN = "return"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Look:
    """`next_at` is when to look again; None when this was the last time."""

    step: Step
    next_at: datetime | None = None


def look(rule: UnreadRule, recorded_at: datetime, expires_at: datetime | None, at: datetime) -> Look:
    """What to do at the instant `at`, when the look that was due comes."""
    if expires_at is not None and expires_at <= at:
        return Look(Step.EXPIRE)
    returns_at = rule.returns_at(recorded_at)
    if returns_at <= at:
        return Look(Step.RETURN)
    if rule.first_look(recorded_at, None) <= at:
        return Look(Step.REMIND, returns_at if expires_at is None else min(returns_at, expires_at))
    return Look(Step.WAIT, rule.first_look(recorded_at, expires_at))
