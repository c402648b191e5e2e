"""What waits for somebody, so that whoever signs in to the pages has something to open: a new case for the team, and
a call to a meeting for every seat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.demo.joint_plan import FK, OFFICER, SEATS, SHARED, TEAM, initiation, screening, to_seats
from hub.demo.persons import BO, CAI
from hub.demo.stage import CLOCK, FINSAM, Stage, consent

STADSDEL = "sd-farsta"


async def play(stage: Stage) -> None:
    """Leaves both unopened."""
    await _call_to_a_meeting(stage)
    consent_id = await _consent(stage, CAI)
    case = initiation(consent_id, person=CAI, stadsdel=STADSDEL)
    await stage.send(FK, "finsam.case-initiated", case, remark="ligger oöppnat hos teamet", opened=False)


async def _call_to_a_meeting(stage: Stage) -> None:
    consent_id = await _consent(stage, BO)
    begun = await stage.send(FK, "finsam.case-initiated", initiation(consent_id, person=BO, stadsdel=STADSDEL))
    if begun is None or begun.case is None:
        return
    await stage.send(TEAM, "finsam.case-screened", screening(consent_id, person=BO), case=begun.case)
    call = _call(consent_id)
    remark = "ligger oöppnad hos varje part"
    await stage.send(TEAM, "finsam.meeting-called", call, case=begun.case, remark=remark, opened=False)


async def _consent(stage: Stage, person: Mapping[str, str]) -> str:
    """One consent for all parties, recorded by FK; its id."""
    edges = [("fk", recipient, SHARED) for recipient in ("sdn-farsta", "amn", "af", "rg")]
    edges += [("amn", recipient, SHARED) for recipient in ("sdn-farsta", "af", "fk", "rg")]
    recorded = consent(person, FK, OFFICER, FINSAM, edges)
    await stage.send(FK, "consent.recorded", recorded, remark="alla parter i teamet")
    return str(recorded["content"]["consent_id"])


def _call(consent_id: str) -> dict[str, Any]:
    at = CLOCK.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    return {
        "handling": to_seats(consent_id, ["ID", "ST"]),
        "person": BO,
        "content": {
            "at": at.isoformat(),
            "place_unit": "jt-sydost",
            "participants_expected": SEATS,
            "participant_informed": True,
            "agenda": "Första planeringen.",
        },
    }
