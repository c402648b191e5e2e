"""Faults of a message: what the rules, the case and the consents say no to."""

from __future__ import annotations

from datetime import timedelta

from tests.acceptance.ways import MARK, MARKED, answered, farsta_refers, way
from tests.support import events, party, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer

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


# -- 409 -------------------------------------------------------------------------------------------------------------


@way(409, "DUPLICATE")
async def the_same_id_with_another_body(field: Field) -> Answer:
    case = await field.refer()
    event = case.jobbtorg.event("referral.answered", answered(case.person), subject=case.case_id)
    assert (await case.jobbtorg.post(event)).status == 202
    event["data"]["content"]["coach_function"] = MARK
    return await case.jobbtorg.post(event)


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
    coordinator = field.party("team-jarva")
    accepted = {"decision": "accepted", "seats_called": ["jt"], "missing": None, "declined_reason": None}
    back = [{"team": "team-jarva", "seat": "fk"}]
    screened = await coordinator.tell("finsam.case-screened", case, person=None, to=back, basis=[], content=accepted)
    assert screened.status == 202, screened.body
    plan = {"participant_present": False}
    to = [{"team": "team-jarva", "seat": "jt"}]
    return await coordinator.tell("finsam.joint-plan-recorded", case, person=None, to=to, basis=[], content=plan)


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
    return await case.jobbtorg.send("referral.answered", answered(case.person), case.case_id, expirytime=expired)


@way(410, "COULD_NOT_BE_DELIVERED")
async def a_copy_whose_consent_is_gone(field: Field) -> Answer:
    case = await field.refer()
    body = events.withdrawal(case.consent_id, at=fields.now(), person=case.person)
    assert (await case.stadsdel.send("consent.withdrawn", body)).status == 202
    return await case.jobbtorg.read(party.delivery_of(case.referral, case.jobbtorg.unit))


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
    return await field.party("jt-sydost").send("referral.answered", answered(MARKED))


@way(422, "SCHEMA_INVALID")
async def a_report_with_an_outcome_that_is_none(field: Field) -> Answer:
    case = await field.refer()
    return await case.jobbtorg.report(party.delivery_of(case.referral, case.jobbtorg.unit), MARK)


@way(422, "SCHEMA_UNKNOWN")
async def a_type_that_is_not_in_the_catalogue(field: Field) -> Answer:
    farsta = field.party("sd-farsta")
    return await farsta.post(
        farsta.event("referral.submitted", farsta_refers()) | {"type": "se.samverkan.benefit.decided"}
    )


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
