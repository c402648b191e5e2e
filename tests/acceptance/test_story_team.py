"""A case for the FINSAM team: Försäkringskassan brings Jonna's, and she says yes to some, and later to more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Build
from tests.acceptance.telling import (
    PLANNING,
    content_of,
    open_copy,
    reached,
    refer,
    refused,
    standing,
    taken,
    verdicts,
    withheld,
)
from tests.support import events
from tests.support.party import Answer, Party
from tests.support.persons import JONNA
from tests.support.town import Town

FINSAM = "finsam_joint_planning"
TEAM = {"team": "team-sydost"}
FARSTA = {"unit": "sd-farsta"}
SHARED = ("ID", "ST", "PL", "FN", "CO", "OU")
WITH_HEALTH = (*SHARED, "HE")
CLAIMS = [(kind, "CONSENT", None) for kind in ("team", "sd", "jt", "af", "fk", "rg")]
FROM_FK = [events.edge("fk", name, WITH_HEALTH) for name in ("sdn-farsta", "amn", "af")]
FROM_TEAM = [events.edge("amn", name, WITH_HEALTH) for name in ("sdn-farsta", "fk")]
FROM_TEAM += [events.edge("amn", "af", SHARED), events.edge("sdn-farsta", "fk", WITH_HEALTH)]
WITH_REGION = [events.edge(holder, "rg", WITH_HEALTH) for holder in ("fk", "amn")]
NOT_TO_AF = {"recipient_authority": "af", "category": "HE", "fact": "psykiatri"}
FROM_REGION = [events.edge("rg", name, WITH_HEALTH) for name in ("fk", "sdn-farsta")]


class Team:
    """Those around Jonna."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.farsta, self.jobbtorg, self.af, self.fk, self.rg, self.coordinator = (
            town.party(unit)
            for unit in ("sd-farsta", "jt-sydost", "af-stockholm", "fk-stockholm", "rg-stockholm", "team-sydost")
        )

    async def consent(self, version: int, edges: list[Any], **content: Any) -> Answer:
        chosen = {"consent_id": CONSENT_ID, "version": version, **content}
        answer = await self.fk.record(person=JONNA, purpose=FINSAM, edges=edges, **chosen)
        taken(answer)
        return answer

    async def ask(self, **content: Any) -> Answer:
        """Försäkringskassan brings the case."""
        chosen = {"wished_seats": ["sd", "jt", "af", "rg"], **content}
        return await self.fk.tell(
            "finsam.case-initiated", person=JONNA, to=[TEAM, FARSTA], basis=CLAIMS, content=chosen
        )

    async def tell(self, type_name: str, case: str, seats: tuple[str, ...], **content: Any) -> Answer:
        """The coordinator tells the seats. Farsta is one of several stadsdelar of the team and is named."""
        to = [{**TEAM, "seat": seat} for seat in seats if seat != "sd"] + [FARSTA] * ("sd" in seats)
        return await self.coordinator.tell(type_name, case, person=JONNA, to=to, basis=CLAIMS, content=content)

    async def is_accepted(self) -> str:
        """As far as a case that the team has taken on, without the region."""
        taken(await self.fk.record(person=JONNA, purpose=FINSAM, edges=[*FROM_FK, *FROM_TEAM], consent_id=CONSENT_ID))
        case: str = taken(await self.ask())["case"]
        called = ("sd", "jt", "af", "fk")
        screened = await self.tell("finsam.case-screened", case, called, decision="accepted", seats_called=called)
        assert reached(screened) == {"sd-farsta", "jt-sydost", "af-stockholm", "fk-stockholm"}
        return case


CONSENT_ID = "0b8c3a52-7d2e-4a4e-8d0e-2f1a7c9e0010"
ALL_SEATS = ("sd", "jt", "af", "fk", "rg")


