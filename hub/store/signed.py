"""A signed request as the store keeps it. Plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """A signed request, sealed under the data key of its message's lane, and gone with that message's body."""

    source: str
    message_id: str
    lane_id: str
    sealed: bytes
