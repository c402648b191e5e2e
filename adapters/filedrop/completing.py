"""From the bytes of a file to a whole event, and from a fault to words that repeat nothing of the file.

A file is a structured CloudEvent, or a shorthand of it: without `specversion`, with the catalogue's short type name and
`in_reply_to` for `causationid`. In both, `id`, `time` and `source` may be left to the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from schemas import envelope, registry, strict_json

Document = dict[str, Any]

_REPLY: Final = "in_reply_to"
_TEXTS: Final[Mapping[str, tuple[int, str, str]]] = {
    "NOT_JSON": (400, "Filen är inte giltig JSON", "Rätta formatet och lägg in filen igen."),
    "NOT_AN_EVENT": (400, "Filen är inte ett giltigt meddelande", "Rätta uppgifterna och lägg in filen igen."),
    "NOT_A_FILE": (400, "Det som ligger i mappen är inte en vanlig fil", "Länkar och mappar tas inte emot."),
    "NOT_READABLE": (400, "Filen får inte läsas", "Ge programmet rätt att läsa filen och lägg in den igen."),
    "TOO_LARGE": (413, "Filen är för stor", "Ett meddelande får vara högst 1 MiB."),
    "NOT_AN_OUTCOME": (400, "Filen är inte en giltig kvittens", "Rätta uppgifterna och lägg in filen igen."),
}


def complete(raw: bytes, unit: str, *, new_id: str, at: datetime) -> Document:
    """The event that the file stands for, with `new_id` and `at` where it names no id and time.

    Raises `strict_json.NotJson` and `envelope.NotAnEvent`.
    """
    document = strict_json.loads(raw)
    if not isinstance(document, dict):
        return envelope.to_structured(envelope.parse_structured(document))
    given = {name: value for name, value in document.items() if value is not None}
    attributes = {"id": new_id, "time": at, "source": f"/units/{unit}"} | _expand(given)
    try:
        return envelope.to_structured(envelope.parse_structured(attributes))
    except envelope.NotAnEvent as refused:
        faults = [_as_written(fault) if _REPLY in given else fault for fault in refused.faults]
    raise envelope.NotAnEvent(*faults)


def _expand(given: Document) -> Document:
    """The full spelling of a shorthand; a full event as it is."""
    if "specversion" in given:
        return given
    expanded = {"specversion": "1.0"} | {name: value for name, value in given.items() if name != _REPLY}
    name = expanded.get("type")
    if isinstance(name, str) and not name.startswith(envelope.TYPE_PREFIX):
        expanded["type"] = envelope.TYPE_PREFIX + name
    if _REPLY in given:
        if "causationid" in given:
            raise envelope.NotAnEvent(
                registry.Fault(f"/{_REPLY}", "not", "Ange antingen in_reply_to eller causationid.")
            )
        expanded["causationid"] = given[_REPLY]
    return expanded


def _as_written(fault: registry.Fault) -> registry.Fault:
    """The place in the words of the file."""
    if fault.pointer != "/causationid":
        return fault
    return registry.Fault(f"/{_REPLY}", fault.keyword, fault.detail)


def describe_fault(code: str, tag: str, faults: Sequence[registry.Fault] = ()) -> Document:
    """A problem document (RFC 9457) about a file; `tag` is the name under which the terminal spoke of it."""
    status, title, detail = _TEXTS[code]
    errors = [{"pointer": fault.pointer, "keyword": fault.keyword, "detail": fault.detail} for fault in faults]
    return {
        "type": f"urn:samverkan:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": f"urn:samverkan:file:{tag}",
    } | ({"errors": errors} if errors else {})


def fault_of_json(fault: strict_json.NotJson) -> registry.Fault:
    return registry.Fault("", fault.reason, "Innehållet följer inte RFC 8259.")
