"""What is kept of the past: readings of the hub, minute by minute, and every rulebook and directory that was in force.
Nothing about persons or messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

SAMPLES_KEPT: Final = timedelta(days=8)
"""How long a reading is kept: a week, and the day on which it is looked at. With one a minute, some 11,500 of each
process."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading by one process. `unread` copies wait for their recipients, `outbox_seconds` is the age of the oldest
    that no transport has taken: both are the same whoever reads them. `requests` were answered by this process since
    its last reading, half of them in `p50_seconds` or less, the slowest twentieth in `p95_seconds` or more."""

    process: str
    at: datetime
    unread: int
    outbox_seconds: float
    dead_letters: int
    requests: int
    p50_seconds: float
    p95_seconds: float


@dataclass(frozen=True, slots=True)
class RulebookDated:
    """Which rulebook, and when it last came into force."""

    digest: str
    since: datetime


@dataclass(frozen=True, slots=True)
class StoredRulebook:
    """A rulebook with the text of its files, by name."""

    digest: str
    since: datetime
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredDirectory:
    """A directory with the text of its files, by name, and when it came into force."""

    digest: str
    since: datetime
    files: Mapping[str, str]


class HistoryReader(Protocol):
    """The part of `port.Reader` that tells how the hub has been doing, and what it has decided by."""

    def list_samples(self, since: datetime) -> list[Sample]:
        """Of every process, from `since` on, oldest first."""

    def list_rulebooks(self, *, limit: int) -> list[RulebookDated]:
        """Every rulebook that was ever in force, the one that came into force last first."""

    def find_rulebook(self, digest: str) -> StoredRulebook | None: ...

    def list_directories(self) -> list[StoredDirectory]:
        """Every directory as it came into force, oldest first; one that came back is there again."""