async def test_a_consent_that_covers_some_reaches_some(build_town: Build) -> None:
    team = Team(await build_town("2026-03-09"))

    # Without a consent nobody is named.
    assert refused(await team.ask()) == (403, "CONSENT_MISSING")

    # Jonna consents, but not to the region. The sender hears that; the region hears nothing at all.
    await team.consent(1, [*FROM_FK, *FROM_TEAM])
    question = await team.ask()
    assert verdicts(question)["rg-stockholm"] == ("refuse", "CONSENT_NOT_COVERING")
    assert reached(question) == {"team-sydost", "sd-farsta", "jt-sydost", "af-stockholm"}
    case = taken(question)["case"]
    assert await team.rg.inbox() == []
    assert (await team.rg.call("GET", f"/v1/cases/{case}")).status == 404

    # Health reaches the stadsdel and AF. The jobbtorg and the coordinator hear what is needed, not why.
    for party in (team.farsta, team.af):
        assert "Sjukskriven sedan hösten." in repr(await open_copy(party, question))
    for party in (team.jobbtorg, team.coordinator):
        copy = repr(await open_copy(party, question))
        assert "Sjukskriven" not in copy
        assert "tre timmar om dagen" in copy


async def test_the_region_takes_part_when_jonna_and_it_have_said_so(build_town: Build) -> None:
    team = Team(await build_town("2026-03-09"))
    case = await team.is_accepted()
    team.town.turn_to("2026-03-17")
    edges = [*FROM_FK, *FROM_TEAM, *WITH_REGION, *FROM_REGION]
    second = await team.consent(2, edges, excluded=[NOT_TO_AF])

    # The region sees its own part of the consent, and not what Jonna wants kept from the others.
    notice = (await open_copy(team.rg, second))["data"]["content"]
    assert len(notice["edges"]) == 4
    assert all("rg" in (edge["holder_authority"], edge["recipient_authority"]) for edge in notice["edges"])
    assert "psykiatri" not in repr(notice)

    # Before it is called it has no part in the case. And what it holds is told only when it has itself seen the paper.
    assert refused(await region_tells(team, case)) == (403, "COULD_NOT_BE_DELIVERED")
    meeting = {"participants_expected": list(ALL_SEATS)}
    assert "rg-stockholm" in reached(await team.tell("finsam.meeting-called", case, ALL_SEATS, **meeting))
    assert refused(await region_tells(team, case)) == (403, "CONSENT_NOT_COVERING")
    own = [edge | {"confirmed_by_holder": True} for edge in notice["edges"] if edge["holder_authority"] == "rg"]
    times = {name: notice[name] for name in ("consent_id", "valid_from", "valid_to", "signed_on", "recorded_by")}
    confirmed = await team.rg.record(person=JONNA, purpose=FINSAM, edges=own, version=3, **times)
    taken(confirmed)
    told = await region_tells(team, case)
    assert reached(told) >= {"fk-stockholm", "sd-farsta"}


async def region_tells(team: Team, case: str) -> Answer:
    seats = [{**TEAM, "seat": "fk"}, FARSTA]
    claims = [(kind, "CONSENT", None) for kind in ("fk", "sd")]
    return await team.rg.tell("health.rehab-shared", case, person=JONNA, to=seats, basis=claims)


async def test_the_plan_is_made_with_jonna_and_each_seat_sees_its_part(build_town: Build) -> None:
    team = Team(await build_town("2026-03-09"))
    case = await team.is_accepted()
    await team.consent(2, [*FROM_FK, *FROM_TEAM, *WITH_REGION])

    # A meeting about somebody who does not know of it is none.
    team.town.turn_to("2026-03-18")
    meeting: dict[str, Any] = {"participants_expected": list(ALL_SEATS)}
    unknown = await team.tell("finsam.meeting-called", case, ALL_SEATS, **meeting, participant_informed=False)
    assert refused(unknown)[0] in (409, 422)
    called = await team.tell("finsam.meeting-called", case, ALL_SEATS, **meeting)
    assert reached(called) == {"sd-farsta", "jt-sydost", "af-stockholm", "fk-stockholm", "rg-stockholm"}

    team.town.turn_to("2026-04-01", "15:00")
    plan: dict[str, Any] = {"items": ITEMS, "agreed_by_seats": list(ALL_SEATS)}
    absent = await team.tell("finsam.joint-plan-recorded", case, ALL_SEATS, **plan, participant_present=False)
    assert refused(absent) == (409, "PARTICIPANT_ABSENT")
    joint = await team.tell("finsam.joint-plan-recorded", case, ALL_SEATS, **plan)
    taken(joint)
    parties = (team.farsta, team.fk, team.rg, team.jobbtorg, team.af)
    seen = {party.unit: await items_of(party, joint) for party in parties}
    assert seen["sd-farsta"] == seen["fk-stockholm"] == seen["rg-stockholm"] == {"work", "hours", "care"}
    assert seen["jt-sydost"] == seen["af-stockholm"] == {"work", "hours"}
    assert "3 t/vecka ork" in repr(await open_copy(team.jobbtorg, joint))
    assert "/content/items/2" in withheld(joint, "jt-sydost")
    assert (await standing(team.fk, case))["finsam_state"] == "planned"


