"""The joint plan: FK brings a case to the FINSAM team; the region may not know until the person says so."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from hub.demo.persons import JONNA
from hub.demo.stage import FINSAM, Stage, by_consent, consent, handling
from hub.demo.stage import day as day_from_now

FK, TEAM, STADSDEL = "fk-stockholm", "team-sydost", "sd-skarpnack"
OFFICER, COORDINATOR = "personlig handläggare", "samordnare"
SHARED = ["ID", "ST", "PL", "FN"]
SEATS = ["sd", "jt", "af", "fk", "rg"]


async def play(stage: Stage) -> str | None:
    """Plays it and gives the case id."""
    first = consent(
        JONNA,
        FK,
        OFFICER,
        FINSAM,
        [("fk", recipient, SHARED) for recipient in ("sdn-skarpnack", "amn", "af")],
    )
    consent_id = first["content"]["consent_id"]
    await stage.send(FK, "consent.recorded", first, remark="stadsdel, jobbtorg och AF, inte regionen")
    initiated = await stage.send(
        FK, "finsam.case-initiated", initiation(consent_id), remark="önskar stadsdel, jobbtorg, AF och region"
    )
    if initiated is None or initiated.case is None:
        return None
    case = initiated.case
    await stage.send(FK, "consent.recorded", second(consent_id), case=case, remark="version 2: nu även regionen")
    await stage.send(TEAM, "finsam.case-screened", screening(consent_id), case=case, remark="tas upp, alla kallas")
    await stage.send(
        TEAM,
        "finsam.joint-plan-recorded",
        joint_plan(consent_id, present=False),
        case=case,
        remark="utan den det gäller",
    )
    await stage.send(
        TEAM,
        "finsam.joint-plan-recorded",
        joint_plan(consent_id, present=True),
        case=case,
        remark="tillsammans; hälsouppgiften når bara dem som får ha den",
    )
    return case


def initiation(
    consent_id: str, *, person: Mapping[str, str] = JONNA, stadsdel: str = STADSDEL, seats: Sequence[str] = SEATS
) -> dict[str, Any]:
    """FK asks the team to take the case up; `seats` are the kinds that the consent covers."""
    return {
        "handling": handling(
            FINSAM,
            SHARED,
            function="rehabilitering",
            role=OFFICER,
            to=[{"team": TEAM}, {"unit": stadsdel}],
            basis=[by_consent(kind, consent_id, OFFICER) for kind in ("team", *seats)],
        ),
        "person": person,
        "content": {
            "mode": "named",
            "question": "Hur kan vägen tillbaka till arbete se ut?",
            "tried_measures": [{"text": "Arbetsträning i två månader", "party": "jt"}],
            "wished_seats": ["sd", "jt", "af", "rg"],
            "person_wish": "Vill börja med några timmar om dagen.",
            "target_group_flags": ["needs_several_parties", "sick_listed_no_sgi"],
            "initiator_function": "rehabilitering",
            "urgency": "normal",
            "parts": [{"text": "Orkar omkring tre timmar om dagen.", "category": "FN"}],
            "consent_id": consent_id,
        },
    }


def second(consent_id: str) -> dict[str, Any]:
    """The same consent with the region in it, and health only between those whose work it is."""
    edges: list[tuple[str, str, Sequence[str]]] = [
        ("fk", recipient, SHARED) for recipient in ("sdn-skarpnack", "amn", "af", "rg")
    ]
    edges += [("amn", recipient, [*SHARED, "HE"]) for recipient in ("fk", "rg", "sdn-skarpnack")]
    edges += [("amn", "af", SHARED)]
    excluded = [{"recipient_authority": "af", "category": "HE"}]
    return consent(JONNA, FK, OFFICER, FINSAM, edges, consent_id=consent_id, version=2, excluded=excluded)


def screening(consent_id: str, *, person: Mapping[str, str] = JONNA) -> dict[str, Any]:
    return {
        "handling": to_seats(consent_id, ["ID", "ST"]),
        "person": person,
        "content": {"decision": "accepted", "seats_called": SEATS},
    }


def joint_plan(consent_id: str, *, present: bool) -> dict[str, Any]:
    return {
        "handling": to_seats(consent_id, ["ID", "PL", "FN", "HE"]),
        "person": JONNA,
        "content": {
            "plan_id": str(uuid.uuid4()),
            "version": 1,
            "participant_present": present,
            "held_on": day_from_now(0),
            "goal": "Arbete på halvtid till hösten.",
            "items": [
                _item("p1", "Kontakt med en arbetsgivare", "af", 45, "PL"),
                _item("p2", "Tre timmar per dag, fem dagar i veckan", "jt", 60, "FN"),
                _item("p3", "Ny kontakt i vården", "rg", 30, "HE"),
            ],
            "lead_party": "fk",
            "next_follow_up": day_from_now(60),
            "participant_view": "Det känns rimligt.",
            "agreed_by_seats": SEATS,
        },
    }


def to_seats(consent_id: str, categories: Sequence[str]) -> dict[str, Any]:
    """How the coordinator addresses every seat."""
    return handling(
        FINSAM,
        categories,
        function="samordning",
        role=COORDINATOR,
        to=[{"team": TEAM, "seat": seat} for seat in SEATS],
        basis=[by_consent(kind, consent_id, COORDINATOR) for kind in SEATS],
    )


def _item(item_id: str, what: str, party: str, due: int, category: str) -> dict[str, str]:
    return {"item_id": item_id, "what": what, "by_party_kind": party, "due": day_from_now(due), "category": category}
