"""Messages by who, what, when and outcome: accepted copies and whole refusals side by side, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import orjson

from hub.store.port import Reader
from hub.store.records import AuditRow
from hub.store.survey import CopyQuery

REFUSED: Final = "refused"
_LOOKED_THROUGH: Final = 2000
"""Whole refusals looked through for one unit: their recipients stand in the entry itself only."""


@dataclass(frozen=True, slots=True)
class Found:
    """One line: one recipient of one message. `unit` is empty where there was none yet."""

    at: datetime
    message_id: str | None
    type: str | None
    sender: str
    unit: str
    case_id: str | None
    state: str
    verdict: str
    code: str | None


def search(reader: Reader, query: CopyQuery) -> list[Found]:
    """Up to the query's limit. Raises `StoreUnavailable`."""
    copies = [
        Found(
            each.recorded_at,
            each.message_id,
            each.type,
            each.sender,
            each.unit_id,
            each.case_id,
            each.state,
            each.verdict,
            each.code,
        )
        for each in reader.search_copies(query)
    ]
    found = [*copies, *_search_refusals(reader, query)]
    found.sort(key=lambda each: each.at, reverse=True)
    return found[: query.limit]


def _search_refusals(reader: Reader, query: CopyQuery) -> list[Found]:
    if query.verdict not in (None, "refuse", "manual"):
        return []
    # The first recipient's code is the entry's own; others stand inside it.
    rows = reader.list_refusals(replace(query, limit=_LOOKED_THROUGH if query.unit else query.limit))
    found = [each for row in rows for each in _recipients(row)]
    return [each for each in found if query.unit in (None, each.unit)][: query.limit]


def _recipients(row: AuditRow) -> list[Found]:
    told = orjson.loads(row.entry).get("recipients") or [{}]
    return [
        Found(
            row.at,
            row.message_id,
            row.type,
            row.actor,
            str(each.get("unit", "")),
            row.case_id,
            REFUSED,
            str(each.get("verdict", "refuse")),
            str(each.get("code") or row.code or ""),
        )
        for each in told
        if isinstance(each, dict)
    ]
