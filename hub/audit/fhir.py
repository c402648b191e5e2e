"""An entry as AuditEvent of FHIR R4 (4.0.1): who did what, when, to what, by which rule, and how it ended.

Our own names and ids are told under `urn:samverkan:`. A resource holds no member that is empty, as FHIR's JSON wants.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.audit.entry import AuditAction

_REST: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_OWN: Final = "urn:samverkan"
_ENTRIES: Final = uuid.uuid5(uuid.NAMESPACE_URL, f"{_OWN}:log")
"""Each entry is known by its leaf, so that two exports call it the same."""


@dataclass(frozen=True, slots=True)
class _Type:
    """A code of FHIR's value set audit-event-type."""

    system: str
    code: str
    display: str

    def coding(self) -> dict[str, str]:
        return {"system": self.system, "code": self.code, "display": self.display}


_CALL: Final = _Type(_REST, "rest", "RESTful Operation")
_ACTIVITY: Final = _Type(_DICOM, "110100", "Application Activity")
_LOG_USED: Final = _Type(_DICOM, "110101", "Audit Log Used")
_EXPORT: Final = _Type(_DICOM, "110106", "Export")
_IMPORT: Final = _Type(_DICOM, "110107", "Import")
_RECORD: Final = _Type(_DICOM, "110110", "Patient Record")
_SECURITY: Final = _Type(_DICOM, "110113", "Security Alert")
_SIGN_IN: Final = _Type(_DICOM, "110114", "User Authentication")

KINDS: Final[Mapping[AuditAction, tuple[_Type, str]]] = {
    AuditAction.MESSAGE_ACCEPTED: (_CALL, "C"),
    AuditAction.MESSAGE_REFUSED: (_CALL, "C"),
    AuditAction.DELIVERY_DISCLOSED: (_CALL, "R"),
    AuditAction.DELIVERY_WITHHELD: (_CALL, "R"),
    AuditAction.DELIVERY_ACKNOWLEDGED: (_CALL, "U"),
    AuditAction.DELIVERY_HANDLED: (_CALL, "U"),
    AuditAction.ATTACHMENT_UPLOADED: (_CALL, "C"),
    AuditAction.ATTACHMENT_ATTACHED: (_CALL, "U"),
    AuditAction.ATTACHMENT_FETCHED: (_CALL, "R"),
    AuditAction.CONSENT_RECORDED: (_RECORD, "C"),
    AuditAction.CONSENT_WITHDRAWN: (_RECORD, "U"),
    AuditAction.CONSENT_ENDED: (_RECORD, "U"),
    AuditAction.PERSON_PROTECTED: (_RECORD, "D"),
    AuditAction.PERSON_HELD: (_RECORD, "U"),
    AuditAction.CASE_RELEASED: (_RECORD, "U"),
    AuditAction.PROTECTION_FREQUENT: (_SECURITY, "E"),
    AuditAction.CLOSED_UNKNOWN: (_ACTIVITY, "E"),
    AuditAction.OSL_10_2_USED: (_ACTIVITY, "E"),
    AuditAction.OSL_10_2_FREQUENT: (_SECURITY, "E"),
    AuditAction.DEADLINE_DUE: (_ACTIVITY, "E"),
    AuditAction.DELIVERY_RECALLED: (_ACTIVITY, "U"),
    AuditAction.DELIVERY_EXPIRED: (_ACTIVITY, "U"),
    AuditAction.DELIVERY_DEAD: (_ACTIVITY, "U"),
    AuditAction.DELIVERY_RETRIED: (_ACTIVITY, "U"),
    AuditAction.DELIVERY_DROPPED: (_ACTIVITY, "U"),
    AuditAction.WEBHOOK_CHANGED: (_CALL, "U"),
    AuditAction.AMQP_ACCOUNT_CHANGED: (_SECURITY, "U"),
    AuditAction.PARTY_KEY_ADDED: (_SECURITY, "C"),
    AuditAction.PARTY_KEY_REVOKED: (_SECURITY, "U"),
    AuditAction.TOKEN_ISSUED: (_SIGN_IN, "E"),
    AuditAction.TOKEN_REFUSED: (_SIGN_IN, "E"),
    AuditAction.CONNECTION_TRIED: (_SIGN_IN, "E"),
    AuditAction.DOCUMENT_MADE: (_EXPORT, "R"),
    AuditAction.LOG_EXPORTED: (_LOG_USED, "R"),
    AuditAction.EXTRACT_MADE: (_EXPORT, "R"),
    AuditAction.CHANGE_PROPOSED: (_CALL, "C"),
    AuditAction.CHANGE_REJECTED: (_CALL, "U"),
    AuditAction.RULES_CHANGED: (_ACTIVITY, "U"),
    AuditAction.STAFF_CHANGED: (_SECURITY, "U"),
    AuditAction.STAFF_REMOVED: (_SECURITY, "D"),
    AuditAction.STAFF_SIGNED_IN: (_SIGN_IN, "E"),
    AuditAction.STAFF_SIGNED_OUT: (_SIGN_IN, "E"),
    AuditAction.STAFF_SESSION_ENDED: (_SIGN_IN, "E"),
    AuditAction.STAFF_SIGN_IN_REFUSED: (_SIGN_IN, "E"),
    AuditAction.STAFF_LOOKED: (_CALL, "R"),
    AuditAction.STAFF_ACTED: (_CALL, "E"),
    AuditAction.LIMIT_REACHED: (_SECURITY, "E"),
    AuditAction.DIRECTORY_CHANGED: (_ACTIVITY, "U"),
    AuditAction.ERASED: (_RECORD, "D"),
    AuditAction.RETENTION_RUN: (_ACTIVITY, "E"),
    AuditAction.LEGAL_HOLD_PLACED: (_RECORD, "U"),
    AuditAction.LEGAL_HOLD_LIFTED: (_RECORD, "U"),
    AuditAction.KEY_ROTATED: (_SECURITY, "U"),
    AuditAction.BACKUP_MADE: (_EXPORT, "R"),
    AuditAction.BACKUP_RESTORED: (_IMPORT, "C"),
    AuditAction.LOG_RESUMED: (_SECURITY, "U"),
    AuditAction.CLOCK_WENT_BACK: (_SECURITY, "E"),
    AuditAction.HUB_STARTED: (_ACTIVITY, "E"),
    AuditAction.HUB_STOPPED: (_ACTIVITY, "E"),
}
"""What each is in FHIR's words: create, read, update, delete, execute."""

