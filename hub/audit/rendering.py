"""Entries as other programs read them: a table (RFC 4180), and FHIR AuditEvent (R4, 4.0.1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

COLUMNS: Final = ("index", "at", "action", "actor", "unit", "type", "message", "case", "code", "leaf", "entry")
_TYPES: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_ACTIONS: Final = "urn:samverkan:audit-action"
# What begins a cell so that a spreadsheet would reckon with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(documents: Sequence[Mapping[str, Any]]) -> str:
    """One line per entry, the whole entry as JSON in the last column."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for document in documents:
        table.writerow([_cell(document[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_fhir(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A Bundle of AuditEvent resources."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _audit_event(document)} for document in documents],
    }


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
        "entity": [_entity(name, document[name]) for name in ("message", "case", "type") if document[name]],
    }
    if code:
        event["outcomeDesc"] = code
    if document["unit"] and document["unit"] != document["actor"]:
        event["agent"].append({"who": _named("unit", document["unit"]), "requestor": False})
    if basis := _bases(document["entry"]):
        event["entity"].append({"detail": [{"type": "basis", "valueString": text} for text in basis]})
    return {name: value for name, value in event.items() if value}


_READS: Final = frozenset({"delivery_disclosed", "staff_looked", "log_exported", "extract_made"})
_CREATES: Final = frozenset({"message_accepted", "consent_recorded", "document_made"})


def _named(kind: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": f"urn:samverkan:{kind}", "value": value}}


def _entity(name: str, value: str) -> dict[str, Any]:
    return {"what": _named(name, value)}


def _bases(entry: Mapping[str, Any]) -> list[str]:
    rows = [entry, *(each for each in entry.get("recipients", ()) if isinstance(each, Mapping))]
    bases = [row["basis"] for row in rows if isinstance(row.get("basis"), Mapping)]
    return [" ".join(str(value) for value in basis.values() if value is not None) for basis in bases]