ITEMS = [
    {"item_id": "work", "what": "Två studiebesök", "by_party_kind": "af", "due": "2026-05-15", "category": "PL"},
    {"item_id": "hours", "what": "3 t/vecka ork", "by_party_kind": "jt", "due": "2026-05-29", "category": "FN"},
    {"item_id": "care", "what": "Ny kontakt i vården", "by_party_kind": "rg", "due": "2026-05-08", "category": "HE"},
]


async def items_of(party: Party, joint: Answer) -> set[str]:
    return {item["item_id"] for item in (await content_of(party, joint))["items"]}


async def test_the_plan_is_followed_up_and_handed_over_to_the_jobbtorg(build_town: Build) -> None:
    team = Team(await build_town("2026-03-09"))
    case = await team.is_accepted()
    seats = ("sd", "jt", "af", "fk")
    plan_id = events.new_id()
    followed = {"plan_id": plan_id, "per_item": [{"item_id": "work", "status": "done", "note": "Båda är gjorda."}]}
    followed |= {"next_follow_up": "2026-08-03", "lead_changed_to": None}

    # What nobody has planned is not followed up.
    assert refused(await team.tell("finsam.followup-recorded", case, seats, **followed)) == (409, "STATE_CONFLICT")
    team.town.turn_to("2026-04-01", "15:00")
    taken(await team.tell("finsam.joint-plan-recorded", case, seats, plan_id=plan_id))
    team.town.turn_to("2026-06-01")
    taken(await team.tell("finsam.followup-recorded", case, seats, **followed))
    assert (await standing(team.coordinator, case))["finsam_state"] == "following-up"

    # Nobody is left with no one: whoever ends it says who goes on.
    team.town.turn_to("2026-09-01")
    alone = await team.tell("finsam.case-closed", case, seats, hand_over_to="none")
    assert refused(alone) == (422, "SCHEMA_INVALID")
    closed = await team.tell("finsam.case-closed", case, seats)
    assert (await content_of(team.jobbtorg, closed))["hand_over_to"] == "jt"
    assert "support_after" not in await content_of(team.jobbtorg, closed)
    assert (await standing(team.fk, case))["finsam_state"] == "closed"

    # The stadsdel refers her, in a case of its own and with a consent for it.
    assert refused(await refer(team.farsta, JONNA)) == (403, "CONSENT_MISSING")
    taken(await team.farsta.record(person=JONNA, edges=events.both_ways("sdn-farsta", "amn", PLANNING)))
    assert taken(await refer(team.farsta, JONNA))["case"] != case


async def test_a_case_asked_for_by_those_who_may_not(build_town: Build) -> None:
    town = await build_town("2026-03-09")
    answer = await town.party("samordningsforbundet-stockholm").tell("finsam.case-initiated", person=JONNA)
    assert refused(answer) == (403, "SENDER_NOT_ALLOWED")


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
async def test_a_consultation_without_a_name_names_nobody(build_town: Build, named: bool) -> None:
    town = await build_town("2026-03-09")
    content = {"mode": "anonymous", "consent_id": None, "wished_seats": ["jt", "af"], "parts": None}
    asked = await town.party("fk-stockholm").tell(
        "finsam.case-initiated", person=JONNA if named else None, to=[TEAM], basis=[], content=content
    )
    if named:
        assert refused(asked) == (422, "SCHEMA_INVALID")
    else:
        copy = await open_copy(town.party("af-stockholm"), asked)
        assert "person" not in copy["data"]
        assert copy["data"]["handling"]["categories"] == ["PL", "ST"]
