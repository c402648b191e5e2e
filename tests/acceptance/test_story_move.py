"""No contact, and then a move: Bo of Järva is not reached, moves to Södermalm, and always has one stadsdel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Build
from tests.acceptance.telling import (
    ON_REQUEST,
    PLANNING,
    content_of,
    notices,
    reached,
    refer,
    refused,
    standing,
    state,
    taken,
    verdicts,
    withheld,
)
from tests.support import events
from tests.support.party import Answer, Party
from tests.support.persons import BO
from tests.support.town import Town

STADSDELAR = ("sd-jarva", "sd-sodermalm")
TORGS = ("jt-jarva", "jt-innerstaden")


@pytest.mark.parametrize(
    ("day", "stadsdel"), [("2022-03-01", "sd-rinkeby-kista"), ("2026-03-02", "sd-jarva")], ids=["2022", "2026"]
)
async def test_kista_is_the_stadsdel_that_it_belongs_to_on_the_day(build_town: Build, day: str, stadsdel: str) -> None:
    town = await build_town(day)
    jobbtorg = town.party("jt-jarva")
    case = await refer_bo(town.party(stadsdel))
    answer = await jobbtorg.tell("referral.answered", case, person=BO, to=[{"unit": "kista"}], content=time_on(day))
    assert reached(answer) == {stadsdel}


async def test_bo_is_not_reached(build_town: Build) -> None:
    town = await build_town("2026-03-02")
    jarva, jobbtorg = town.party("sd-jarva"), town.party("jt-jarva")
    case = await refer_bo(jarva)
    taken(await jobbtorg.tell("referral.answered", case, person=BO, content=time_on("2026-03-05")))

    # Nobody has missed what is still to come, and the first attempt is the first.
    town.turn_to("2026-03-04")
    assert refused(await missed(jobbtorg, case, 1, "2026-03-05")) == (422, "SCHEMA_INVALID")
    town.turn_to("2026-03-06", "10:00")
    assert refused(await missed(jobbtorg, case, 2, "2026-03-05")) == (409, "STATE_CONFLICT")
    first = await missed(jobbtorg, case, 1, "2026-03-05")
    assert (await content_of(jarva, first))["attempt_no"] == 1
    assert await state(jarva, case) == "no-show"

    # The case is not closed because nobody answered once, without a word of why.
    unreached = {"closing_reason": "unknown_no_contact", "evidence": "none", "self_supporting": "unknown"}
    unreached |= {"employment": None, "note": None}
    closing = await jobbtorg.tell("case.closed", case, person=BO, basis=ON_REQUEST, content=unreached)
    assert closing.status in (409, 422)
    town.turn_to("2026-03-13", "10:00")
    second = await missed(jobbtorg, case, 2, "2026-03-12")
    assert (await content_of(jarva, second))["attempt_no"] == 2

    # After the second attempt the stadsdel is told that it is time to do something.
    await town.look_at_the_clock()
    assert "t04b" in [notice["deadline"] for notice in await notices(jarva, "hub.deadline-due")]
    unreached |= {"note": "Två brev och två samtal utan svar."}
    taken(await jobbtorg.tell("case.closed", case, person=BO, basis=ON_REQUEST, content=unreached))
    assert await state(jarva, case) == "closed"


async def test_bo_moves_and_always_has_one_responsible_stadsdel(build_town: Build) -> None:
    town = await build_town("2026-03-02")
    jarva, sodermalm, jobbtorg = town.party("sd-jarva"), town.party("sd-sodermalm"), town.party("jt-jarva")
    case = await refer_bo(jarva)
    taken(await jobbtorg.tell("referral.answered", case, person=BO, content=time_on("2026-03-05")))
    town.turn_to("2026-03-06", "10:00")
    taken(await missed(jobbtorg, case, 1, "2026-03-05"))
    town.turn_to("2026-03-13", "10:00")
    taken(await missed(jobbtorg, case, 2, "2026-03-12"))

    # He has moved. Järva tells Södermalm that he is known, as the law allows; for the rest he has not been asked.
    town.turn_to("2026-05-01")
    sent = await transfer(jarva, case, "sent")
    assert verdicts(sent) == {"sd-sodermalm": ("redact", None)}
    assert withheld(sent, "sd-sodermalm") == {"/content/open_items", "/content/documents_moved", "/content/reason"}
    seen = await content_of(sodermalm, sent)
    assert set(seen) == {"step", "from_unit", "to_unit", "effective_on", "responsible_until_accept"}
    assert await responsible(town, case) == ["sd-jarva"]

    # Until Södermalm has accepted Järva has him, whoever tries what.
    for party, step in ((jarva, "sent"), (jarva, "accepted"), (town.party("sd-bromma"), "accepted")):
        assert (await transfer(party, case, step)).status in (403, 404, 409)
        assert await responsible(town, case) == ["sd-jarva"]
    third = await missed(jobbtorg, case, 3, "2026-04-30")
    assert reached(third) == {"sd-jarva"}
    assert await responsible(town, case) == ["sd-jarva"]

    # Two days later it has. What the jobbtorg has to tell goes to Södermalm now.
    town.turn_to("2026-05-03")
    accepted = await transfer(sodermalm, case, "accepted")
    assert reached(accepted) == {"sd-jarva"}
    assert await responsible(town, case) == ["sd-sodermalm"]
    for party, step in ((sodermalm, "accepted"), (jarva, "sent")):
        assert (await transfer(party, case, step)).status in (403, 409)
        assert await responsible(town, case) == ["sd-sodermalm"]

    # What Järva asked to be told, Södermalm has not asked. With Bo's consent to the new stadsdel the old jobbtorg
    # closes, and Södermalm refers him to its own.
    transferred = {"closing_reason": "transferred", "evidence": "none", "self_supporting": "unknown"}
    transferred |= {"employment": None, "note": None}
    closing: dict[str, Any] = {"person": BO, "content": transferred}
    assert refused(await jobbtorg.tell("case.closed", case, basis=ON_REQUEST, **closing)) == (403, "NO_BASIS")
    edges = events.both_ways("sdn-sodermalm", "amn", (*PLANNING, "OU"))
    taken(await sodermalm.record(person=BO, edges=edges))
    assert reached(await jobbtorg.tell("case.closed", case, **closing, basis=BY_CONSENT)) == {"sd-sodermalm"}
    assert await responsible(town, case) == ["sd-sodermalm"]
    renewed = taken(await refer(sodermalm, BO))["case"]
    assert renewed != case
    now = await standing(town.party("jt-innerstaden"), renewed)
    assert now["responsible"] == {"stadsdel": "sd-sodermalm", "jobbtorg": "jt-innerstaden", "team": None}


async def test_with_a_consent_the_new_stadsdel_takes_over_what_goes_on(build_town: Build) -> None:
    town = await build_town("2026-03-02")
    jarva, sodermalm = town.party("sd-jarva"), town.party("sd-sodermalm")
    case = await refer_bo(jarva)
    edges = [events.edge("sdn-jarva", "sdn-sodermalm", ["ID", "ST", "PL"])]
    taken(await jarva.record(person=BO, purpose="case_transfer", edges=edges))
    sent = await transfer(jarva, case, "sent")
    assert verdicts(sent) == {"sd-sodermalm": ("deliver", None)}
    assert [item["kind"] for item in (await content_of(sodermalm, sent))["open_items"]] == [
        "plan",
        "appointment",
        "activity",
    ]


async def refer_bo(stadsdel: Party) -> str:
    authority = f"sdn-{stadsdel.unit.removeprefix('sd-')}"
    taken(await stadsdel.record(person=BO, edges=events.both_ways(authority, "amn", PLANNING)))
    referral = await refer(stadsdel, BO)
    assert reached(referral) <= set(TORGS)
    case: str = taken(referral)["case"]
    return case


def time_on(day: str) -> dict[str, Any]:
    appointment = {"date_time": f"{day}T10:00:00+01:00", "place_unit": "jt-jarva", "mode": "visit"}
    return {"appointment": {**appointment, "interpreter_booked": False}}


async def missed(jobbtorg: Party, case: str, attempt: int, day: str) -> Answer:
    tried = [{"at": f"{day}T10:30:00+01:00", "contact_result": "not_reached"}]
    content = {
        "appointment_at": f"{day}T10:00:00+01:00",
        "attempt_no": attempt,
        "contact_attempts": tried,
        "new_time": None,
        "analysis_note": None,
    }
    return await jobbtorg.tell("appointment.missed", case, person=BO, content=content)


async def transfer(party: Party, case: str, step: str) -> Answer:
    to, content = {"sent": "sd-sodermalm", "accepted": "sd-jarva"}[step], {"step": step}
    if step == "accepted":
        left_out = ("open_items", "documents_moved", "responsible_until_accept", "reason")
        content |= dict.fromkeys(left_out)  # type: ignore[arg-type]
    return await party.tell("case.transferred", case, person=BO, to=[{"unit": to}], basis=BY_LAW, content=content)


BY_CONSENT = [("sd", "CONSENT", None)]
# That he is known at the other stadsdel (SoL 2025:400 15:8), and what a consent may add.
BY_LAW = [("sd", "SOL_15_8", None), ("sd", "CONSENT", None)]


async def responsible(town: Town, case: str) -> list[str]:
    """The stadsdelar that count as responsible, each asked what it knows of the case itself."""
    found = []
    for unit in STADSDELAR:
        answer = await town.party(unit).call("GET", f"/v1/cases/{case}")
        if answer.status == 200 and answer.json["responsible"]["stadsdel"] == unit:
            found.append(unit)
    return found
