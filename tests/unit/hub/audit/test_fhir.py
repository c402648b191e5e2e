"""The log as FHIR AuditEvent (R4): each entry is as the resource's definition wants it, and says what was so."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.audit import entry, fhir, rendering, searching
from hub.audit.entry import AuditAction
from tests.support import audit_event

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
CASE, MESSAGE = "0195b3b6-0000-7000-8000-000000000001", "0195b3b6-0000-7000-8000-000000000002"
RECIPIENT = {
    "unit": "jt-sydost",
    "verdict": "redact",
    "rule": "referral.submitted/jt",
    "basis": {"code": "CONSENT", "consent": CASE, "version": 1},
    "categories": ["identity", "work"],
    "withheld": ["/content/note"],
    "delivery": MESSAGE,
}
DETAILS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "recipients": {"recipients": [RECIPIENT, {"unit": "af-stockholm", "verdict": "refuse", "code": "NO_BASIS"}]},
    "a recipient without anything": {"recipients": [{}, {"unit": "af-stockholm"}]},
    "one copy": {"verdict": "deliver", "rule": "x/y", "categories": [], "withheld": []},
    "one copy of which nothing is told": {"categories": []},
    "empty words": {"verdict": "", "rule": None, "basis": {}},
    "more recipients than fit": {"recipients": [RECIPIENT, {"left_out": 7}]},
    "a reason": {"reason": "supervision", "reference": "2026-117"},
}


def document(action: AuditAction, index: int = 7, **given: Any) -> dict[str, Any]:
    given = {"actor": "sd-farsta", **given}
    return searching.document(entry.build(index, AT, action, **given))


def bundle(*documents: dict[str, Any]) -> Any:
    return json.loads("".join(rendering.FORMS["fhir"].parts(documents)))


def test_each_action_has_its_words_in_fhir() -> None:
    assert fhir.KINDS.keys() == set(AuditAction)


@pytest.mark.parametrize("detail", DETAILS)
def test_each_entry_is_as_the_definition_wants_it(detail: str) -> None:
    given: list[dict[str, Any]] = [
        {},
        {"unit": "jt-sydost", "type": "plan.proposed", "message_id": MESSAGE, "case_id": CASE, "code": "NO_BASIS"},
        {"actor": "staff:operator", "unit": "sd-farsta", "code": ""},
    ]
    documents = [document(action, detail=DETAILS[detail], **more) for action in AuditAction for more in given]
    assert list(audit_event.faults(bundle(*documents))) == []


def test_a_file_without_entries_has_no_empty_list() -> None:
    assert bundle() == {"resourceType": "Bundle", "type": "collection"}
    assert list(audit_event.faults(bundle())) == []


def test_an_entry_keeps_its_address_from_one_export_to_the_next() -> None:
    one, other = document(AuditAction.HUB_STARTED), document(AuditAction.HUB_STARTED)
    assert bundle(one)["entry"] == bundle(other, one)["entry"][1:]
    assert bundle(one)["entry"][0]["fullUrl"].startswith("urn:uuid:")


@pytest.mark.parametrize(
    ("action", "given", "outcome", "told"),
    [
        (AuditAction.MESSAGE_ACCEPTED, {}, "0", None),
        (AuditAction.MESSAGE_REFUSED, {"code": "NO_BASIS"}, "4", "NO_BASIS"),
        (AuditAction.DELIVERY_WITHHELD, {"code": "CONSENT_WITHDRAWN"}, "4", "CONSENT_WITHDRAWN"),
        (AuditAction.TOKEN_REFUSED, {"detail": {"reason": "audience"}}, "4", "audience"),
        (AuditAction.STAFF_SIGN_IN_REFUSED, {"detail": {"way": "oidc", "reason": "level"}}, "4", "level"),
        (AuditAction.DELIVERY_DEAD, {"detail": {"reason": "attempts"}}, "4", "attempts"),
        (AuditAction.LIMIT_REACHED, {"code": "trials"}, "4", "trials"),
        (AuditAction.ATTACHMENT_UPLOADED, {"code": "FILE_REFUSED"}, "4", "FILE_REFUSED"),
        (AuditAction.ATTACHMENT_UPLOADED, {}, "0", None),
        # A code that tells of a rule that was used, and of no failure.
        (AuditAction.OSL_10_2_USED, {"code": "OSL_10_2"}, "0", "OSL_10_2"),
        (AuditAction.PERSON_PROTECTED, {"code": "FORGOTTEN"}, "0", "FORGOTTEN"),
    ],
)
def test_what_was_not_done_is_told_as_a_failure_and_nothing_else(
    action: AuditAction, given: dict[str, Any], outcome: str, told: str | None
) -> None:
    event = fhir.audit_event(document(action, **given))
    assert (event["outcome"], event.get("outcomeDesc")) == (outcome, told)
    assert "purposeOfEvent" not in event


def test_a_look_tells_why() -> None:
    event = fhir.audit_event(document(AuditAction.STAFF_LOOKED, detail=DETAILS["a reason"]))
    assert event["purposeOfEvent"] == [{"coding": [{"system": "urn:samverkan:reason", "code": "supervision"}]}]
    assert (event["action"], event["outcome"]) == ("R", "0")


def test_a_recipient_is_told_with_its_basis_and_what_it_did_not_get() -> None:
    told = document(AuditAction.MESSAGE_ACCEPTED, detail={"recipients": [RECIPIENT]})
    [entity] = fhir.audit_event(told)["entity"]
    assert entity["what"]["identifier"] == {"system": "urn:samverkan:unit", "value": "jt-sydost"}
    assert {"type": "basis.version", "valueString": "1"} in entity["detail"]
    assert {"type": "withheld", "valueString": "/content/note"} in entity["detail"]


def test_what_erases_deletes_and_what_signs_in_authenticates() -> None:
    kinds = {action: (type_.code, done) for action, (type_, done) in fhir.KINDS.items()}
    assert kinds[AuditAction.ERASED] == ("110110", "D")
    assert kinds[AuditAction.TOKEN_ISSUED] == ("110114", "E")
    assert kinds[AuditAction.DELIVERY_DISCLOSED] == ("rest", "R")


# -- the table that judges ---------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
BROKEN: dict[str, Change] = {
    "no agent": lambda event: event.pop("agent"),
    "an empty list": lambda event: event.update(subtype=[]),
    "one where there may be many": lambda event: event.update(agent=event["agent"][0]),
    "many where there is one": lambda event: event.update(type=[event["type"]]),
    "an unknown element": lambda event: event.update(purposeOfUse=[]),
    "an element of R5": lambda event: event.update(occurredDateTime="2026-03-02"),
    "another action": lambda event: event.update(action="X"),
    "another outcome": lambda event: event.update(outcome="1"),
    "a time without a zone": lambda event: event.update(recorded="2026-03-02T12:00:00"),
    "a day": lambda event: event.update(recorded="2026-03-02"),
    "an id with a colon": lambda event: event.update(id="log:7"),
    "an empty text": lambda event: event.update(outcomeDesc=""),
    "nobody asked": lambda event: event["agent"][0].pop("requestor"),
    "a text for a truth": lambda event: event["agent"][0].update(requestor="true"),
    "no observer": lambda event: event["source"].pop("observer"),
    "an observer who is nobody": lambda event: event["source"].update(observer={}),
    "a type outside of the value set": lambda event: event["type"].update(code="other"),
    "a type by another name": lambda event: event["type"].update(display="Call"),
    "a system that is no address": lambda event: event["subtype"][0].update(system="samverkan"),
    "a detail without a value": lambda event: event["entity"][0]["detail"][0].pop("valueString"),
    "a detail with two values": lambda event: event["entity"][0]["detail"][0].update(valueBase64Binary="AAAA"),
    "a detail that is a number": lambda event: event["entity"][0]["detail"][0].update(valueString=1),
    "a name and a query": lambda event: event["entity"][0].update(name="a", query="AAAA"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_table_finds(name: str) -> None:
    told = bundle(document(AuditAction.MESSAGE_ACCEPTED, detail={"recipients": [RECIPIENT]}))
    broken = deepcopy(told)
    BROKEN[name](broken["entry"][0]["resource"])
    assert list(audit_event.faults(told)) == []
    assert list(audit_event.faults(broken)) != []


def test_the_table_finds_a_bundle_that_is_none() -> None:
    told = bundle(document(AuditAction.HUB_STARTED))
    for broken in ({**told, "entry": []}, {**told, "type": "log"}, {**told, "entry": told["entry"] * 2}):
        assert list(audit_event.faults(broken)) != []
    del told["entry"][0]["fullUrl"]
    assert list(audit_event.faults(told)) == ["Bundle.entry[0].fullUrl: missing"]
