"""A case's memory as bytes, to be sealed, and back. What is not there takes its default: older rows stay readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import orjson

from hub.vault import body_aad
from routing.case import NOTHING_REMEMBERED, Activity, Deadline, Lesson, Memory, Order, Transfer


def dump(memory: Memory) -> bytes:
    """The memory without what is as it was at the beginning."""
    now = {name: getattr(memory, name) for name in Memory.__slots__}
    changed = {name: value for name, value in now.items() if value != getattr(NOTHING_REMEMBERED, name)}
    return orjson.dumps(changed, default=_plain)


def load(content: bytes) -> Memory:
    return Memory(**{name: _READERS[name](value) for name, value in orjson.loads(content).items()})


def aad(case_id: str) -> bytes:
    """What binds a sealed memory to its case."""
    return body_aad(case_id, "case", case_id, "memory", "1")


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _activities(value: Mapping[str, list[Any]]) -> dict[str, tuple[Activity, ...]]:
    return {plan_id: tuple([_dated(Activity, row) for row in rows]) for plan_id, rows in value.items()}


def _dated(shape: type, row: Mapping[str, Any]) -> Any:
    days = {name: date.fromisoformat(row[name]) for name in ("start", "planned_end")}
    return shape(**{**row, **days})


def _deadline(row: Mapping[str, Any]) -> Deadline:
    instants = {name: datetime.fromisoformat(row[name]) for name in ("due_at", "next_at")}
    return Deadline(**{**row, **instants})


def _as_it_is(value: Any) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "proposed": _activities,
    "in_force": _activities,
    "started": lambda value: {name: date.fromisoformat(day) for name, day in value.items()},
    "lessons": lambda value: tuple([Lesson(**row) for row in value]),
    "orders": lambda value: {name: _dated(Order, row) for name, row in value.items()},
    "contact_attempts": _as_it_is,
    "reviews_without_plan": _as_it_is,
    "born_on": date.fromisoformat,
    "interrupted_on": date.fromisoformat,
    "transfer": lambda value: Transfer(**value),
    "disqualified": frozenset,
    "initiator": _as_it_is,
    "previous_case_id": _as_it_is,
    "deadlines": lambda value: tuple([_deadline(row) for row in value]),
}