FAILED: Final = frozenset(
    {
        AuditAction.MESSAGE_REFUSED,
        AuditAction.DELIVERY_WITHHELD,
        AuditAction.DELIVERY_RECALLED,
        AuditAction.DELIVERY_EXPIRED,
        AuditAction.DELIVERY_DEAD,
        AuditAction.TOKEN_REFUSED,
        AuditAction.STAFF_SIGN_IN_REFUSED,
        AuditAction.LIMIT_REACHED,
    }
)
"""Entries of what was not done, with a code or without. A code alone may tell of a rule that was used."""
_TOLD: Final = frozenset({"verdict", "rule", "basis", "categories", "withheld"})


def audit_event(document: Mapping[str, Any]) -> dict[str, Any]:
    """The resource of one entry, as `searching.document` gives it."""
    action, entry, code = AuditAction(document["action"]), document["entry"], document["code"]
    type_, done = KINDS[action]
    has_failed = action in FAILED or (action is AuditAction.ATTACHMENT_UPLOADED and code)
    reason = entry.get("reason")
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"log-{document['index']}",
        "type": type_.coding(),
        "subtype": [{"system": f"{_OWN}:audit-action", "code": action.value}],
        "action": done,
        "recorded": document["at"],
        "outcome": "4" if has_failed else "0",
        "outcomeDesc": code or (reason if has_failed else None),
        "purposeOfEvent": [_concept("reason", reason)] if reason and not has_failed else [],
        "agent": list(_agents(document)),
        "source": {"observer": {"display": "Samverkansnavet"}},
        "entity": list(_entities(document)),
    }
    return {name: value for name, value in event.items() if value}


def entry_of_bundle(document: Mapping[str, Any]) -> dict[str, Any]:
    """The resource with the address by which a Bundle must know it."""
    return {"fullUrl": uuid.uuid5(_ENTRIES, document["leaf"]).urn, "resource": audit_event(document)}


def _concept(kind: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{_OWN}:{kind}", "code": code}]}


def _named(kind: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": f"{_OWN}:{kind}", "value": value}}


def _agents(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"who": _named("actor", document["actor"]), "requestor": True}
    if document["unit"] and document["unit"] != document["actor"]:
        yield {"who": _named("unit", document["unit"]), "requestor": False}


def _entities(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("message", "case", "type"):
        if document[name]:
            yield {"what": _named(name, document[name])}
    yield from filter(None, map(_recipient, _recipients(document["entry"])))


def _recipients(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each with what was decided for it; an entry about one copy tells that itself."""
    rows = [each for each in entry.get("recipients", ()) if isinstance(each, Mapping)]
    return rows or [entry] * (not _TOLD.isdisjoint(entry))


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    """By which rule, on which basis and version of a consent, which categories, and which fields were left out."""
    basis = row.get("basis")
    told = {name: row.get(name) for name in ("verdict", "code", "rule", "delivery")}
    told |= {f"basis.{name}": value for name, value in basis.items()} if isinstance(basis, Mapping) else {}
    pairs = [*told.items(), *((name, value) for name in ("categories", "withheld") for value in row.get(name) or ())]
    details = [{"type": name, "valueString": str(value)} for name, value in pairs if value not in (None, "")]
    entity = {"what": _named("unit", row["unit"]) if row.get("unit") else {}, "detail": details}
    return {name: value for name, value in entity.items() if value}
