"""The sweep: what has come due is told once, whatever happens beside it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub import clock
from hub import deadlines as sweeping
from hub.deadlines import FireDeadlines
from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.records import AuditQuery
from schemas import envelope as envelopes
from tests.support import events


def now(hub: Hub) -> datetime:
    return hub.clock.now()


def advance(hub: Hub, **by: float) -> None:
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(**by))


async def send(hub: Hub, type_name: str, unit: str, body: Any, subject: str | None = None) -> Accepted:
    event = events.event(type_name, unit, body, at=now(hub), subject=subject)
    answer = await hub.accept(envelopes.parse_structured(event), unit)
    assert isinstance(answer, Accepted), answer
    return answer


async def refer(hub: Hub) -> str:
    await send(hub, "consent.recorded", "sd-farsta", events.consent(at=now(hub)))
    referral = await send(hub, "referral.submitted", "sd-farsta", events.data("referral.submitted", at=now(hub)))
    return str(referral.receipt["case"])


async def notices(hub: Hub, unit: str, name: str = "hub.deadline-due") -> list[Any]:
    found = []
    for claim in hub.reader.list_inbox(unit, limit=100, at=now(hub)):
        if claim.type == name:
            opened: Any = await hub.read(claim.delivery_id, unit)
            found.append(opened.event["data"]["content"])
    return found


async def test_a_referral_that_nobody_answers_is_told_and_escalated_once(hub: Hub) -> None:
    case_id = await refer(hub)
    told: list[Any] = []
    # Referred on a Monday at noon: due on Tuesday at midnight, the manager's a working day later.
    for hours, levels in ((35, []), (2, [1]), (22, [1]), (2, [1, 2]), (48, [1, 2])):
        advance(hub, hours=hours)
        await hub.sweep.sweep()
        told = [each for each in await notices(hub, "jt-sydost") if each["deadline"] == "t01"]
        assert [each["level"] for each in told] == levels
    assert {each["responsible_unit"] for each in told} == {"jt-sydost"}
    rows = hub.reader.list_audit(AuditQuery(case_id=case_id, limit=1000))
    assert [row.action for row in rows].count("deadline_due") == 2


async def test_an_answer_in_the_same_group_before_the_sweep_leaves_nothing_to_tell(hub: Hub) -> None:
    case_id = await refer(hub)
    advance(hub, hours=40)
    body = events.data("referral.answered", at=now(hub))
    await asyncio.gather(
        send(hub, "referral.answered", "jt-sydost", body, case_id), hub.group.submit(FireDeadlines(case_id))
    )
    assert await notices(hub, "jt-sydost") == []


async def test_a_sweep_before_the_answer_in_the_same_group_tells_and_the_answer_counts(hub: Hub) -> None:
    case_id = await refer(hub)
    advance(hub, hours=40)
    body = events.data("referral.answered", at=now(hub))
    await asyncio.gather(
        hub.group.submit(FireDeadlines(case_id)), send(hub, "referral.answered", "jt-sydost", body, case_id)
    )
    assert [each["deadline"] for each in await notices(hub, "jt-sydost")] == ["t01"]
    case = hub.reader.find_cases([case_id])[case_id].case
    assert case.state == "appointment-offered"
    advance(hub, days=1)
    await hub.sweep.sweep()
    assert [each["deadline"] for each in await notices(hub, "jt-sydost")] == ["t01"]


async def test_a_fault_in_one_case_does_not_stop_the_others(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = await refer(hub)
    advance(hub, hours=40)
    real = sweeping.DeadlineFiring.handle
    tried: list[str] = []

    def handle(self: Any, ledger: Any, command: FireDeadlines) -> None:
        tried.append(command.case_id)
        if command.case_id == "broken":
            raise RuntimeError
        real(self, ledger, command)

    monkeypatch.setattr(sweeping.DeadlineFiring, "handle", handle)
    found = hub.sweep._list_cases
    monkeypatch.setattr(hub.sweep, "_list_cases", lambda at, limit: ["broken", *found(at, limit)])
    await hub.sweep.sweep()
    assert {"broken", case_id} <= set(tried)
    assert [each["deadline"] for each in await notices(hub, "jt-sydost")] == ["t01"]


async def test_the_end_of_a_consent_is_announced_twice_to_who_recorded_it(hub: Hub) -> None:
    await send(hub, "consent.recorded", "sd-farsta", events.consent(at=now(hub)))  # for 180 days
    told = []
    for days in (149, 1, 1, 21, 1, 1, 6, 10):
        advance(hub, days=days)
        await hub.sweep.sweep()
        await hub.sweep.sweep()
        told.append([each["days_left"] for each in await notices(hub, "sd-farsta", "hub.consent-expiring")])
    assert told == [[], [30], [30], [30], [30, 7], [30, 7], [30, 7], [30, 7]]
    assert await notices(hub, "jt-sydost", "hub.consent-expiring") == []
