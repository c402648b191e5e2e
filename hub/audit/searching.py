"""Looking entries up: by time, unit, type, verdict, code, message and case, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from hub.intake import receipts
from hub.store.port import Reader
from hub.store.records import AuditQuery, AuditRow

VERDICTS: Final = ("deliver", "redact", "refuse", "manual")
# Entries looked at for one page: what narrows least must not hold the hub up.
MOST_LOOKED_AT: Final = 5_000
_SLICE: Final = 500


@dataclass(frozen=True, slots=True)
class Search:
    """`query` is what the store narrows by; the rest is found in the entries themselves. `unit` is whoever acted, was
    concerned, or was a recipient; `verdict` that of any recipient; `until` is exclusive."""

    query: AuditQuery
    unit: str | None = None
    verdict: str | None = None
    action: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`following` is the index to go on behind, None at the end of the log."""

    rows: list[AuditRow]
    following: int | None


def search(reader: Reader, wanted: Search, limit: int, *, most: int = MOST_LOOKED_AT) -> Page:
    """Up to `limit` entries in the order of the log, of the next `most`. A page may be empty and still have one that
    follows."""
    found: list[AuditRow] = []
    looked_at, last = 0, wanted.query.after
    for row in _rows(reader, replace(wanted.query, limit=_SLICE)):
        if len(found) == limit or looked_at == most:
            return Page(found, last)
        looked_at, last = looked_at + 1, row.index
        if _fits(row, wanted):
            found.append(row)
    return Page(found, None)


def find_all(reader: Reader, wanted: Search) -> Iterator[AuditRow]:
    """Every entry that fits, in the order of the log, however many are looked at: not for a hub that serves."""
    return (row for row in _rows(reader, replace(wanted.query, limit=_SLICE)) if _fits(row, wanted))


def _rows(reader: Reader, query: AuditQuery) -> Iterator[AuditRow]:
    while rows := reader.list_audit(query):
        yield from rows
        query = replace(query, after=rows[-1].index)


def _fits(row: AuditRow, wanted: Search) -> bool:
    if wanted.until is not None and row.at >= wanted.until:
        return False
    if wanted.action is not None and row.action != wanted.action:
        return False
    if wanted.unit is None and wanted.verdict is None:
        return True
    entry = orjson.loads(row.entry)
    rows = [each for each in entry.get("recipients", ()) if isinstance(each, dict)]
    units = {row.actor, row.unit, *(each.get("unit") for each in rows)}
    verdicts = {entry.get("verdict"), *(each.get("verdict") for each in rows)}
    return wanted.unit in (None, *units) and wanted.verdict in (None, *verdicts)


def document(row: AuditRow) -> dict[str, Any]:
    """One entry for people: its index and case from the store, and what its leaf commits to. Never a body."""
    return {
        "index": row.index,
        "at": receipts.timestamp(row.at),
        "action": row.action,
        "actor": row.actor,
        "unit": row.unit,
        "type": row.type,
        "message": row.message_id,
        "case": row.case_id,
        "code": row.code,
        "leaf": row.leaf.hex(),
        "entry": orjson.loads(row.entry),
    }
