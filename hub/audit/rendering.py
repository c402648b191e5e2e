"""Entries as other programs read them: JSON, a table (RFC 4180), and FHIR AuditEvent (R4, 4.0.1).

Each is written part by part, so that a log of any length can leave as one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

COLUMNS: Final = ("index", "at", "action", "actor", "unit", "type", "message", "case", "code", "leaf", "entry")
_TYPES: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_ACTIONS: Final = "urn:samverkan:audit-action"
# What begins a cell so that a spreadsheet would reckon with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Form:
    """What stands before the first entry, how each is written, and what stands between two and behind the last."""

    head: str
    write: Callable[[Mapping[str, Any]], str]
    between: str = ""
    tail: str = ""

    def parts(self, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """The whole file."""
        yield self.head
        for number, document in enumerate(documents):
            yield (self.between if number else "") + self.write(document)
        yield self.tail


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


def _resource(document: Mapping[str, Any]) -> str:
    return _json({"resource": _audit_event(document)})


def _audit_event(document: Mapping[str, Any]) -> dict[str, Any]:
    action, code = document["action"], document["code"]
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"log-{document['index']}",
        "type": {"system": _TYPES, "code": "rest", "display": "RESTful Operation"},
        "subtype": [{"system": _ACTIONS, "code": action}],
        "action": "R" if action in _READS else "C" if action in _CREATES else "E",
        "recorded": document["at"],
        "outcome": "4" if code else "0",
        "agent": [{"who": _named("actor", document["actor"]), "requestor": True}],
        "source": {"observer": {"display": "Samverkansnavet"}},
        "entity": [
            *(_entity(name, document[name]) for name in ("message", "case", "type") if document[name]),
            *map(_recipient, _recipients(document["entry"])),
        ],
    }
    if code:
        event["outcomeDesc"] = code
    if document["unit"] and document["unit"] != document["actor"]:
        event["agent"].append({"who": _named("unit", document["unit"]), "requestor": False})
    return {name: value for name, value in event.items() if value}


_READS: Final = frozenset({"delivery_disclosed", "attachment_fetched", "staff_looked", "log_exported", "extract_made"})
_CREATES: Final = frozenset({"message_accepted", "consent_recorded", "document_made"})


def _named(kind: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": f"urn:samverkan:{kind}", "value": value}}


def _entity(name: str, value: str) -> dict[str, Any]:
    return {"what": _named(name, value)}


def _recipients(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each with what was decided for it; an entry about one copy tells that itself."""
    rows = [each for each in entry.get("recipients", ()) if isinstance(each, Mapping)]
    return rows or [entry] * (not _TOLD.isdisjoint(entry))


_TOLD: Final = frozenset({"verdict", "rule", "basis", "categories", "withheld"})


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    """By which rule, on which basis and version of a consent, which categories, and which fields were left out."""
    basis = row.get("basis")
    told = {name: row.get(name) for name in ("verdict", "code", "rule", "delivery")}
    told |= {f"basis.{name}": value for name, value in basis.items()} if isinstance(basis, Mapping) else {}
    details = [{"type": name, "valueString": str(value)} for name, value in told.items() if value is not None]
    for name in ("categories", "withheld"):
        details += [{"type": name, "valueString": str(value)} for value in row.get(name) or ()]
    entity: dict[str, Any] = _entity("unit", row["unit"]) if row.get("unit") else {}
    return entity | {"detail": details}


FORMS: Final[Mapping[str, Form]] = {
    "json": Form('{"items":[', _json, ",", "]}"),
    "csv": Form(_line(COLUMNS), _row),
    "fhir": Form('{"resourceType":"Bundle","type":"collection","entry":[', _resource, ",", "]}"),
}
"""The entries as the API gives them; one line each; a Bundle of AuditEvent resources."""
