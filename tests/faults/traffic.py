"""Authorities that never give up: senders send until they have a receipt, recipients take over in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.faults.history import History
from tests.support import events
from tests.support.field import Field, OpenCase
from tests.support.party import Party

UNKNOWN = (aiohttp.ClientError, TimeoutError, ConnectionError, OSError)
PAUSE = 0.05
RECOVERY_SECONDS = 60.0


async def call(party: Party, method: str, path: str, **parts: Any) -> Any:
    """The answer, asked for until there is one that says something."""
    while True:
        try:
            async with asyncio.timeout(15):
                answer = await party.call(method, path, **parts)
        except UNKNOWN:
            await asyncio.sleep(PAUSE)
            continue
        if answer.status not in (429, 502, 503):
            return answer
        await asyncio.sleep(PAUSE)


async def send(history: History, party: Party, event: dict[str, Any]) -> Any:
    """As a supplier's outbox does: the same event with the same id until there is a receipt."""
    raw = {"json": event, "headers": {"Content-Type": "application/cloudevents+json"}}
    history.note("sent", message=event["id"], unit=party.unit)
    answer = await call(party, "POST", "/v1/messages", **raw)
    if answer.status in (200, 202):
        receipt = answer.json
        history.note(
            "receipt",
            message=event["id"],
            unit=party.unit,
            index=receipt["log"]["index"],
            leaf=receipt["log"]["leaf"],
            deliveries=[row["delivery"] for row in receipt["recipients"] if row["delivery"]],
        )
    return answer


def plan_event(
    case: OpenCase, version: int, decision: str | None, at: datetime | None = None
) -> tuple[Party, dict[str, Any]]:
    """A proposal, or the decision on it; `at` is when it is sent."""
    at = at or datetime.now(UTC)
    content: dict[str, Any] = {"plan_id": case.plan_id, "version": version}
    sender, kind = (case.jobbtorg, "plan.proposed") if decision is None else (case.stadsdel, "plan.decided")
    if decision is not None:
        content["decision"] = decision
    body = events.data(kind, at=at, person=case.person, content=content)
    return sender, events.event(kind, sender.unit, body, at=at, subject=case.case_id)


def pause_before(version: int) -> float:
    """A plan has at most 999 versions, and a night is long: they last more than three hours."""
    return PAUSE if version < 500 else 3.0 if version < 800 else 60.0


async def keep_planning(history: History, case: OpenCase, stop: asyncio.Event) -> int:
    """Proposals and decisions to and fro until told to stop; how many were accepted."""
    plans = (await call(case.stadsdel, "GET", f"/v1/cases/{case.case_id}")).json["plans"]
    version, accepted = plans.get(case.plan_id, {"latest": 0})["latest"] + 1, 0
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_before(version))
        for decision in (None, "approved"):
            answer = await send(history, *plan_event(case, version, decision))
            assert answer.status in (200, 202), answer.body
            accepted += 1
        version += 1
    return accepted


async def keep_taking(history: History, party: Party, stop: asyncio.Event) -> None:
    """Lists, reads, takes over in the order of each case, acknowledges."""
    while not stop.is_set():
        answer = await call(party, "GET", "/v1/inbox?limit=100&wait=1")
        for item in sorted(answer.json["items"], key=lambda item: item["sequence"]):
            await take(history, party, item)


async def take(history: History, party: Party, item: dict[str, Any]) -> None:
    delivery, began = item["delivery"], round(time.monotonic(), 4)
    read = await call(party, "GET", item["dataref"])
    # What belongs to no case has no order to keep.
    lane, sequence = (item["subject"], item["sequence"]) if item["subject"] else (delivery, 1)
    if read.status == 200:
        history.note("read", delivery=delivery, unit=party.unit, lane=lane, began=began)
        history.take(party.unit, delivery, message=item["message"], lane=lane, sequence=sequence)
    elif read.status == 410:
        history.note("withheld", delivery=delivery, unit=party.unit, lane=lane, sequence=sequence)
    acked = await call(party, "POST", f"/v1/inbox/{delivery}/ack")
    if acked.status == 204:
        history.note("acked", delivery=delivery, unit=party.unit)


Taker = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@asynccontextmanager
async def load(
    history: History, cases: Sequence[OpenCase], by_queue: Mapping[str, Taker] | None = None
) -> AsyncIterator[None]:
    """Plans go to and fro in all these cases while it lasts; afterwards everything has to arrive, within a minute.

    `by_queue`: units that do not look into their mailbox but are told by their queue."""
    stop_sending, stop_taking = asyncio.Event(), asyncio.Event()
    parties = {party.unit: party for case in cases for party in (case.jobbtorg, case.stadsdel)}
    own = by_queue or {}
    takers = [asyncio.create_task(own[unit](stop_taking)) for unit in own]
    takers += [
        asyncio.create_task(keep_taking(history, party, stop_taking))
        for unit, party in parties.items()
        if unit not in own
    ]
    senders = [asyncio.create_task(keep_planning(history, case, stop_sending)) for case in cases]
    try:
        yield
        stop_sending.set()
        async with asyncio.timeout(RECOVERY_SECONDS):
            assert sum(await asyncio.gather(*senders)) > 0
            for party in parties.values():
                while (await call(party, "GET", "/v1/inbox?limit=1")).json["items"]:
                    assert not any(taker.done() for taker in takers), "a recipient of this test's own has gone"
                    await asyncio.sleep(PAUSE)
    except BaseException:
        for task in takers:  # they would ask a hub for ever that does not come back
            task.cancel()
        raise
    finally:
        stop_sending.set()
        stop_taking.set()
        for task in senders:
            task.cancel()
        await asyncio.gather(*takers, *senders, return_exceptions=True)


async def open_cases(history: History, field: Field, count: int) -> list[OpenCase]:
    """Cases as far as an enrolment, whose beginnings have been taken over and stand in the history."""
    cases = [await field.enrol() for _ in range(count)]
    for case in cases:
        for party in (case.jobbtorg, case.stadsdel):
            listed = (await call(party, "GET", "/v1/inbox?limit=500")).json["items"]
            for item in sorted(listed, key=lambda item: (str(item["subject"]), item["sequence"])):
                await take(history, party, item)
    return cases
