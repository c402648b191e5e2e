"""Looking into the data directory, beside a running hub or without one. Metadata only: bodies stay sealed.

What shows single entries or cases goes through `hub.cli.looking`, which leaves a note of it for the log.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hub.cli.faults import WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.port import Reader


@contextlib.contextmanager
def reading(settings: Settings) -> Iterator[Reader]:
    """A reader for the length of a `with`. Raises `StoreUnavailable`."""
    from hub import bootstrap

    reader = bootstrap.open_reader(settings)
    with contextlib.ExitStack() as held:
        if isinstance(reader, contextlib.AbstractContextManager):
            held.enter_context(reader)
        yield reader


def read_id(text: str, what: str) -> str:
    """A UUID in its usual form. Raises `WrongUse` without repeating what was typed."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise WrongUse(f"{what} takes a UUID, such as 0b5f4a1e-54cf-4d0e-9c8e-3f2a9f0c7d11.") from None


def read_instant(text: str, what: str) -> datetime:
    """An instant, or the beginning of a day in Stockholm, in UTC. Raises `WrongUse`."""
    from routing import consent

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{what} takes a day (2026-02-16) or an instant (2026-02-16T10:12:00+01:00).") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=consent.STOCKHOLM)).astimezone(UTC)


def show_instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    from hub.intake import receipts

    return receipts.timestamp(at) if at is not None else None
