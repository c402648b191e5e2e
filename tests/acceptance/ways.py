"""The table of ways to be refused: each is a call with one fault, and the status and code that answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support import events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer

# Stands in requests where a value stands; no answer may repeat it.
MARK = "Xyzzyqvist"
MARKED = persons.Person("199001012385", MARK, MARK)

Way = Callable[[Field], Awaitable[Answer]]
WAYS: dict[str, tuple[int, str, Way]] = {}


def way(status: int, code: str) -> Callable[[Way], Way]:
    """Puts a call into the table, under its name in words."""

    def note(function: Way) -> Way:
        words = getattr(function, "__name__", "").replace("_", " ")
        WAYS[f"{status} {code} {words}"] = (status, code, function)
        return function

    return note


def farsta_refers(**parts: Any) -> dict[str, Any]:
    """A referral of somebody whose name is the mark."""
    return events.data("referral.submitted", at=fields.now(), **{"person": MARKED, **parts})


def answered(person: persons.Person) -> dict[str, Any]:
    return events.data("referral.answered", at=fields.now(), person=person)
