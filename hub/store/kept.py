"""What gallring sees and leaves behind, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """A delivery as retention sees it. `settled_at`: when it was acknowledged or given up."""

    delivery_id: str
    state: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptBody:
    """A message whose body is still there, with everybody's copies of it."""

    position: int
    message_id: str
    lane_id: str
    type: str
    recorded_at: datetime
    copies: Sequence[Copy]


@dataclass(frozen=True, slots=True)
class KeptMetadata:
    """A message by its place, for erasing what is left of it."""

    position: int
    message_id: str
    lane_id: str
    type: str
    recorded_at: datetime
    has_body: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing under this data key is erased by schedule until somebody releases it. `reference` has no personal
    data."""

    lane_id: str
    reference: str
    placed_by: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a destroyed data key: its commitment to a fixed word."""

    tombstone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RetentionRun:
    """One run of gallring, for the protocol. `counts`: kind -> how many. No message before position `kept_from` has a
    body."""

    run_id: str
    began_at: datetime
    ended_at: datetime
    actor: str
    rulebook: str
    counts: Mapping[str, int]
    kept_from: int = 0
