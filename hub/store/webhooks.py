"""Where a unit wants its claim checks, and those that are on their way there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.store.records import ClaimCheck


@dataclass(frozen=True, slots=True)
class Webhook:
    """One unit's endpoint. `sealed` are its signing secrets. `failures` in a row since `failing_since`; until
    `rests_until` nothing is sent. An inactive one keeps its place: `ended_by` says why."""

    unit_id: str
    url: str
    sealed: bytes
    changed_at: datetime
    is_active: bool = True
    ended_by: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """One claim check on its way to an endpoint. `attempts` counts begun ones, and tells whose turn a lease is."""

    delivery_id: str
    unit_id: str
    attempts: int
    created_at: datetime
    next_at: datetime
    leased_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DuePush:
    push: Push
    claim: ClaimCheck
