"""The directory as administrators have agreed on it: the set in force, and the one that waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """Wire values of the table. There is at most one set of each."""

    IN_FORCE = "in_force"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class DirectorySet:
    """The files of a directory, by name. `proposed_by` and `approved_by` are ids of staff; None where the set was there
    at the first start."""

    standing: Standing
    digest: str
    files: Mapping[str, str]
    at: datetime
    proposed_by: str | None = None
    approved_by: str | None = None
