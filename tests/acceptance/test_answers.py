"""Every way to say no that these types can reach: its status, its code, its Swedish title, and no value repeated."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tomllib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import canary, events, party, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer

# Stands in requests where a value stands; no answer may repeat it.
MARK = "Xyzzyqvist"
MARKED = persons.Person("199001012385", MARK, MARK)
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

Way = Callable[[Field], Awaitable[Answer]]
WAYS: dict[str, tuple[int, str, Way]] = {}


def way(status: int, code: str) -> Callable[[Way], Way]:
    def note(function: Way) -> Way:
        WAYS[f"{status} {code} {function.__name__.replace('_', ' ')}"] = (status, code, function)
        return function

    return note


def farsta_refers(**parts: Any) -> dict[str, Any]:
    return events.data("referral.submitted", at=fields.now(), **{"person": MARKED, **parts})


# -- 400 -------------------------------------------------------------------------------------------------------------


@way(400, "NOT_JSON")
async def broken_text(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"id": "{MARK}"'.encode())


@way(400, "NOT_JSON")
async def a_name_twice(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"id": "{MARK}", "id": "{MARK}"}}'.encode())


@way(400, "NOT_JSON")
async def a_name_twice_deep_inside(field: Field) -> Answer:
    event = json.dumps(field.party("sd-farsta").event("referral.submitted", farsta_refers()))
    doubled = event.replace('"protected_identity": "none"', '"protected_identity": "unknown", "protected_identity": "none"')
    assert doubled != event
    return await field.party("sd-farsta").post(doubled.encode())


@way(400, "NOT_JSON")
async def not_a_number(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"{MARK}": NaN}}'.encode())


@way(400, "NOT_JSON")
async def infinity(field: Field) -> Answer:
    return await field.party("sd-farsta").post(f'{{"{MARK}": -Infinity}}'.encode())


@way(400, "NOT_JSON")
async def invalid_utf8(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"id": "' + MARK.encode() + b'\xff\xfe"}')


@way(400, "NOT_JSON")
async def a_lone_surrogate(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"id": "' + MARK.encode() + b'\\ud800"}')


@way(400, "NOT_JSON")
async def a_byte_order_mark(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    return await field.party("sd-farsta").post(b"\xef\xbb\xbf" + json.dumps(event).encode())


@way(400, "NOT_JSON")
async def two_thousand_levels(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b'{"data":' + b"[" * 2000 + b"]" * 2000 + b"}")


@way(400, "NOT_JSON")
async def two_hundred_thousand_levels(field: Field) -> Answer:
    return await field.party("sd-farsta").post(b"[" * 200_000)


@way(400, "NOT_JSON")
async def a_compressed_body(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    raw = gzip.compress(json.dumps(event).encode())
    return await field.party("sd-farsta").post(raw, **{"Content-Encoding": "gzip"})


@way(400, "NOT_AN_EVENT")
async def no_event(field: Field) -> Answer:
    return await field.party("sd-farsta").post({MARK: MARK, "source": MARK})


@way(400, "NOT_AN_EVENT")
async def a_list(field: Field) -> Answer:
    return await field.party("sd-farsta").post([MARK])


@way(400, "NOT_AN_EVENT")
async def a_time_without_a_zone(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    return await field.party("sd-farsta").post(event | {"time": "2026-03-29T02:30:00"})


@way(400, "NOT_AN_EVENT")
async def an_attribute_that_only_the_hub_sets(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers(), recordedby=MARK)
    return await field.party("sd-farsta").post(event)


@way(400, "NOT_AN_EVENT")
async def a_batch_of_101(field: Field) -> Answer:
    return await field.party("sd-farsta").post([{}] * 101, party.BATCH)


@way(400, "BAD_PARAMETER")
async def a_misspelt_parameter(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limt": "1", MARK: MARK})


@way(400, "BAD_PARAMETER")
async def a_limit_that_is_no_number(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limit": MARK})


@way(400, "BAD_PARAMETER")
async def a_limit_too_large(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"limit": "501"})


@way(400, "BAD_PARAMETER")
async def a_wait_too_long(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"wait": "31"})


@way(400, "BAD_PARAMETER")
async def a_cursor_from_nowhere(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"cursor": MARK})


@way(400, "BAD_PARAMETER")
async def a_state_that_is_none(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/inbox", params={"state": MARK})


@way(400, "BAD_PARAMETER")
async def a_case_that_is_no_id(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/messages", params={"case": MARK})


@way(400, "BAD_PARAMETER")
async def a_since_without_a_zone(field: Field) -> Answer:
    return await field.party("sd-farsta").call("GET", "/v1/messages", params={"since": "2026-01-01T00:00:00"})


@way(400, "BAD_PARAMETER")
async def a_day_that_is_none(field: Field) -> Answer:
    return await field.get("/v1/directory/units", on=MARK)


# -- 401 -------------------------------------------------------------------------------------------------------------


@way(401, "NOT_AUTHENTICATED")
async def no_token(field: Field) -> Answer:
    return await field.stranger().call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_token_that_is_none(field: Field) -> Answer:
    return await field.stranger(MARK).call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_changed_token(field: Field) -> Answer:
    head, body, seal = field.hub.token("sd-farsta").split(".")
    return await field.stranger(f"{head}.{body}.{seal[:-4]}AAAA").call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def an_unsigned_token(field: Field) -> Answer:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    body = field.hub.token("sd-farsta").split(".")[1]
    return await field.stranger(f"{head}.{body}.").call("GET", "/v1/inbox")


@way(401, "NOT_AUTHENTICATED")
async def a_password(field: Field) -> Answer:
    return await field.stranger().call("GET", "/v1/inbox", headers={"Authorization": "Basic " + MARK})


@way(401, "NOT_AUTHENTICATED")
async def a_token_in_the_address(field: Field) -> Answer:
    return await field.get("/v1/inbox", access_token=field.hub.token("sd-farsta"))


# -- 403 -------------------------------------------------------------------------------------------------------------


@way(403, "SENDER_NOT_ALLOWED")
async def another_source_than_the_caller(field: Field) -> Answer:
    event = field.party("sd-farsta").event("referral.submitted", farsta_refers())
    return await field.party("jt-sydost").post(event)


@way(403, "SENDER_NOT_ALLOWED")
async def a_type_that_others_send(field: Field) -> Answer:
    return await field.party("af-stockholm").send("referral.submitted", farsta_refers())


@way(403, "SENDER_NOT_ALLOWED")
async def a_party_that_is_not_responsible(field: Field) -> Answer:
    case = await field.enrol()
    assert (await case.propose(1)).status == 202
    # Farsta hears of the case by a consent that names it, and so becomes a party to it.
    edges = [events.edge(case.authority, "sdn-farsta")]
    body = events.consent(at=fields.now(), person=case.person, edges=edges, recorder=case.stadsdel.unit)
    assert (await case.stadsdel.send("consent.recorded", body, case.case_id)).status == 202
    farsta = field.party("sd-farsta")
    assert (await farsta.call("GET", f"/v1/cases/{case.case_id}")).status == 200
    content = {"plan_id": case.plan_id, "version": 1, "decision": "approved"}
    return await farsta.tell("plan.decided", case.case_id, person=case.person, content=content)


@way(403, "SELF_REFERRAL")
async def a_jobbtorg_that_chooses_its_people(field: Field) -> Answer:
    return await field.party("jt-sydost").send("referral.submitted", farsta_refers())


@way(403, "RECIPIENT_NOT_ALLOWED")
async def a_recipient_outside_the_route(field: Field) -> Answer:
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(to=[{"unit": "af-stockholm"}]))


@way(403, "NO_BASIS")
async def no_basis(field: Field) -> Answer:
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(basis=[]))


@way(403, "CONSENT_MISSING")
async def no_consent(field: Field) -> Answer:
    gil = persons.Person(persons.GIL.number, MARK, MARK)
    return await field.party("sd-bromma").send("referral.submitted", farsta_refers(person=gil))


@way(403, "CONSENT_NOT_COVERING")
async def a_consent_for_less(field: Field) -> Answer:
    finn, bromma = persons.FINN, field.party("sd-farsta")
    edges = [events.edge("sdn-farsta", "amn", ["ID", "ST"])]
    assert (await bromma.record(person=finn, edges=edges)).status == 202
    return await bromma.send("referral.submitted", farsta_refers(person=finn))


@way(403, "CONSENT_EXPIRED")
async def a_consent_that_has_run_out(field: Field) -> Answer:
    eli, farsta, today = persons.ELI, field.party("sd-farsta"), fields.now().date()
    days = {"signed_on": 9, "valid_from": 9, "valid_to": 3}
    dates = {name: (today - timedelta(days=before)).isoformat() for name, before in days.items()}
    assert (await farsta.record(person=eli, **dates)).status == 202
    return await farsta.send("referral.submitted", farsta_refers(person=eli))


@way(403, "CONSENT_WITHDRAWN")
async def a_consent_that_is_withdrawn(field: Field) -> Answer:
    case = await field.enrol()
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    return await case.propose(1)


@way(403, "PURPOSE_NOT_ALLOWED")
async def a_purpose_that_the_type_does_not_have(field: Field) -> Answer:
    body = farsta_refers(handling={"purpose": "follow_up"})
    return await field.party("sd-farsta").send("referral.submitted", body)


@way(403, "PROTECTED_IDENTITY")
async def a_protected_person(field: Field) -> Answer:
    body = farsta_refers(handling={"protected_identity": "sekretessmarkering"}, to=[{"unit": MARK}])
    return await field.party("sd-farsta").send("referral.submitted", body)


@way(403, "OUT_OF_REMIT")
async def an_investigation_of_work_ability(field: Field) -> Answer:
    case = await field.enrol()
    activities = events.data("plan.proposed", at=fields.now())["content"]["activities"]
    activities[0]["service_code"] = "work_ability_investigation"
    return await case.propose(1, activities=activities)


@way(403, "THIRD_PARTY_DATA")
async def another_person_than_the_cases(field: Field) -> Answer:
    case = await field.enrol()
    other = next(person for person in persons.ADULTS if person != case.person)
    return await case.jobbtorg.tell("case.closed", case.case_id, person=other)


@way(403, "COULD_NOT_BE_DELIVERED")
async def a_case_that_is_not_yours(field: Field) -> Answer:
    case = await field.refer()
    stranger = "jt-jarva" if case.jobbtorg.unit != "jt-jarva" else "jt-sydost"
    return await field.party(stranger).tell("referral.answered", case.case_id, person=case.person)


# -- 404, 405 --------------------------------------------------------------------------------------------------------


@way(404, "NOT_FOUND")
async def an_address_that_leads_nowhere(field: Field) -> Answer:
    return await field.get(f"/{MARK}")


@way(404, "NOT_FOUND")
async def a_delivery_that_is_no_id(field: Field) -> Answer:
    return await field.party("sd-farsta").read(MARK)


@way(404, "NOT_FOUND")
async def an_unknown_message(field: Field) -> Answer:
    return await field.party("sd-farsta").sent(events.new_id())


@way(404, "NOT_FOUND")
async def an_unknown_schema(field: Field) -> Answer:
    return await field.get(f"/schemas/{MARK.lower()}/1.0")


@way(405, "METHOD_NOT_ALLOWED")
async def a_method_that_the_address_has_not(field: Field) -> Answer:
    return await field.party("sd-farsta").call("DELETE", "/v1/inbox")


@way(405, "METHOD_NOT_ALLOWED")
async def a_question_for_the_options(field: Field) -> Answer:
    return await field.party("sd-farsta").call("OPTIONS", "/v1/messages")


# -- 409 -------------------------------------------------------------------------------------------------------------


@way(409, "DUPLICATE")
async def the_same_id_with_another_body(field: Field) -> Answer:
    case = await field.refer()
    event = case.jobbtorg.event("referral.answered", _answer(case.person), subject=case.case_id)
    assert (await case.jobbtorg.post(event)).status == 202
    event["data"]["content"]["coach_function"] = MARK
    return await case.jobbtorg.post(event)


def _answer(person: persons.Person) -> dict[str, Any]:
    return events.data("referral.answered", at=fields.now(), person=person)


@way(409, "DUPLICATE_CASE")
async def a_second_case(field: Field) -> Answer:
    case = await field.refer()
    return await case.stadsdel.tell("referral.submitted", person=case.person)


@way(409, "STATE_CONFLICT")
async def a_message_out_of_turn(field: Field) -> Answer:
    case = await field.refer()
    return await case.propose(1)


@way(409, "STALE_VERSION")
async def an_older_version(field: Field) -> Answer:
    case = await field.enrol()
    return await case.propose(7)


@way(409, "PARTICIPANT_ABSENT")
async def a_joint_plan_without_the_participant(field: Field) -> Answer:
    ask = {"mode": "anonymous", "consent_id": None, "wished_seats": ["jt"], "parts": None}
    team = [{"team": "team-jarva"}]
    fk = field.party("fk-stockholm")
    case = (await fk.tell("finsam.case-initiated", person=None, to=team, basis=[], content=ask)).json["case"]
    plan = {"participant_present": False}
    to = [{"team": "team-jarva", "seat": "jt"}]
    return await field.party("team-jarva").tell(
        "finsam.joint-plan-recorded", case, person=None, to=to, basis=[], content=plan
    )


@way(409, "ALREADY_ANSWERED")
async def another_outcome_afterwards(field: Field) -> Answer:
    case = await field.refer()
    delivery = party.delivery_of(case.referral, case.jobbtorg.unit)
    assert (await case.jobbtorg.report(delivery, "handled")).status == 204
    return await case.jobbtorg.report(delivery, "declined", MARK)


# -- 410 -------------------------------------------------------------------------------------------------------------


@way(410, "EXPIRED")
async def a_time_that_has_passed(field: Field) -> Answer:
    case = await field.refer()
    expired = (fields.now() - timedelta(seconds=1)).isoformat()
    return await case.jobbtorg.send("referral.answered", _answer(case.person), case.case_id, expirytime=expired)


@way(410, "COULD_NOT_BE_DELIVERED")
async def a_copy_whose_consent_is_gone(field: Field) -> Answer:
    case = await field.refer()
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    return await case.jobbtorg.read(party.delivery_of(case.referral, case.jobbtorg.unit))


# -- 413, 415 --------------------------------------------------------------------------------------------------------


@way(413, "TOO_LARGE")
async def a_byte_too_many(field: Field) -> Answer:
    return await field.party("sd-farsta").call(
        "POST", "/v1/messages", data=io.BytesIO(b" " * (1024 * 1024 + 1)), headers={"Content-Type": party.STRUCTURED}
    )


@way(413, "TOO_LARGE")
async def a_body_without_an_end(field: Field) -> Answer:
    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * 65536

    return await field.party("sd-farsta").call(
        "POST", "/v1/messages", data=pieces(), headers={"Content-Type": party.STRUCTURED}
    )


@way(415, "WRONG_MEDIA_TYPE")
async def a_form(field: Field) -> Answer:
    return await field.party("sd-farsta").post(MARK.encode(), "application/x-www-form-urlencoded")


@way(415, "WRONG_MEDIA_TYPE")
async def another_character_set(field: Field) -> Answer:
    return await field.party("sd-farsta").post({}, party.STRUCTURED + "; charset=iso-8859-1")


@way(415, "WRONG_MEDIA_TYPE")
async def a_report_that_is_no_json(field: Field) -> Answer:
    case = await field.refer()
    delivery = party.delivery_of(case.referral, case.jobbtorg.unit)
    return await case.jobbtorg.call(
        "POST", f"/v1/inbox/{delivery}/handled", data=MARK, headers={"Content-Type": "text/plain"}
    )


# -- 422 -------------------------------------------------------------------------------------------------------------


@way(422, "SCHEMA_INVALID")
async def properties_that_nobody_asked_for(field: Field) -> Answer:
    body = farsta_refers(content={MARK: MARK, "work_extent": MARK})
    body["person"][persons.BO.number] = MARK
    return await field.party("sd-farsta").send("referral.submitted", body)


@way(422, "SCHEMA_INVALID")
async def categories_that_do_not_match(field: Field) -> Answer:
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(categories=["ID", "PL"]))


@way(422, "SCHEMA_INVALID")
async def a_day_that_does_not_exist(field: Field) -> Answer:
    return await field.party("sd-farsta").send(
        "referral.submitted", farsta_refers(content={"earliest_start": "2026-02-30"})
    )


@way(422, "SCHEMA_INVALID")
async def a_message_without_its_case(field: Field) -> Answer:
    return await field.party("jt-sydost").send("referral.answered", _answer(MARKED))


@way(422, "SCHEMA_INVALID")
async def a_report_with_an_outcome_that_is_none(field: Field) -> Answer:
    case = await field.refer()
    return await case.jobbtorg.report(party.delivery_of(case.referral, case.jobbtorg.unit), MARK)


@way(422, "SCHEMA_UNKNOWN")
async def a_type_that_is_not_in_the_catalogue(field: Field) -> Answer:
    farsta = field.party("sd-farsta")
    return await farsta.post(farsta.event("referral.submitted", farsta_refers()) | {"type": "se.samverkan.benefit.decided"})


@way(422, "SCHEMA_UNKNOWN")
async def a_version_that_does_not_exist(field: Field) -> Answer:
    event = field.party("sd-farsta").event(
        "referral.submitted", farsta_refers(), dataschema="/schemas/referral.submitted/9.0"
    )
    return await field.party("sd-farsta").post(event)


@way(422, "PERSON_ID_INVALID")
async def a_wrong_check_digit(field: Field) -> Answer:
    wrong = persons.Person("189001019803", MARK, MARK)
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(person=wrong))


@way(422, "PERSON_ID_INVALID")
async def a_number_without_its_century(field: Field) -> Answer:
    short = persons.Person("900101-2385", MARK, MARK)
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(person=short))


@way(422, "AGE_RULE")
async def a_child(field: Field) -> Answer:
    child = persons.Person(persons.CHILD.number, MARK, MARK)
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(person=child))


@way(422, "FREE_TEXT_BLOCKED")
async def a_number_in_a_text(field: Field) -> Answer:
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(content={"note": "se 900101-2385"}))


@way(422, "FREE_TEXT_BLOCKED")
async def a_number_in_a_report(field: Field) -> Answer:
    case = await field.refer()
    return await case.jobbtorg.report(
        party.delivery_of(case.referral, case.jobbtorg.unit), "handled", f"{MARK} 900101-2385"
    )


@way(422, "UNKNOWN_UNIT")
async def a_unit_that_does_not_exist(field: Field) -> Answer:
    body = farsta_refers(to=[{"unit": persons.BO.number}, {"unit": MARK}])
    return await field.party("sd-farsta").send("referral.submitted", body)


@way(422, "UNKNOWN_UNIT")
async def a_withdrawal_from_nobody(field: Field) -> Answer:
    case = await field.refer()
    body = events.withdrawal(
        case.consent_id, at=fields.now(), person=case.person, scope="parties", parties=[persons.BO.number]
    )
    return await case.stadsdel.send("consent.withdrawn", body)


@way(422, "UNIT_CLOSED")
async def a_unit_that_is_closed(field: Field) -> Answer:
    case = await field.refer()
    return await case.jobbtorg.tell(
        "referral.answered", case.case_id, person=case.person, to=[{"unit": "sd-rinkeby-kista"}]
    )


@way(422, "WRONG_CATCHMENT")
async def another_jobbtorg_than_the_stadsdels(field: Field) -> Answer:
    return await field.party("sd-farsta").send("referral.submitted", farsta_refers(to=[{"unit": "jt-jarva"}]))


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


async def test_all_faults_are_listed_at_once(field: Field) -> None:
    body = farsta_refers(content={"work_extent": "heltid", "receives_support": "ja", "enrolment_reason": None})
    answer = await field.party("sd-farsta").send("referral.submitted", body)
    assert {(fault["pointer"], fault["keyword"]) for fault in answer.json["errors"]} == {
        ("/data/content/work_extent", "enum"),
        ("/data/content/receives_support", "type"),
        ("/data/content/enrolment_reason", "required"),
    }


async def test_a_closed_units_successor_is_named(field: Field) -> None:
    answer = await a_unit_that_is_closed(field)
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
    assert (await no_token(field)).headers["WWW-Authenticate"].startswith("Bearer")


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
