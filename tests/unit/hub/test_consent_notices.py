"""Who hears of a consent: also the jobbtorg that has the case, and nobody learns of the case by it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.records import MessageKey
from tests.support import events, office, persons

AF = "af-stockholm"


def paper(hub: Hub, person: persons.Person = persons.ASTA, **content: Any) -> dict[str, Any]:
    edges = events.both_ways("af", "amn")
    return events.consent(
        at=hub.clock.now(), person=person, edges=edges, purpose="af_coordination", recorder=AF, **content
    )


def heard(hub: Hub, unit: str) -> list[str]:
    at = hub.clock.now()
    return [claim.type for claim in hub.reader.list_inbox(unit, limit=50, at=at) if claim.type.startswith("consent.")]


async def record(hub: Hub, **parts: Any) -> Accepted:
    answer = await office.send(hub, "consent.recorded", AF, paper(hub, **parts))
    assert isinstance(answer, Accepted)
    return answer


async def test_the_jobbtorg_that_has_the_case_hears_of_a_consent_that_another_authority_recorded(hub: Hub) -> None:
    await office.refer(hub)
    before = len(heard(hub, "jt-sydost"))
    await record(hub)
    assert len(heard(hub, "jt-sydost")) == before + 1
    assert heard(hub, "jt-vasterort") == []


async def test_the_recorder_does_not_learn_from_its_receipt_that_there_is_a_case(hub: Hub) -> None:
    unknown = await record(hub, person=persons.BO)
    await office.refer(hub)
    known = await record(hub)
    assert known.receipt["recipients"] == unknown.receipt["recipients"] == []
    dry = await hub.explain(_envelope(hub, paper(hub)), AF)
    assert isinstance(dry, Accepted)
    assert dry.receipt["recipients"] == []
    key = MessageKey(f"/units/{AF}", known.receipt["id"])
    assert [each.unit_id for each in hub.reader.list_deliveries(key)] == ["jt-sydost"]


def _envelope(hub: Hub, body: dict[str, Any]) -> Any:
    from schemas import envelope as envelopes

    return envelopes.parse_structured(events.event("consent.recorded", AF, body, at=hub.clock.now()))


async def test_it_hears_of_the_withdrawal_too(hub: Hub) -> None:
    await office.refer(hub)
    body = paper(hub)
    await office.send(hub, "consent.recorded", AF, body)
    withdrawal = events.withdrawal(body["content"]["consent_id"], at=hub.clock.now())
    answer = await office.send(hub, "consent.withdrawn", AF, withdrawal)
    assert isinstance(answer, Accepted)
    assert heard(hub, "jt-sydost")[-1] == "consent.withdrawn"


async def test_a_consent_that_does_not_concern_the_city_is_not_told_there(hub: Hub) -> None:
    await office.refer(hub)
    before = heard(hub, "jt-sydost")
    body = events.consent(
        at=hub.clock.now(), edges=events.both_ways("af", "fk"), purpose="finsam_joint_planning", recorder=AF
    )
    assert isinstance(await office.send(hub, "consent.recorded", AF, body), Accepted)
    assert heard(hub, "jt-sydost") == before


@pytest.mark.parametrize("capable", ["yes", "unclear"])
async def test_recorder_and_covered_parties_hear_that_a_consent_waits_for_people(hub: Hub, capable: str) -> None:
    await office.refer(hub)
    answer = await record(hub, decision_capable=capable)
    doubtful = capable == "unclear"
    told = [(AF, answer.receipt["id"]), ("jt-sydost", answer.receipt["id"])]
    found = [
        (unit, notice["message_id"])
        for unit in (AF, "jt-sydost")
        for notice in await office.notices(hub, unit, "hub.manual-handling")
    ]
    assert found == (told if doubtful else [])
    warned = [each["code"] for each in answer.receipt["warnings"]]
    assert warned == (["CONSENT_SUSPENDED"] if doubtful else [])
