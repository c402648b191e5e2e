"""A unit's inbox: what waits, what may be read now, and what may not any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.support import events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.hub_process import HubProcess
from tests.support.party import Answer, Party, delivery_of


async def note(field: Field, sender: str = "sd-farsta", to: str = "sdn-skarpnack") -> Answer:
    """A message that needs no case: the notice of a consent."""
    unit = field.party(sender)
    edges = [events.edge(f"sdn-{sender.removeprefix('sd-')}", to)]
    answer = await unit.record(person=persons.BO, edges=edges)
    assert answer.status == 202, answer.body
    return answer


@pytest.fixture
async def quiet(field: Field) -> Party:
    """A unit that has taken over all that was in its inbox."""
    unit = field.party("sfi-stockholm")
    while items := await unit.inbox():
        for item in items:
            assert (await unit.acknowledge(item["delivery"])).status == 204
    return unit


async def test_a_claim_check_says_where_to_fetch_and_nothing_of_the_person(field: Field, quiet: Party) -> None:
    sent = await note(field, to="utbn")
    (item,) = await quiet.inbox()
    assert item.pop("state") in ("pending", "notified")
    assert item == {
        "delivery": delivery_of(sent, "sfi-stockholm"),
        "message": sent.json["id"],
        "type": "se.samverkan.consent.recorded",
        "source": "/units/sd-farsta",
        "subject": None,
        "sequence": 1,
        "recordedtime": sent.json["recordedtime"],
        "dataref": f"/v1/inbox/{delivery_of(sent, 'sfi-stockholm')}",
    }


async def test_what_is_acknowledged_waits_no_longer(field: Field, quiet: Party) -> None:
    delivery = delivery_of(await note(field, to="utbn"), "sfi-stockholm")
    for _ in range(3):
        answer = await quiet.acknowledge(delivery)
        assert (answer.status, answer.body) == (204, b"")
    assert await quiet.inbox() == []
    assert [item["delivery"] for item in await quiet.inbox(state="pending,notified")].count(delivery) == 1
    assert (await quiet.read(delivery)).status == 200


async def test_the_first_outcome_stands(field: Field, quiet: Party) -> None:
    delivery = delivery_of(await note(field, to="utbn"), "sfi-stockholm")
    assert (await quiet.report(delivery, "handled")).status == 204
    assert (await quiet.report(delivery, "handled")).status == 204
    assert (await quiet.report(delivery, "declined")).status == 409
    assert await quiet.inbox() == []


async def test_two_outcomes_at_once_are_one(field: Field, quiet: Party) -> None:
    sent = await note(field, to="utbn")
    delivery = delivery_of(sent, "sfi-stockholm")
    outcomes = ["handled", "declined", "needs_info"] * 3
    answers = await asyncio.gather(*(quiet.report(delivery, outcome) for outcome in outcomes))
    (row,) = (await field.party("sd-farsta").sent(sent.json["id"])).json["recipients"]
    assert row["state"] == "handled"
    agreed = {outcome for outcome, answer in zip(outcomes, answers, strict=True) if answer.status == 204}
    assert agreed == {row["outcome"]}


async def test_reading_and_handling_at_once_ends_handled(field: Field, quiet: Party) -> None:
    sent = await note(field, to="utbn")
    delivery = delivery_of(sent, "sfi-stockholm")
    await asyncio.gather(quiet.report(delivery, "handled"), *(quiet.read(delivery) for _ in range(6)))
    (row,) = (await field.party("sd-farsta").sent(sent.json["id"])).json["recipients"]
    assert (row["state"], row["outcome"]) == ("handled", "handled")


async def test_page_by_page_oldest_first(field: Field, quiet: Party) -> None:
    sent = [(await note(field, to="utbn")).json["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for expected in (2, 2, 1, 0):
        page = (await quiet.call("GET", "/v1/inbox", params={"limit": "2", **cursor})).json
        assert len(page["items"]) == expected
        seen += [item["message"] for item in page["items"]]
        cursor = {"cursor": page["next"]}
    assert seen == sent
    # The place is kept: what comes later is found from there.
    later = await note(field, to="utbn")
    page = (await quiet.call("GET", "/v1/inbox", params=cursor)).json
    assert [item["message"] for item in page["items"]] == [later.json["id"]]


async def test_a_waiting_inbox_is_answered_when_something_comes(field: Field, quiet: Party) -> None:
    waiting = asyncio.create_task(quiet.inbox(wait=30))
    # Waiting is seen in the metrics of nobody, so it is given a round trip of another request first.
    await field.get("/livez")
    assert not waiting.done()
    began = time.monotonic()
    sent = await note(field, to="utbn")
    (item,) = await waiting
    assert item["message"] == sent.json["id"]
    assert time.monotonic() - began < 5


async def test_what_is_there_already_is_not_waited_for(field: Field, quiet: Party) -> None:
    sent = await note(field, to="utbn")
    began = time.monotonic()
    (item,) = await quiet.inbox(wait=30)
    assert item["message"] == sent.json["id"]
    assert time.monotonic() - began < 5


async def test_an_empty_inbox_is_answered_when_the_time_is_up(quiet: Party) -> None:
    assert await quiet.inbox(wait=1) == []


async def test_several_waiting_programs_of_one_unit_all_hear(field: Field, quiet: Party) -> None:
    waiting = [asyncio.create_task(quiet.inbox(wait=30)) for _ in range(5)]
    await field.get("/livez")
    sent = await note(field, to="utbn")
    for items in await asyncio.gather(*waiting):
        assert [item["message"] for item in items] == [sent.json["id"]]


async def test_sequences_count_per_case_and_recipient(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    own = [item for item in await case.stadsdel.inbox() if item["subject"] == case.case_id]
    assert [item["sequence"] for item in own] == [1, 2, 3]
    jobbtorgs = [item for item in await case.jobbtorg.inbox() if item["subject"] == case.case_id]
    assert [item["sequence"] for item in jobbtorgs] == [1]


async def test_a_refused_copy_is_nobodys(field: Field) -> None:
    case = await field.refer()
    to = [{"role": "responsible_stadsdel"}, {"unit": "sd-farsta"}]
    sent = await case.jobbtorg.tell("referral.answered", case.case_id, person=case.person, to=to)
    rows = {row["unit"]: row for row in sent.json["recipients"]}
    assert rows["sd-farsta"]["verdict"] == "refuse"
    assert rows["sd-farsta"]["delivery"] is None
    farsta = field.party("sd-farsta")
    assert case.case_id not in {item["subject"] for item in await farsta.inbox()}
    assert (await farsta.call("GET", f"/v1/cases/{case.case_id}")).status == 404


# -- what may not be read any more -----------------------------------------------------------------------------------


async def test_a_consent_withdrawn_before_it_is_read(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    refused = await case.jobbtorg.read(delivery)
    assert refused.status == 410
    assert delivery not in {item["delivery"] for item in await case.jobbtorg.inbox(state="refused")}
    assert "WITHDRAWN" not in refused.body.decode()  # why is nobody's business but the sender's and the auditor's
    (row,) = (await case.stadsdel.sent(case.referral.json["id"])).json["recipients"]
    assert (row["state"], row["code"]) == ("refused", "CONSENT_WITHDRAWN")
    consent = (await case.stadsdel.call("GET", f"/v1/consents/{case.consent_id}")).json
    assert (consent["status"], {edge["withdrawn"] for edge in consent["edges"]}) == ("withdrawn", {True})


async def test_what_was_read_under_a_consent_is_not_given_out_again_after_its_withdrawal(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    assert (await case.jobbtorg.read(delivery)).status == 200
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    assert (await case.jobbtorg.send("consent.withdrawn", body)).status == 202  # at any party that it names
    assert (await case.jobbtorg.read(delivery)).status == 410


async def test_a_category_withdrawn_before_it_is_read(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    body = events.withdrawal(
        case.consent_id, at=fields.now(), person=case.person, scope="categories", categories=["ED", "FN"]
    )
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    content = (await case.jobbtorg.read(delivery)).json["data"]["content"]
    assert "education_level" not in content
    assert "functional_needs" not in content
    assert content["receives_support"] is True


@pytest.mark.parametrize("more", [{"parties": ["rg"]}, {"categories": ["OU"]}])
async def test_a_whole_withdrawal_is_whole_whatever_else_it_says(field: Field, more: dict[str, Any]) -> None:
    case = await field.refer()
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person, scope="all", **more)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    assert (await case.jobbtorg.read(delivery_of(case.referral, case.jobbtorg.unit))).status == 410


async def test_withdrawals_at_once_all_count(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)

    async def withdraw(category: str) -> Answer:
        body = events.withdrawal(
            case.consent_id, at=fields.now(), person=case.person, scope="categories", categories=[category]
        )
        return await case.stadsdel.send("consent.withdrawn", body)

    # Reading in between must not bring back what is being withdrawn.
    calls = [withdraw("ED"), case.jobbtorg.read(delivery), withdraw("FN"), case.jobbtorg.read(delivery), withdraw("SO")]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} <= {200, 202}
    content = (await case.jobbtorg.read(delivery)).json["data"]["content"]
    assert not content.keys() & {"education_level", "functional_needs", "support_ongoing"}


async def test_no_reading_begins_after_the_withdrawals_receipt(field: Field) -> None:
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    withdrawn = asyncio.create_task(case.stadsdel.send("consent.withdrawn", body))
    while not withdrawn.done():
        await case.jobbtorg.read(delivery)
    assert (await case.jobbtorg.read(delivery)).status == 410


async def test_a_draft_covers_nothing(field: Field) -> None:
    # Kim has a case with Farsta in another test; here nobody has one.
    jarva = field.party("sd-jarva")
    edges = events.both_ways("sdn-jarva", "amn")
    assert (await jarva.record(person=persons.KIM, edges=edges, status="draft")).status == 202
    refused = await jarva.tell("referral.submitted", person=persons.KIM)
    assert refused.code == "CONSENT_MISSING"


async def test_a_message_whose_time_has_passed_is_not_given_out(field: Field, quiet: Party) -> None:
    farsta = field.party("sd-farsta")
    body = events.consent(at=fields.now(), person=persons.BO, edges=[events.edge("sdn-farsta", "utbn")])
    expiry = (fields.now() + timedelta(seconds=1)).isoformat()
    event = farsta.event("consent.recorded", body, expirytime=expiry)
    sent = await farsta.post(event)
    assert sent.status == 202
    deadline = time.monotonic() + 10
    while await quiet.inbox():
        assert time.monotonic() < deadline
    (row,) = (await farsta.sent(sent.json["id"])).json["recipients"]
    assert row["state"] == "expired"
    gone = await quiet.read(delivery_of(sent, "sfi-stockholm"))
    assert (gone.status, gone.code) == (410, "EXPIRED")
    # The receipt is still given again: it was accepted in time.
    assert (await farsta.post(event)).status == 200


# -- what parties know -----------------------------------------------------------------------------------------------


async def test_each_party_sees_its_own_part_of_a_consent(field: Field) -> None:
    farsta = field.party("sd-farsta")
    edges = [*events.both_ways("sdn-farsta", "amn"), *events.both_ways("sdn-farsta", "af")]
    body = events.consent(at=fields.now(), person=persons.INES, edges=edges)
    assert (await farsta.send("consent.recorded", body)).status == 202
    path = f"/v1/consents/{body['content']['consent_id']}"
    whole = (await farsta.call("GET", path)).json
    assert len(whole["edges"]) == 4
    part = (await field.party("af-stockholm").call("GET", path)).json
    assert {edge["recipient_authority"] for edge in part["edges"]} == {"af", "sdn-farsta"}
    assert persons.INES.number not in repr(whole)
    assert (await field.party("fk-stockholm").call("GET", path)).status == 404


async def test_every_look_is_in_the_log(start_hub: Callable[..., HubProcess], session: aiohttp.ClientSession) -> None:
    field = Field(session, start_hub())
    case = await field.refer()
    delivery = delivery_of(case.referral, case.jobbtorg.unit)
    before = await log_size(field)
    for looked in range(1, 4):
        assert (await case.jobbtorg.read(delivery)).status == 200
        assert await log_size(field) == before + looked


async def log_size(field: Field) -> int:
    text = (await field.get("/metrics")).body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("hub_audit_tree_size ")]
    return int(float(line.split()[1]))


async def test_a_case_shows_each_party_its_part(field: Field) -> None:
    case = await field.enrol()
    await case.propose(1)
    path = f"/v1/cases/{case.case_id}"
    stadsdel = (await case.stadsdel.call("GET", path)).json
    assert stadsdel["state"] == "plan-awaiting-approval"
    assert [item["type"] for item in stadsdel["sent"]] == ["se.samverkan.referral.submitted"]
    assert [item["sequence"] for item in stadsdel["received"]] == [1, 2, 3]
    jobbtorg = (await case.jobbtorg.call("GET", path)).json
    assert len(jobbtorg["sent"]) == 3
    assert jobbtorg["responsible"]["stadsdel"] == case.stadsdel.unit
