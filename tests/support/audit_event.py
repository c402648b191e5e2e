"""What FHIR R4 (4.0.1) asks of an AuditEvent and of the Bundle around it: names, cardinalities, kinds, required codes.

Our own table, written after the published definitions of AuditEvent, Bundle, Coding, CodeableConcept, Identifier and
Reference, with the rules of FHIR's JSON: nothing is empty, a list stands where an element may repeat and nowhere else.
Extensions, narrative and contained resources are left out: the hub writes none, so they count as unknown here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

ELEMENTS: Final = """
Bundle.resourceType 1..1 code:Bundle
Bundle.id 0..1 id
Bundle.type 1..1 code:collection
Bundle.timestamp 0..1 instant
Bundle.entry 0..* Entry
Entry.fullUrl 1..1 uri
Entry.resource 1..1 AuditEvent
AuditEvent.resourceType 1..1 code:AuditEvent
AuditEvent.id 0..1 id
AuditEvent.type 1..1 Coding
AuditEvent.subtype 0..* Coding
AuditEvent.action 0..1 code:C,R,U,D,E
AuditEvent.recorded 1..1 instant
AuditEvent.outcome 0..1 code:0,4,8,12
AuditEvent.outcomeDesc 0..1 string
AuditEvent.purposeOfEvent 0..* CodeableConcept
AuditEvent.agent 1..* Agent
AuditEvent.source 1..1 Source
AuditEvent.entity 0..* Entity
Agent.type 0..1 CodeableConcept
Agent.role 0..* CodeableConcept
Agent.who 0..1 Reference
Agent.altId 0..1 string
Agent.name 0..1 string
Agent.requestor 1..1 boolean
Agent.policy 0..* uri
Agent.media 0..1 Coding
Agent.purposeOfUse 0..* CodeableConcept
Source.site 0..1 string
Source.observer 1..1 Reference
Source.type 0..* Coding
Entity.what 0..1 Reference
Entity.type 0..1 Coding
Entity.role 0..1 Coding
Entity.lifecycle 0..1 Coding
Entity.securityLabel 0..* Coding
Entity.name 0..1 string
Entity.description 0..1 string
Entity.query 0..1 base64Binary
Entity.detail 0..* Detail
Detail.type 1..1 string
Detail.valueString 0..1 string
Detail.valueBase64Binary 0..1 base64Binary
Coding.system 0..1 uri
Coding.version 0..1 string
Coding.code 0..1 code
Coding.display 0..1 string
Coding.userSelected 0..1 boolean
CodeableConcept.coding 0..* Coding
CodeableConcept.text 0..1 string
Reference.reference 0..1 string
Reference.type 0..1 uri
Reference.identifier 0..1 Identifier
Reference.display 0..1 string
Identifier.use 0..1 code:usual,official,temp,secondary,old
Identifier.type 0..1 CodeableConcept
Identifier.system 0..1 uri
Identifier.value 0..1 string
"""
PRIMITIVES: Final = {
    "id": r"[A-Za-z0-9\-\.]{1,64}",
    "code": r"[^\s]+(\s[^\s]+)*",
    "string": r"[ \r\n\t\S]*\S[ \r\n\t\S]*",
    "uri": r"[a-z][a-z0-9+.-]*:\S+",
    "base64Binary": r"([0-9a-zA-Z+/]{4})*([0-9a-zA-Z+/]{2}==|[0-9a-zA-Z+/]{3}=)?",
    "instant": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)"
    r"(\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))",
}
TYPES: Final = {
    "http://terminology.hl7.org/CodeSystem/audit-event-type": {"rest": "RESTful Operation"},
    "http://dicom.nema.org/resources/ontology/DCM": {
        "110100": "Application Activity",
        "110101": "Audit Log Used",
        "110102": "Begin Transferring DICOM Instances",
        "110103": "DICOM Instances Accessed",
        "110104": "DICOM Instances Transferred",
        "110105": "DICOM Study Deleted",
        "110106": "Export",
        "110107": "Import",
        "110108": "Network Entry",
        "110109": "Order Record",
        "110110": "Patient Record",
        "110111": "Procedure Record",
        "110112": "Query",
        "110113": "Security Alert",
        "110114": "User Authentication",
    },
}
"""The value set audit-event-type, but for its codes of ISO 21089, which the hub does not use."""

Table = Mapping[str, Mapping[str, tuple[int, bool, str]]]


def _read() -> Table:
    """Kind -> element -> least number, whether it repeats, kind of its value."""
    table: dict[str, dict[str, tuple[int, bool, str]]] = {}
    for line in ELEMENTS.split("\n"):
        if line:
            path, many, kind = line.split(" ")
            owner, name = path.split(".")
            least, most = many.split("..")
            table.setdefault(owner, {})[name] = (int(least), most == "*", kind)
    return table


TABLE: Final = _read()


def faults(value: object, kind: str = "Bundle", path: str = "") -> Iterator[str]:
    """Every place that is not as FHIR wants it."""
    path = path or kind
    if kind == "boolean":
        if not isinstance(value, bool):
            yield f"{path}: no boolean"
    elif kind in TABLE:
        yield from _faults_of_object(value, kind, path)
    else:
        yield from _faults_of_text(value, kind, path)


def _faults_of_text(value: object, kind: str, path: str) -> Iterator[str]:
    name, _, codes = kind.partition(":")
    if not isinstance(value, str) or re.fullmatch(PRIMITIVES[name], value) is None:
        yield f"{path}: no {name}"
    elif codes and value not in codes.split(","):
        yield f"{path}: not one of {codes}"


def _faults_of_object(value: object, kind: str, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or not value:
        yield f"{path}: empty, or no {kind}"
        return
    for name in value.keys() - TABLE[kind].keys():
        yield f"{path}.{name}: unknown"
    for name, (least, repeats, of) in TABLE[kind].items():
        if name not in value:
            if least:
                yield f"{path}.{name}: missing"
        elif not repeats:
            yield from faults(value[name], of, f"{path}.{name}")
        elif not isinstance(value[name], list) or not value[name]:
            yield f"{path}.{name}: no list, or empty"
        else:
            for number, item in enumerate(value[name]):
                yield from faults(item, of, f"{path}.{name}[{number}]")
    yield from _broken_rules(value, kind, path)


def _broken_rules(value: Mapping[str, Any], kind: str, path: str) -> Iterator[str]:
    """What stands beside the table in the definitions."""
    match kind:
        case "Bundle":
            addresses = [each.get("fullUrl") for each in value.get("entry", ()) if isinstance(each, dict)]
            if len(addresses) != len(set(addresses)):
                yield f"{path}: a fullUrl stands twice (bdl-7)"
        case "Entity":
            if "name" in value and "query" in value:
                yield f"{path}: a name and a query (sev-1)"
        case "Detail":
            if len({"valueString", "valueBase64Binary"} & value.keys()) != 1:
                yield f"{path}: one value[x] is wanted"
        case "Reference":
            if not {"reference", "identifier", "display"} & value.keys():
                yield f"{path}: leads to nothing"
        case "AuditEvent":
            yield from _faults_of_type(value.get("type"), path)


def _faults_of_type(type_: object, path: str) -> Iterator[str]:
    if isinstance(type_, dict):
        known = TYPES.get(type_.get("system", ""), {})
        if known.get(type_.get("code", "")) != type_.get("display"):
            yield f"{path}.type: not in the value set, or by another name"
