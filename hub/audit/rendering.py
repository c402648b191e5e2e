"""Entries as other programs read them: JSON, a table (RFC 4180), and FHIR AuditEvent.

Each is written part by part, so that a log of any length can leave as one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.audit import fhir

COLUMNS: Final = ("index", "at", "action", "actor", "unit", "type", "message", "case", "code", "leaf", "entry")
# What begins a cell so that a spreadsheet would reckon with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Form:
    """What stands before the first entry, how each is written, and what stands between two and behind the last.
    `nothing` is the whole file without entries, where it is not head and tail alone."""

    head: str
    write: Callable[[Mapping[str, Any]], str]
    between: str = ""
    tail: str = ""
    nothing: str | None = None

    def parts(self, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """The whole file."""
        before, is_empty = self.head, True
        for document in documents:
            yield before + self.write(document)
            before, is_empty = self.between, False
        yield self.end(is_empty=is_empty)

    def end(self, *, is_empty: bool) -> str:
        """What is left to write; for a file without entries, all of it."""
        if not is_empty:
            return self.tail
        return self.head + self.tail if self.nothing is None else self.nothing


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document).decode()


def _row(document: Mapping[str, Any]) -> str:
    """The whole entry as JSON in the last column."""
    return _line([_cell(document[name]) for name in COLUMNS])


def _bundled(document: Mapping[str, Any]) -> str:
    return _json(fhir.entry_of_bundle(document))


_BUNDLE: Final = '{"resourceType":"Bundle","type":"collection"'
# FHIR's JSON knows no empty list.
FORMS: Final[Mapping[str, Form]] = {
    "json": Form('{"items":[', _json, ",", "]}"),
    "csv": Form(_line(COLUMNS), _row),
    "fhir": Form(f'{_BUNDLE},"entry":[', _bundled, ",", "]}", _BUNDLE + "}"),
}
"""The entries as the API gives them; one line each; a Bundle of AuditEvent resources."""
