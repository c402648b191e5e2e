"""Several authorities at work at once, each remembering what the hub has promised it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.support import events, persons
from tests.support import field as fields
from tests.support.field import Field
from tests.support.party import Party

# What a client meets when the hub is gone in the middle of a call.
CUT = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)


@dataclass(slots=True)
class Promises:
    """Receipts by sender, and every answer's status."""

    receipts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0

    def note(self, unit: str, status: int, body: Any) -> None:
        self.statuses[status] += 1
        if status in (200, 202):
            self.receipts.append((unit, body))


async def keep_telling(unit: Party, receiver: str, promises: Promises, stop: asyncio.Event) -> None:
    """One notice of a consent after another, as fast as they are answered, until the hub is gone."""
    authority = fields.authority_of(unit.unit)
    edges = [events.edge(authority, fields.authority_of(receiver))]
    while not stop.is_set():
        event = unit.event(
            "consent.recorded", events.consent(at=datetime.now(UTC), person=persons.BO, edges=edges, recorder=unit.unit)
        )
        await _tell(unit, event, promises, stop)


async def keep_planning(case: fields.OpenCase, promises: Promises, stop: asyncio.Event, begin: int = 1) -> None:
    """Proposals and decisions in one case, to and fro, so that its sequences grow on both sides."""
    version = begin
    while not stop.is_set():
        content = {"plan_id": case.plan_id, "version": version}
        body = events.data("plan.proposed", at=datetime.now(UTC), person=case.person, content=content)
        event = case.jobbtorg.event("plan.proposed", body, subject=case.case_id)
        await _tell(case.jobbtorg, event, promises, stop)
        body = events.data(
            "plan.decided", at=datetime.now(UTC), person=case.person, content={**content, "decision": "approved"}
        )
        event = case.stadsdel.event("plan.decided", body, subject=case.case_id)
        await _tell(case.stadsdel, event, promises, stop)
        version += 1


async def _tell(unit: Party, event: dict[str, Any], promises: Promises, stop: asyncio.Event) -> None:
    try:
        answer = await unit.post(event)
    except CUT:
        promises.cut += 1
        stop.set()
        return
    promises.note(unit.unit, answer.status, answer.json if answer.status < 500 else None)
    if answer.status == 503:
        stop.set()


async def find_broken_promises(field: Field, promises: Promises) -> list[str]:
    """Receipts that the hub does not know any more, or tells otherwise."""
    broken = []
    for unit, receipt in promises.receipts:
        answer = await field.party(unit).sent(receipt["id"])
        if answer.status != 200:
            broken.append(f"{receipt['id']} of {unit}: {answer.status}")
            continue
        if answer.json["log"] != receipt["log"]:
            broken.append(f"{receipt['id']} of {unit}: another place in the log")
        promised = {row["unit"]: row["delivery"] for row in receipt["recipients"]}
        if {row["unit"]: row["delivery"] for row in answer.json["recipients"]} != promised:
            broken.append(f"{receipt['id']} of {unit}: other deliveries")
    return broken


async def list_all(unit: Party) -> list[dict[str, Any]]:
    """A whole inbox, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await unit.call("GET", "/v1/inbox", params={"limit": "500", **cursor})).json
        items += page["items"]
        if len(page["items"]) < 500:
            return items
        cursor = {"cursor": page["next"]}


async def find_faults(field: Field, units: list[str], promises: Promises) -> list[str]:
    """What must never be, whatever happened before: doubles, gaps, and a promised copy that is not there."""
    faults = await find_broken_promises(field, promises)
    delivered: set[str] = set()
    for name in units:
        items = await list_all(field.party(name))
        delivered |= {item["delivery"] for item in items}
        messages = Counter((item["source"], item["message"]) for item in items)
        faults += [f"{key} twice in the inbox of {name}" for key, times in messages.items() if times > 1]
        by_case: dict[str, list[int]] = {}
        for item in items:
            if item["subject"] is not None:
                by_case.setdefault(item["subject"], []).append(item["sequence"])
        for case, numbers in by_case.items():
            if numbers != list(range(1, len(numbers) + 1)):
                faults.append(f"sequences of {case} at {name}: {numbers}")
    for unit, receipt in promises.receipts:
        missing = [row["unit"] for row in receipt["recipients"] if row["delivery"] and row["delivery"] not in delivered]
        faults += [f"{receipt['id']} of {unit} is not in the inbox of {name}" for name in missing if name in units]
    return faults
