"""What a group tells other processes with its commit, where the store can tell them anything. A bell says only that
something happened; what it was is asked of the store."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Bell(StrEnum):
    """What may have happened."""

    OUTBOX = "outbox"
    """Something waits to be published."""
    ERASED = "erased"
    """Data keys have been destroyed."""


Ring = Callable[[Bell], str]
"""The words that make the database ring with the commit of their transaction, and not without it."""
