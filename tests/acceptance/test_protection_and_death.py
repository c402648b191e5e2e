"""What must never be told: a protected person's affairs, a dead person's, and what only the hub may say."""

from __future__ import annotations

from tests.support import events
from tests.support.field import Field, now
from tests.support.party import delivery_of


async def test_who_does_not_say_whether_the_person_is_protected_is_answered_as_if_so(field: Field) -> None:
    case = await field.refer()
    answer = await case.jobbtorg.tell(
        "referral.answered", case.case_id, person=case.person, handling={"protected_identity": None}
    )
    assert (answer.status, answer.code) == (403, "PROTECTED_IDENTITY")
    assert case.person.number.encode() not in answer.body


async def test_a_marked_person_leaves_no_message_behind(field: Field) -> None:
    case = await field.refer()
    marked = {"protected_identity": "sekretessmarkering"}
    body = events.data("referral.answered", at=now(), person=case.person, handling=marked)
    event = case.jobbtorg.event("referral.answered", body, subject=case.case_id)
    answer = await case.jobbtorg.post(event)
    assert (answer.status, answer.code) == (403, "PROTECTED_IDENTITY")
    assert {row["verdict"] for row in answer.json["recipients"]} == {"manual"}
    assert (await case.jobbtorg.sent(event["id"])).status == 404


async def test_a_sender_may_not_say_what_only_the_hub_says_about_a_delivery(field: Field) -> None:
    farsta = field.party("sd-farsta")
    event = farsta.event("referral.submitted", events.data("referral.submitted", at=now()), sequence="7")
    answer = await farsta.post(event)
    assert (answer.status, answer.code) == (422, "SCHEMA_INVALID")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/sequence"]


async def test_with_a_death_the_consents_end_and_what_rests_on_them_is_closed(field: Field) -> None:
    case = await field.enrol()
    proposed = await case.propose(1)
    closed = await case.jobbtorg.tell(
        "case.closed",
        case.case_id,
        person=case.person,
        basis=[("sd", "SOL_15_9", case.referral.json["id"])],
        content={"closing_reason": "deceased", "evidence": "seen_document", "employment": None, "note": None},
    )
    assert closed.status == 202, closed.body
    assert (await case.stadsdel.read(delivery_of(proposed, case.stadsdel.unit))).status == 410
    consent = await case.stadsdel.call("GET", f"/v1/consents/{case.consent_id}")
    assert consent.json["status"] == "expired"


async def test_nobody_says_that_another_unit_recorded_a_consent(field: Field) -> None:
    fk = field.party("fk-stockholm")
    body = events.consent(at=now(), recorder="fk-stockholm", edges=events.both_ways("fk", "amn"))
    body["content"]["recorded_by"] = {"unit_id": "sd-farsta", "officer_role": "socialsekreterare"}
    answer = await fk.send("consent.recorded", body)
    assert (answer.status, answer.code) == (403, "SENDER_NOT_ALLOWED")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/data/content/recorded_by/unit_id"]
