"""Every way to say no that these types can reach: its status, its code, its Swedish title, and no value repeated."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.acceptance import ways_of_calls, ways_of_messages
from tests.acceptance.ways import MARK, WAYS, farsta_refers
from tests.support import canary, events, party
from tests.support.field import Field

RULES = tomllib.loads((Path(__file__).parents[2] / "routing/rules/refusals.toml").read_text())
TITLES = {row["code"]: row["title_sv"] for row in RULES["refusal"]} | {
    "NOT_JSON": "Innehållet är inte giltig JSON",
    "NOT_AN_EVENT": "Innehållet är inte ett giltigt CloudEvent",
    "BAD_PARAMETER": "En parameter i anropet är felaktig",
    "NOT_AUTHENTICATED": "Giltig token saknas",
    "NOT_FOUND": "Det som efterfrågas finns inte för er",
    "METHOD_NOT_ALLOWED": "Metoden stöds inte på den här adressen",
    "ALREADY_ANSWERED": "Ett annat utfall är redan rapporterat",
    "WRONG_MEDIA_TYPE": "Innehållstypen stöds inte",
}
GONE = "Meddelandet får inte längre lämnas ut"

SCANNER = canary.Scanner()


@pytest.mark.parametrize("name", WAYS)
async def test_refusal(name: str, field: Field) -> None:
    status, code, ask = WAYS[name]
    answer = await ask(field)
    assert (answer.status, answer.code) == (status, code), answer.body.decode()
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status
    assert problem["type"].endswith(code)
    assert problem["title"] == (GONE if name.endswith("whose consent is gone") else TITLES[code])
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    # Nothing of what was asked: no mark, no name, no number, in no spelling.
    whole = answer.body + repr(answer.headers).encode()
    assert MARK.lower().encode() not in whole.lower()
    assert not SCANNER.find(whole)


def test_every_code_of_the_contract_that_these_types_can_reach_is_in_the_table() -> None:
    not_here = {
        "NO_AGREEMENT",  # needs another directory: test_new_type.py
        "NOT_APPROVED",  # belongs to types about single activities
        "CONFLICT_OF_INTEREST",  # nobody can say so yet
    }
    assert {code for _, code, _ in WAYS.values()} == TITLES.keys() - not_here


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recordedtime", "2026-03-02T12:00:00.000000Z"),
        ("sequence", 1),
        ("dataref", "/v1/inbox/0195b3b6-0000-7000-8000-000000000001"),
        ("deliveryid", "0195b3b6-0000-7000-8000-000000000001"),
    ],
)
async def test_what_the_hub_says_of_a_delivery_no_sender_says_in_its_stead(
    field: Field, name: str, value: object
) -> None:
    farsta = field.party("sd-farsta")
    answer = await farsta.post(farsta.event("referral.submitted", farsta_refers()) | {name: value})
    assert (answer.status, answer.code) == (422, "SCHEMA_INVALID")
    assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/{name}"]


async def test_all_faults_are_listed_at_once(field: Field) -> None:
    body = farsta_refers(content={"work_extent": "heltid", "receives_support": "ja", "enrolment_reason": None})
    answer = await field.party("sd-farsta").send("referral.submitted", body)
    assert {(fault["pointer"], fault["keyword"]) for fault in answer.json["errors"]} == {
        ("/data/content/work_extent", "enum"),
        ("/data/content/receives_support", "type"),
        ("/data/content/enrolment_reason", "required"),
    }


async def test_a_closed_units_successor_is_named(field: Field) -> None:
    answer = await ways_of_messages.a_unit_that_is_closed(field)
    assert answer.json["recipients"][0]["about"] == "sd-jarva"
    assert "sd-jarva" in answer.json["detail"]


async def test_a_method_that_nobody_knows_is_refused(field: Field) -> None:
    # The parser of HTTP answers this one, before any route is looked for.
    answer = await field.party("sd-farsta").call("XYZZYQVIST", "/v1/messages")
    assert answer.status in (400, 405, 501)


async def test_methods_that_an_address_has_are_named(field: Field) -> None:
    answer = await field.party("sd-farsta").call("DELETE", "/v1/messages")
    assert answer.headers["Allow"] == "GET, POST"


async def test_a_missing_token_is_asked_for(field: Field) -> None:
    assert (await ways_of_calls.no_token(field)).headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_unknown_unit_with_a_token_sends_nothing(field: Field) -> None:
    # A token outlives a directory: the unit is looked up each time.
    answer = await field.party("sd-ingenstans").send("referral.submitted", farsta_refers())
    assert (answer.status, answer.code) == (422, "UNKNOWN_UNIT")


@pytest.mark.parametrize("path", ["/v1/inbox/{}", "/v1/messages/{}", "/v1/cases/{}", "/v1/consents/{}"])
async def test_what_is_not_yours_is_answered_as_what_does_not_exist(field: Field, path: str) -> None:
    case = await field.refer()
    theirs = {
        "/v1/inbox/{}": party.delivery_of(case.referral, case.jobbtorg.unit),
        "/v1/messages/{}": case.referral.json["id"],
        "/v1/cases/{}": case.case_id,
        "/v1/consents/{}": case.consent_id,
    }[path]
    stranger = field.party("fk-stockholm")
    answers = [await stranger.call("GET", path.format(name)) for name in (theirs, events.new_id())]
    documents = [answer.json for answer in answers]
    assert [answer.status for answer in answers] == [404, 404]
    assert len({len(answer.body) for answer in answers}) == 1
    for document in documents:
        del document["request_id"]
    assert documents[0] == documents[1]


@pytest.mark.parametrize("action", ["ack", "handled"])
async def test_anothers_delivery_cannot_be_answered(field: Field, action: str) -> None:
    case = await field.refer()
    delivery = party.delivery_of(case.referral, case.jobbtorg.unit)
    answer = await field.party("fk-stockholm").call(
        "POST", f"/v1/inbox/{delivery}/{action}", json={"outcome": "handled"}
    )
    assert answer.status == 404
    state = (await case.stadsdel.sent(case.referral.json["id"])).json["recipients"][0]
    assert state["acknowledged"] is None
