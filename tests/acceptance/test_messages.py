"""Sending: replay, modes, batches, and text as it should be kept."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sqlite3
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tests.support import events, party, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import delivery_of


def answered(case: fields.OpenCase, **content: Any) -> dict[str, Any]:
    body = events.data("referral.answered", at=fields.now(), person=case.person, content=content)
    return case.jobbtorg.event("referral.answered", body, subject=case.case_id)


async def test_the_same_message_again_gets_the_same_receipt_and_no_second_delivery(field: Field) -> None:
    case = await field.refer()
    event = answered(case)
    first = await case.jobbtorg.post(event)
    again = await case.jobbtorg.post(event)
    assert (first.status, again.status) == (202, 200)
    assert first.body == again.body
    inbox = await case.stadsdel.inbox()
    assert [item["message"] for item in inbox].count(event["id"]) == 1


async def test_the_same_message_written_in_another_way_is_the_same_message(field: Field) -> None:
    case = await field.refer()
    event = answered(case)
    first = await case.jobbtorg.post(event)
    turned = {name: event[name] for name in reversed(event)} | {"id": event["id"].upper()}
    again = await case.jobbtorg.post(json.dumps(turned, indent=3, ensure_ascii=True).encode())
    assert (again.status, again.json) == (200, first.json)


async def test_many_tries_at_once_are_one_message(field: Field) -> None:
    case = await field.refer()
    event = answered(case)
    answers = await asyncio.gather(*(case.jobbtorg.post(event) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [200] * 11 + [202]
    assert len({answer.body for answer in answers}) == 1


async def test_the_same_id_of_two_sources_is_two_messages(field: Field) -> None:
    one, other = await field.refer(), await field.refer()
    event = answered(one)
    assert (await one.jobbtorg.post(event)).status == 202
    # Of its own stadsdel: one that named Farsta would cover another test's person there.
    edges = events.both_ways(other.authority, "amn")
    consent = events.consent(at=fields.now(), person=other.person, recorder=other.stadsdel.unit, edges=edges)
    second = other.stadsdel.event("consent.recorded", consent) | {"id": event["id"]}
    assert (await other.stadsdel.post(second)).status == 202


async def test_what_was_refused_may_be_sent_again_with_its_id(field: Field) -> None:
    case = await field.refer()
    event = answered(case)
    event["data"]["handling"]["basis"] = []
    assert (await case.jobbtorg.post(event)).status == 403
    event["data"]["handling"]["basis"] = [events.claim("sd", "CONSENT")]
    assert (await case.jobbtorg.post(event)).status == 202


async def test_two_opposite_decisions_at_once_are_one_decision(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    answers = await asyncio.gather(case.decide(1, "approved"), case.decide(1, "returned"), case.decide(1, "approved"))
    assert sorted(answer.status for answer in answers) == [202, 409, 409]


async def test_a_version_that_there_is_not_is_named_as_the_version(field: Field) -> None:
    farsta = field.party("sd-farsta")
    event = farsta.event("referral.submitted", {}, dataschema="/schemas/referral.submitted/9.0")
    assert [each["pointer"] for each in (await farsta.post(event)).json["errors"]] == ["/dataschema"]
    other = {"type": "se.samverkan.benefit.decided", "dataschema": "/schemas/benefit.decided/1.0"}
    unknown = await farsta.post(event | other)
    assert [each["pointer"] for each in unknown.json["errors"]] == ["/type"]


async def test_binary_mode(field: Field) -> None:
    case = await field.refer()
    event = answered(case)
    body = event.pop("data")
    headers = {
        f"ce-{name}": quote(str(value), safe=":/+") for name, value in event.items() if name != "datacontenttype"
    }
    answer = await case.jobbtorg.post(body, "application/json", **headers)
    assert answer.status == 202
    # The same event in the other mode is the same message.
    structured = await case.jobbtorg.post({**event, "data": body})
    assert (structured.status, structured.body) == (200, answer.body)


async def test_a_batch_is_judged_one_by_one_and_in_order(field: Field) -> None:
    case = await field.refer()
    enrolment = events.data("enrolment.confirmed", at=fields.now(), person=case.person)
    batch: list[Any] = [
        answered(case),
        {"specversion": "1.0"},
        answered(case),  # the time has been given already
        case.jobbtorg.event("enrolment.confirmed", enrolment, subject=case.case_id),
    ]
    answer = await case.jobbtorg.post(batch, party.BATCH)
    assert answer.status == 200
    assert [(entry["status"], entry["body"].get("code")) for entry in answer.json] == [
        (202, None),
        (400, "NOT_AN_EVENT"),
        (409, "STATE_CONFLICT"),
        (202, None),
    ]


async def test_a_batch_of_a_hundred(field: Field) -> None:
    farsta = field.party("sd-farsta")
    edges = [events.edge("sdn-farsta", "sdn-skarpnack")]
    batch = [
        farsta.event("consent.recorded", events.consent(at=fields.now(), person=persons.BO, edges=edges))
        for _ in range(100)
    ]
    answer = await farsta.post(batch, party.BATCH)
    assert [entry["status"] for entry in answer.json] == [202] * 100
    assert [entry["body"]["id"] for entry in answer.json] == [event["id"] for event in batch]


async def test_an_empty_batch_is_answered_with_an_empty_list(field: Field) -> None:
    answer = await field.party("sd-farsta").post([], party.BATCH)
    assert (answer.status, answer.json) == (200, [])


async def test_a_mebibyte_is_read(field: Field) -> None:
    event = json.dumps(answered(await field.refer())).encode()
    filled = event + b" " * (1024 * 1024 - len(event))
    answer = await field.party("jt-sydost").call(
        "POST", "/v1/messages", data=io.BytesIO(filled), headers={"Content-Type": party.STRUCTURED}
    )
    assert answer.status in (202, 403)  # 403 when the case is another jobbtorg's: it was read either way


async def test_a_decomposed_name_is_kept_composed(field: Field) -> None:
    edges = events.both_ways("sdn-farsta", "amn")
    farsta, jobbtorg = field.party("sd-farsta"), field.party("jt-sydost")
    person = persons.Person(persons.GIL.number, "A\u030asa", "O\u2019Brien-A\u030astro\u0308m")
    await farsta.record(person=person, edges=edges)
    raw = farsta.event("referral.submitted", events.data("referral.submitted", at=fields.now(), person=person))
    answer = await farsta.post(json.dumps(raw, ensure_ascii=False).encode())
    copy = (await jobbtorg.read(delivery_of(answer, "jt-sydost"))).json
    assert copy["data"]["person"]["given_name"] == "Åsa"
    assert copy["data"]["person"]["family_name"] == "O\u2019Brien-Åström"
    # Sent composed, it is the same message.
    composed = json.loads(json.dumps(raw).replace("A\\u030a", "\\u00c5").replace("o\\u0308", "\\u00f6"))
    assert (await farsta.post(composed)).status == 200


async def test_names_as_people_have_them(field: Field) -> None:
    farsta = field.party("sd-farsta")
    names = [("B", None), ("X" * 80, "D'Örnell-Åström"), ("نور", "الهدى"), ("Mononym", None)]
    for given, family in names:
        body = events.consent(at=fields.now(), person=persons.BO, edges=[events.edge("sdn-farsta", "sdn-skarpnack")])
        body["person"] |= {"given_name": given}
        body["person"].pop("family_name")
        if family:
            body["person"]["family_name"] = family
        answer = await farsta.send("consent.recorded", body)
        assert answer.status == 202
        copy = (await field.party("sd-skarpnack").read(delivery_of(answer, "sd-skarpnack"))).json
        assert copy["data"]["person"]["given_name"] == given


async def test_the_sender_sees_how_far_each_recipient_has_come(field: Field) -> None:
    case = await field.refer()
    message, delivery = case.referral.json["id"], delivery_of(case.referral, case.jobbtorg.unit)

    async def state() -> dict[str, Any]:
        (row,) = (await case.stadsdel.sent(message)).json["recipients"]
        return dict(row)

    assert (await state())["state"] in ("pending", "notified")
    await case.jobbtorg.read(delivery)
    assert (await state())["state"] == "read"
    assert (await case.jobbtorg.acknowledge(delivery)).status == 204
    acknowledged = await state()
    assert acknowledged["state"] == "read"
    assert acknowledged["acknowledged"] is not None
    assert (await case.jobbtorg.report(delivery, "needs_info", "Ring coachen.")).status == 204
    handled = await state()
    assert (handled["state"], handled["outcome"], handled["note"]) == ("handled", "needs_info", "Ring coachen.")
    await case.jobbtorg.read(delivery)
    assert (await state())["state"] == "handled"


async def test_own_messages_page_by_page_newest_first(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    page, seen = None, []
    while True:
        parameters = {"case": case.case_id, "limit": "1"} | ({"cursor": page} if page else {})
        answer = (await case.jobbtorg.call("GET", "/v1/messages", params=parameters)).json
        seen += [item["type"] for item in answer["items"]]
        page = answer["next"]
        if page is None:
            break
    assert seen == [f"se.samverkan.{name}" for name in ("plan.proposed", "enrolment.confirmed", "referral.answered")]
    for name in ("plan.proposed", "se.samverkan.plan.proposed"):
        named = {"case": case.case_id, "type": name}
        assert len((await case.jobbtorg.call("GET", "/v1/messages", params=named)).json["items"]) == 1
    wrong = await case.jobbtorg.call("GET", "/v1/messages", params={"type": "plan.propsed"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (400, "/query/type")
    later = {"case": case.case_id, "since": (fields.now() + timedelta(hours=1)).isoformat()}
    assert (await case.jobbtorg.call("GET", "/v1/messages", params=later)).json["items"] == []
    # What one has received is not what one has sent.
    assert len((await case.stadsdel.call("GET", "/v1/messages", params={"case": case.case_id})).json["items"]) == 1


async def test_a_dry_run_says_what_would_come_and_leaves_nothing(field: Field) -> None:
    case = await field.refer()
    event = answered(case)

    async def explain() -> party.Answer:
        return await case.jobbtorg.call(
            "POST", "/v1/rules/explain", data=json.dumps(event), headers={"Content-Type": party.STRUCTURED}
        )

    explained = await explain()
    assert explained.status == 200
    (row,) = explained.json["recipients"]
    assert (row["verdict"], row["delivery"], explained.json["log"]) == ("deliver", None, None)
    assert (await case.jobbtorg.sent(event["id"])).status == 404
    assert event["id"] not in {item["message"] for item in await case.stadsdel.inbox()}
    sent = await case.jobbtorg.post(event)
    assert sent.status == 202
    assert event["id"] in {item["message"] for item in await case.stadsdel.inbox()}
    again = await explain()
    assert (again.status, again.json) == (200, sent.json)
    event["data"]["handling"]["officer_role"] = "matchare"
    assert (await explain()).code == (await case.jobbtorg.post(event)).code == "DUPLICATE"
    event["id"] = events.new_id()
    assert (await explain()).code == "STATE_CONFLICT"


async def test_what_the_sender_says_about_the_thread_reaches_the_recipient(field: Field) -> None:
    case = await field.refer()
    attributes = {
        "correlationid": events.new_id(),
        "causationid": case.referral.json["id"],
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "expirytime": (fields.now() + timedelta(days=1)).isoformat(timespec="seconds"),
        "dataschema": "/schemas/referral.answered/1.0",
    }
    event = answered(case) | attributes
    sent = await case.jobbtorg.post(event)
    copy = await case.stadsdel.read(delivery_of(sent, case.stadsdel.unit))
    assert copy.headers["Content-Type"].startswith(party.STRUCTURED)
    seen = copy.json
    assert attributes == {name: seen[name] for name in attributes}
    assert (seen["id"], seen["source"], seen["subject"]) == (event["id"], event["source"], case.case_id)
    assert (seen["sequence"], seen["deliveryid"]) == ("1", delivery_of(sent, case.stadsdel.unit))
    assert seen["recordedtime"] == sent.json["recordedtime"]
    assert seen["data"]["content"] == event["data"]["content"]


async def test_a_look_at_the_head_alone_reads_nothing(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    answer = await case.jobbtorg.call("HEAD", f"/v1/inbox/{delivery}")
    assert (answer.status, answer.body) == (405, b"")
    (row,) = (await case.stadsdel.sent(case.referral.json["id"])).json["recipients"]
    assert row["state"] != "read"


async def test_a_developer_can_see_what_one_kind_of_recipient_gets_at_most(field: Field) -> None:
    whole = (await field.get("/schemas/referral.submitted/1.0")).json
    theirs = await field.get("/schemas/referral.submitted/1.0", **{"for": "jobbtorg"})
    assert theirs.status == 200
    assert "to" in str(whole["$defs"])
    assert "to" not in theirs.json["properties"]["handling"]["properties"]
    assert "functional_needs" in theirs.json["properties"]["content"]["properties"]
    af = (await field.get("/schemas/enrolment.confirmed/1.0", **{"for": "af"})).json
    assert set(af["properties"]["content"]["properties"]) == {"contact", "af_registration", "coach_function"}
    stranger = await field.get("/schemas/referral.submitted/1.0", **{"for": "region"})
    assert (stranger.status, stranger.code) == (400, "BAD_PARAMETER")


async def test_what_a_party_was_refused_is_found_by_its_case_and_a_strangers_attempt_is_not(field: Field) -> None:
    case = await field.refer()
    early = await case.jobbtorg.tell("case.closed", case.case_id, person=case.person)
    stranger = await field.party("af-stockholm").tell("finsam.case-initiated", case.case_id, person=case.person)
    assert (early.code, stranger.code) == ("STATE_CONFLICT", "COULD_NOT_BE_DELIVERED")
    with contextlib.closing(sqlite3.connect(field.hub.data_dir / "hub.sqlite3")) as store:
        query = "select code from audit where action = 'message_refused' and case_id = ?"
        assert store.execute(query, (case.case_id,)).fetchall() == [("STATE_CONFLICT",)]
