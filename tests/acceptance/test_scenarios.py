"""The ways of real cases through a running hub, told as the field tells them."""

from __future__ import annotations

from typing import Any

from tests.support import events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Answer, Party, delivery_of


def taken(answer: Answer) -> dict[str, Any]:
    assert answer.status == 202, answer.body.decode()
    receipt: dict[str, Any] = answer.json
    assert receipt["status"] == "accepted"
    return receipt


async def open_copy(party: Party, answer: Answer) -> dict[str, Any]:
    copy = await party.read(delivery_of(answer, party.unit))
    assert copy.status == 200
    event: dict[str, Any] = copy.json
    return event


async def test_the_straight_way_from_farsta_to_jobbtorg_sydost(field: Field) -> None:
    farsta, jobbtorg, af = field.party("sd-farsta"), field.party("jt-sydost"), field.party("af-stockholm")
    asta = persons.ASTA
    parts = ["ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "PL"]

    # Asta consents to what the stadsdel and the jobbtorg tell each other, and is referred.
    edges = events.both_ways("sdn-farsta", "amn", parts)
    taken(await farsta.record(person=asta, edges=edges))
    referral = await farsta.tell("referral.submitted", person=asta, content={"support_ongoing": None})
    receipt = taken(referral)
    assert [(row["unit"], row["verdict"]) for row in receipt["recipients"]] == [("jt-sydost", "deliver")]
    case = receipt["case"]

    # The jobbtorg sees a person with a number and a name, and answers with a time.
    event = await open_copy(jobbtorg, referral)
    assert event["subject"] == case
    assert event["sequence"] == "1"
    assert event["data"]["person"] == asta.as_data()
    assert event["data"]["content"]["receives_support"] is True
    taken(await jobbtorg.tell("referral.answered", case, person=asta))

    # Enrolled. The stadsdel hears it under the first consent; AF only under a consent of its own.
    taken(await jobbtorg.tell("enrolment.confirmed", case, person=asta))
    to_af: dict[str, Any] = {
        "person": asta,
        "to": [{"unit": "af-stockholm"}],
        "basis": [("af", "CONSENT", None)],
        "handling": {"purpose": "af_coordination"},
    }
    refused = await jobbtorg.tell("enrolment.confirmed", case, **to_af)
    assert (refused.status, refused.code) == (403, "CONSENT_MISSING")
    second = await jobbtorg.record(
        person=asta, purpose="af_coordination", edges=[events.edge("amn", "af", ["ID", "ST", "LM", "CO"])]
    )
    taken(second)
    told = await jobbtorg.tell("enrolment.confirmed", case, **to_af)
    taken(told)
    copy = await open_copy(af, told)
    assert set(copy["data"]["content"]) == {"contact", "af_registration", "coach_function"}

    # The plan is proposed and approved, and the work begins under it.
    plan = {"plan_id": events.new_id(), "version": 1}
    proposal = await jobbtorg.tell("plan.proposed", case, person=asta, content=plan)
    taken(proposal)
    assert (await open_copy(farsta, proposal))["data"]["content"]["weekly_hours_total"] == 12
    taken(await farsta.tell("plan.decided", case, person=asta, content={**plan, "decision": "approved"}))
    seen = (await farsta.call("GET", f"/v1/cases/{case}")).json
    assert seen["state"] == "active"
    assert seen["plans"] == {plan["plan_id"]: {"latest": 1, "in_force": 1}}

    # Work found: the case is closed on the stadsdel's standing request; AF learns the day and nothing more.
    closing = await jobbtorg.tell("case.closed", case, person=asta, basis=[("sd", "SOL_15_9", None)])
    taken(closing)
    content = (await open_copy(farsta, closing))["data"]["content"]
    assert (content["closing_reason"], content["employment"]["extent_percent"]) == ("work_permanent", 80)
    closing = await jobbtorg.tell("case.closed", case, **to_af)
    taken(closing)
    assert set((await open_copy(af, closing))["data"]["content"]) == {"closed_on"}
    after = (await jobbtorg.call("GET", f"/v1/cases/{case}")).json
    assert after["state"] == "closed"
    assert after["responsible"] == {"stadsdel": "sd-farsta", "jobbtorg": "jt-sydost", "team": None}


async def test_another_view_of_a_plan(field: Field) -> None:
    case = await field.enrol()
    taken(await case.propose(1))
    taken(await case.decide(1, "returned"))
    taken(await case.propose(2))
    stale = await case.decide(1)
    assert (stale.status, stale.code) == (409, "STALE_VERSION")
    content = {"plan_id": case.plan_id, "version": 2}
    own = await case.jobbtorg.tell("plan.decided", case.case_id, person=case.person, content=content)
    assert (own.status, own.code) == (403, "SENDER_NOT_ALLOWED")
    taken(await case.decide(2))
    assert (await case.stadsdel.call("GET", f"/v1/cases/{case.case_id}")).json["state"] == "active"


TEAM = {"team": "team-sydost"}
CLAIMS = [(kind, "CONSENT", None) for kind in ("team", "sd", "jt", "af", "fk", "rg")]


async def test_a_case_for_the_team_with_a_consent_that_covers_a_part(field: Field) -> None:
    fk, team, rg = field.party("fk-stockholm"), field.party("team-sydost"), field.party("rg-stockholm")
    farsta, jobbtorg, af = field.party("sd-farsta"), field.party("jt-sydost"), field.party("af-stockholm")
    jonna, purpose = persons.JONNA, "finsam_joint_planning"
    parts = ["ID", "ST", "PL", "FN", "HE"]

    # Without a consent nobody is named.
    ask: dict[str, Any] = {
        "person": jonna,
        "to": [TEAM, {"unit": "sd-farsta"}],
        "basis": CLAIMS,
        "content": {"wished_seats": ["sd", "jt", "af", "rg"]},
    }
    refused = await fk.tell("finsam.case-initiated", **ask)
    assert (refused.status, refused.code) == (403, "CONSENT_MISSING")

    # Jonna consents, but not to the region.
    edges = [
        *(events.edge("fk", name, parts) for name in ("sdn-farsta", "amn", "af")),
        *(events.edge("amn", name, parts) for name in ("sdn-farsta", "af", "fk")),
    ]
    consent = events.consent(at=fields.now(), person=jonna, purpose=purpose, recorder="fk-stockholm", edges=edges)
    taken(await fk.send("consent.recorded", consent))
    question = await fk.tell("finsam.case-initiated", **ask)
    receipt = taken(question)
    verdicts = {row["unit"]: (row["verdict"], row["code"]) for row in receipt["recipients"]}
    assert verdicts["rg-stockholm"] == ("refuse", "CONSENT_NOT_COVERING")
    assert {unit for unit, (verdict, _) in verdicts.items() if verdict != "refuse"} == {
        "team-sydost",
        "sd-farsta",
        "jt-sydost",
        "af-stockholm",
    }
    case = receipt["case"]
    assert case not in {item["subject"] for item in await rg.inbox()}
    assert (await rg.call("GET", f"/v1/cases/{case}")).status == 404

    # Health reaches the stadsdel and AF. The jobbtorg and its coordinator hear what is needed, not why.
    assert "Sjukskriven sedan hösten." in repr(await open_copy(farsta, question))
    assert "Sjukskriven sedan hösten." in repr(await open_copy(af, question))
    for unit in (jobbtorg, team):
        copy = repr(await open_copy(unit, question))
        assert "Sjukskriven" not in copy
        assert "tre timmar om dagen" in copy

    # The plan is made together with Jonna, or not at all.
    plan: dict[str, Any] = {
        "person": jonna,
        "to": [{**TEAM, "seat": kind} for kind in ("jt", "af", "fk")] + [{"unit": "sd-farsta"}],
        "basis": CLAIMS,
    }
    absent = await team.tell("finsam.joint-plan-recorded", case, content={"participant_present": False}, **plan)
    assert (absent.status, absent.code) == (409, "PARTICIPANT_ABSENT")
    joint = await team.tell("finsam.joint-plan-recorded", case, **plan)
    taken(joint)
    seen = {
        party.unit: {item["item_id"] for item in (await open_copy(party, joint))["data"]["content"]["items"]}
        for party in (farsta, jobbtorg, af, fk)
    }
    assert seen["fk-stockholm"] >= {"p1", "p2", "p3"}
    assert seen["jt-sydost"] == {"p1", "p2", "p5"}  # its own work in functional words; health is somebody else's
    assert "p4" not in seen["af-stockholm"]
    assert (await fk.call("GET", f"/v1/cases/{case}")).json["finsam_state"] == "planned"


async def test_a_team_case_asked_for_by_those_who_may_not(field: Field) -> None:
    union = field.party("samordningsforbundet-stockholm")
    answer = await union.tell("finsam.case-initiated", person=persons.JONNA)
    assert (answer.status, answer.code) == (403, "SENDER_NOT_ALLOWED")


async def test_a_consultation_without_a_name(field: Field) -> None:
    fk = field.party("fk-stockholm")
    content = {"mode": "anonymous", "consent_id": None, "wished_seats": ["jt", "af"], "parts": None}
    ask: dict[str, Any] = {"to": [TEAM], "basis": [], "content": content}
    named = await fk.tell("finsam.case-initiated", person=persons.JONNA, **ask)
    assert (named.status, named.code) == (422, "SCHEMA_INVALID")
    asked = await fk.tell("finsam.case-initiated", person=None, **ask)
    taken(asked)
    copy = await open_copy(field.party("af-stockholm"), asked)
    assert "person" not in copy["data"]
    assert copy["data"]["handling"]["categories"] == ["PL", "ST"]
