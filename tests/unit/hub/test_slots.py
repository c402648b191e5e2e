"""Answers that must look alike come at the end of one stretch of time; all others come when they are ready."""

from __future__ import annotations

import asyncio
import math

import pytest

from hub import slots
from hub.service import Hub
from schemas import envelope as envelopes
from tests.support import events, office, persons


class Held:
    """A stretch of time that ends when the test says so, and tells when somebody begins to wait for its end."""

    def __init__(self) -> None:
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waited_for = asyncio.Event()
        self.is_set = False

    async def rest(self) -> None:
        self.waited_for.set()
        await self.end

    async def holds(self, answer: asyncio.Task[object]) -> bool:
        """Whether the answer waits for the end, which comes now."""
        waiting = asyncio.create_task(self.waited_for.wait())
        await asyncio.wait({answer, waiting}, return_when=asyncio.FIRST_COMPLETED)
        held = waiting.done() and not answer.done()
        waiting.cancel()
        if not self.end.done():
            self.end.set_result(None)
        await answer
        return held


@pytest.fixture
async def slot(monkeypatch: pytest.MonkeyPatch) -> Held:
    held, free = Held(), Held()
    free.end.set_result(None)  # for what a test prepares: a consent is one of those that wait
    monkeypatch.setattr(slots, "Slot", lambda: held if held.is_set else free)
    return held


async def is_held(hub: Hub, slot: Held, name: str, unit: str, subject: str | None, **parts: object) -> bool:
    slot.is_set = True
    return await slot.holds(asyncio.create_task(office.tell(hub, name, unit, subject, **parts)))


async def test_a_stranger_waits_for_the_end(hub: Hub, slot: Held) -> None:
    assert await is_held(hub, slot, "referral.answered", "jt-jarva", events.new_id())


async def test_who_writes_of_a_case_of_others_waits_too(hub: Hub, slot: Held) -> None:
    case, _, _ = await office.refer(hub)
    assert await is_held(hub, slot, "referral.answered", "jt-jarva", case)


@pytest.mark.parametrize("person", [persons.ASTA, persons.BO])
async def test_a_statutory_message_waits_whether_the_person_is_known(
    hub: Hub, slot: Held, person: persons.Person
) -> None:
    await office.refer(hub)
    parts = {"person": person, "to": [{"unit": "sd-farsta"}], "basis": [("sd", "SOL_15_11", None)]}
    assert await is_held(hub, slot, "af.status-notified", "af-stockholm", None, **parts)


async def test_nobody_else_waits(hub: Hub, slot: Held) -> None:
    case, _, _ = await office.refer(hub)
    assert not await is_held(hub, slot, "referral.answered", "jt-sydost", case)


async def test_who_tells_of_a_protection_waits_whether_anything_was_known(hub: Hub, slot: Held) -> None:
    flag = {"protected_identity": "sekretessmarkering"}
    assert await is_held(hub, slot, "referral.submitted", "sd-farsta", None, handling=flag)


async def test_the_dry_run_waits_as_the_message_would(hub: Hub, slot: Held) -> None:
    body = events.data("referral.answered", at=hub.clock.now())
    event = events.event("referral.answered", "jt-jarva", body, at=hub.clock.now(), subject=events.new_id())
    slot.is_set = True
    assert await slot.holds(asyncio.create_task(hub.explain(envelopes.parse_structured(event), "jt-jarva")))


async def test_who_records_a_consent_waits_whoever_hears_of_it(hub: Hub, slot: Held) -> None:
    assert await is_held(hub, slot, "consent.recorded", "sd-farsta", None, basis=[])


class Watch:
    """Stands for the module `time`: says what it is told to, and notes how long somebody wants to sleep."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize("worked", [0.0001, 0.0034, 0.0199, 0.0201, 0.0505])
async def test_work_and_rest_are_whole_stretches_together(monkeypatch: pytest.MonkeyPatch, worked: float) -> None:
    watch = Watch()
    monkeypatch.setattr(slots, "time", watch)
    slot = slots.Slot()
    watch.at += worked
    await slot.rest()
    (slept,) = watch.slept
    assert 0 <= slept <= slots.SLOT_SECONDS
    stretches = (worked + slept) / slots.SLOT_SECONDS
    assert stretches == pytest.approx(math.ceil(worked / slots.SLOT_SECONDS))
