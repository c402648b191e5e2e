"""How long a server asks to be left alone (RFC 9110 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def read(headers: Mapping[str, str]) -> timedelta | None:
    """Of `Retry-After`: seconds, or a date, which is measured from the answer's own date, for it is the server's clock
    that counts. None when there is none, or nothing that can be understood."""
    header = headers.get("Retry-After", "")
    if header.isascii() and header.isdigit() and len(header) <= 8:
        return timedelta(seconds=int(header))
    moment, answered_at = _read_date(header), _read_date(headers.get("Date", ""))
    return moment - answered_at if moment and answered_at else None


def _read_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)  # "-0000" names no zone
