"""Copies that could not be delivered however often it was tried: kept apart until somebody looks at them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeathReason(StrEnum):
    """Why the hub stopped trying. Wire values: never renamed, never reused."""

    PUSH_EXHAUSTED = "push_exhausted"
    """The endpoint took it at none of the attempts."""
    POISON = "poison"
    """Handling it failed again and again."""
    UNROUTABLE = "unroutable"
    """The broker has no place for it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is written when the hub gives up."""

    delivery_id: str
    reason: DeathReason
    attempts: int
    died_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """A dead letter with what it was: no personal data. `position` is its place in the list."""

    letter: DeadLetter
    position: int
    unit_id: str
    sequence: int
    message_id: str
    type: str
    sender: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterQuery:
    """What to look for. Fields left None do not narrow; `after` is a position."""

    unit_id: str | None = None
    reason: DeathReason | None = None
    type: str | None = None
    delivery_ids: Collection[str] | None = None
    after: int = 0
    limit: int = 100
