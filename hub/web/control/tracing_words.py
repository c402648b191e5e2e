"""Entries of the log as rows of a page: who, what, and the names and numbers beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from hub.control.tracing import verify_entry
from hub.store.records import AuditRow
from hub.web.naming import Naming

# Shown in columns of their own, or of no use to a reader.
_LEFT_OUT: Final = frozenset(
    {"seq", "t", "action", "actor", "unit", "type", "message", "code", "salt", "case_ref", "payload", "recipients"}
)

# Whose values are words of a list. Of everything else, the entry's own text is shown.
_WORDS: Final = frozenset(
    {"look", "reason", "purpose", "roles", "way", "assurance", "kind", "verdict", "basis", "categories", "form", "by"}
)
_PLACES: Final = ("told_words", "reasons", "dead.causes", "dead.drops", "verdicts")


def in_words(naming: Naming) -> Callable[[str, str], str]:
    """How a value of an entry is said: by its name and as it stands there."""
    return lambda name, value: ", ".join(_word(each, naming) for each in value.split(", ")) if name in _WORDS else value


def _word(code: str, naming: Naming) -> str:
    known = (naming.words.find(f"control.{place}.{code}") for place in _PLACES)
    return next(filter(None, known), None) or naming.code(naming.basis(code))


def entries(rows: Sequence[AuditRow]) -> list[dict[str, Any]]:
    return [
        {
            "index": row.index,
            "at": row.at,
            "action": row.action,
            "actor": row.actor,
            "unit": row.unit,
            "type": row.type,
            "message": row.message_id,
            "code": row.code,
            "told": told(orjson.loads(row.entry)),
            "holds": verify_entry(row),
        }
        for row in rows
    ]


def told(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """What else stands in an entry, flat."""
    return [(name, _flat(value)) for name, value in entry.items() if name not in _LEFT_OUT]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_flat(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return str(value)
