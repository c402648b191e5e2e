"""The control room's numbers for programs: who asks is let in by role, and looks at single messages say why."""

from __future__ import annotations

from hub.store.records import AuditQuery
from tests.acceptance.test_dead_letters import Office, office
from tests.support import office as inside

__all__ = ["office"]

WHY = {"reason": "fault_finding", "reference": "dnr-2026-17"}


async def refused_question(office: Office) -> str:
    case, _, _ = await inside.refer(office.hub)
    await inside.tell(office.hub, "information.requested", "jt-sydost", case)
    rows = office.hub.reader.list_audit(AuditQuery(limit=100))
    return next(row.message_id or "" for row in rows if row.action == "message_refused")


async def test_flows_tell_who_sent_how_much_to_whom(office: Office) -> None:
    await refused_question(office)
    flows = (await office.admin.call("GET", "/v1/admin/flows")).json["items"]
    told = {(each["sender"], each["unit"], each["code"]): each["messages"] for each in flows}
    assert told["sd-farsta", "jt-sydost", None] >= 1
    assert told["jt-sydost", "af-stockholm", "CONSENT_MISSING"] == 1
    assert (await office.admin.call("GET", "/v1/admin/flows", params={"first": "yesterday"})).status == 400


async def test_a_search_and_a_trace_say_why_and_are_logged(office: Office) -> None:
    message = await refused_question(office)
    found = await office.admin.call("GET", "/v1/admin/messages", params={"unit": "af-stockholm", **WHY})
    assert [(each["message"], each["code"]) for each in found.json["items"]] == [(message, "CONSENT_MISSING")]
    (traced,) = (await office.admin.call("GET", f"/v1/admin/messages/{message}", params=WHY)).json["items"]
    assert (traced["accepted"], traced["code"]) == (False, "CONSENT_MISSING")
    assert [(each["unit"], each["verdict"]) for each in traced["recipients"]] == [("af-stockholm", "refuse")]
    assert office.actions().count("staff_looked") == 2
    for path in ("/v1/admin/messages", f"/v1/admin/messages/{message}"):
        assert (await office.admin.call("GET", path)).code == "REASON_MISSING"
    unknown = "/v1/admin/messages/0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
    assert (await office.admin.call("GET", unknown, params=WHY)).status == 404


async def test_statistics_are_numbers_without_names(office: Office) -> None:
    await refused_question(office)
    numbers = (await office.admin.call("GET", "/v1/admin/statistics")).json
    assert numbers["dead_letters"] == 0
    assert numbers["consents"] == [{"recorded_by": "sd-farsta", "status": "active", "consents": 1}]
    assert sum(numbers["copies"].values()) >= 1
    assert numbers["transport"]["queues"] == [{"kind": "bells", "unit": None, "messages": 0}]


async def test_a_transport_that_does_not_answer_is_told_as_unknown(office: Office) -> None:
    await office.hub.transport.close()
    assert (await office.admin.call("GET", "/v1/admin/statistics")).json["transport"]["queues"] is None


async def test_units_are_not_let_in(office: Office) -> None:
    unit = office.field.party("sd-farsta")
    for path in ("flows", "messages", "statistics"):
        assert (await unit.call("GET", f"/v1/admin/{path}", params=WHY)).status in (401, 403)
