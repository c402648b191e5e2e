"""Searching the log: what narrows, in which form, and that the look itself is logged first."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.acceptance.test_roles import member, operator, put
from tests.support import audit_event, persons
from tests.support.field import Field, now
from tests.support.party import Answer


async def search(field: Field, role: str = "auditor", **query: str) -> Answer:
    asked = {"reason": "supervision", **query}
    return await (await member(field, role)).call("GET", "/v1/audit/entries", params=asked)


async def items(field: Field, **query: str) -> list[dict[str, Any]]:
    answer = await search(field, **query)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["items"]
    return found


async def test_finds_by_message_case_type_unit_and_verdict(field: Field) -> None:
    case = await field.refer()
    told = case.referral.json
    [entry] = await items(field, message=told["id"], action="message_accepted")
    assert entry["index"] == told["log"]["index"]
    assert entry["leaf"] == told["log"]["leaf"]
    assert entry["entry"]["recipients"][0]["unit"] == case.jobbtorg.unit
    for query in (
        {"case": case.case_id},
        {"message": told["id"], "unit": case.jobbtorg.unit},
        {"message": told["id"], "type": "se.samverkan.referral.submitted"},
        {"message": told["id"], "verdict": told["recipients"][0]["verdict"]},
    ):
        assert told["log"]["index"] in [each["index"] for each in await items(field, **query)]
    assert await items(field, message=told["id"], unit="fk-stockholm") == []
    assert await items(field, message=told["id"], verdict="manual") == []
    assert await items(field, message=told["id"], until="2020-01-01T00:00:00Z") == []
    assert await items(field, message=told["id"], since="2999-01-01T00:00:00Z") == []


async def test_pages_lead_through_the_whole_log_once(field: Field) -> None:
    await field.refer()
    seen, cursor = [], None
    while len(seen) < 12:
        query = {"limit": "5"} | ({} if cursor is None else {"cursor": cursor})
        answer = await search(field, **query)
        seen += [each["index"] for each in answer.json["items"]]
        cursor = answer.json["next"]
        if cursor is None:
            break
    assert seen == list(range(len(seen)))


async def test_the_look_is_in_the_log_with_its_reason(field: Field) -> None:
    began = now().isoformat()
    found = await items(field, unit="sd-farsta", action="staff_looked", reference="2026-117", since=began)
    assert found == []
    looks = await items(field, action="staff_looked", since=began)
    own = [each["entry"] for each in looks if each["entry"].get("reference") == "2026-117"]
    assert [(entry["look"], entry["reason"], entry["by"]) for entry in own] == [
        ("log_search", "supervision", ["action", "since", "unit"])
    ]


async def test_who_may_no_longer_sign_in_stands_in_the_log(field: Field) -> None:
    began = now().isoformat()
    staff_id = (await put(field)).json["staff"]
    assert (await operator(field).call("DELETE", f"/v1/admin/staff/{staff_id}")).status == 204
    for action in ("staff_changed", "staff_removed"):
        found = await items(field, action=action, since=began)
        assert [each["actor"] for each in found if each["entry"]["staff"] == staff_id] == ["staff:operator"]


async def test_as_a_table_and_as_fhir(field: Field) -> None:
    began = now().isoformat()
    case = await field.refer()
    message = case.referral.json["id"]
    table = await search(field, message=message, format="csv")
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert {row["message"] for row in rows} == {message}
    bundle = await search(field, message=message, format="fhir", action="message_accepted")
    assert list(audit_event.faults(bundle.json)) == []
    [event] = [each["resource"] for each in bundle.json["entry"]]
    assert bundle.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert (event["resourceType"], event["subtype"][0]["code"]) == ("AuditEvent", "message_accepted")
    assert event["agent"][0]["who"]["identifier"]["value"] == case.stadsdel.unit
    [recipient] = [each for each in event["entity"] if "detail" in each]
    assert recipient["what"]["identifier"]["value"] == case.jobbtorg.unit
    told = {each["type"]: each["valueString"] for each in recipient["detail"]}
    assert (told["basis.code"], told["basis.consent"], told["basis.version"]) == ("CONSENT", case.consent_id, "1")
    assert told["rule"] == case.referral.json["recipients"][0]["rule"]
    exported = await items(field, action="log_exported", since=began)
    assert {"csv", "fhir"} <= {each["entry"]["form"] for each in exported}


async def test_whatever_stands_in_the_log_is_fhir(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    await field.party("jt-sydost").send("referral.submitted", {})  # and something that was refused
    cursor, actions = "0", set[str]()
    while cursor:
        answer = await search(field, format="fhir", limit="500", cursor=cursor)
        assert list(audit_event.faults(answer.json)) == []
        actions |= {each["resource"]["subtype"][0]["code"] for each in answer.json.get("entry", ())}
        cursor = answer.headers.get("X-Next-Cursor", "")
    assert {"message_accepted", "message_refused", "consent_recorded"} <= actions


async def test_entries_about_a_person_take_a_reason_which_is_logged_first(field: Field) -> None:
    began = now().isoformat()
    case = await field.refer()
    asta = case.person
    [stranger, *_] = [each for each in persons.ADULTS if each != asta]
    auditor = await member(field, "auditor")

    async def ask(**body: object) -> Answer:
        return await auditor.call("POST", "/v1/audit/persons", json=body)

    for refused in ({}, {"reason": "because"}, {"reason": "complaint", "reference": asta.number}):
        answer = await ask(number=asta.number, **refused)
        assert (answer.status, answer.code) == (422, "PERSON_SEARCH_WRONG")
        assert asta.number not in answer.body.decode()
    found = await ask(number=asta.number, reason="complaint", reference="2026-118", limit=500)
    assert found.status == 200, found.body
    by_case = {each["index"] for each in await items(field, case=case.case_id)}
    assert by_case <= {each["index"] for each in found.json["items"]}
    assert asta.number not in found.body.decode()
    looks = await items(field, action="staff_looked", since=began)
    mine = [each for each in looks if each["entry"].get("reference") == "2026-118"]
    assert [(each["entry"]["look"], each["entry"]["reason"]) for each in mine] == [("person_search", "complaint")]
    nobody = await ask(number=stranger.number, reason="complaint")
    assert not by_case & {each["index"] for each in nobody.json["items"]}
    assert (await (await member(field, "handlaggare:sd-farsta")).call("POST", "/v1/audit/persons")).status == 403


@pytest.mark.parametrize(
    "query",
    [
        {"verdict": "x"},
        {"format": "xml"},
        {"message": "x"},
        {"since": "x"},
        {"limit": "501"},
        {"cursor": "-1"},
        {"x": "y"},
    ],
)
async def test_what_is_no_parameter_is_told(field: Field, query: dict[str, str]) -> None:
    answer = await search(field, **query)
    assert (answer.status, answer.code) == (400, "BAD_PARAMETER")


async def test_it_takes_a_role_and_a_reason(field: Field) -> None:
    assert (await search(field, "handlaggare:sd-farsta")).status == 403
    assert (await field.party("sd-farsta").call("GET", "/v1/audit/entries")).status in (401, 403)
    answer = await (await member(field, "auditor")).call("GET", "/v1/audit/entries")
    assert (answer.status, answer.code) == (403, "REASON_MISSING")
