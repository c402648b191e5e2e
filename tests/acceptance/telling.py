"""Words in which the stories are told: what became of a message, what a recipient reads, how a case stands."""

from __future__ import annotations

from typing import Any

from tests.support import events
from tests.support.party import Answer, Party, delivery_of
from tests.support.persons import Person

# What a stadsdel and a jobbtorg usually need to tell each other.
PLANNING = ("ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "PL")
# The stadsdel has asked for reports with its referral (SoL 2025:400 15:9).
ON_REQUEST = [("sd", "SOL_15_9", None)]


def taken(answer: Answer) -> dict[str, Any]:
    """The receipt of a message that was accepted."""
    assert answer.status == 202, answer.body.decode()
    receipt: dict[str, Any] = answer.json
    assert receipt["status"] == "accepted"
    return receipt


def refused(answer: Answer) -> tuple[int, str | None]:
    assert answer.status != 202, answer.body.decode()
    return answer.status, answer.code


def verdicts(answer: Answer) -> dict[str, tuple[str, str | None]]:
    return {row["unit"]: (row["verdict"], row["code"]) for row in answer.json["recipients"]}


def reached(answer: Answer) -> set[str]:
    """The units that get a copy, whole or not."""
    return {row["unit"] for row in taken(answer)["recipients"] if row["delivery"] is not None}


def withheld(answer: Answer, unit: str) -> set[str]:
    (found,) = [row["withheld"] for row in answer.json["recipients"] if row["unit"] == unit]
    return set(found)


async def open_copy(party: Party, answer: Answer) -> dict[str, Any]:
    copy = await party.read(delivery_of(answer, party.unit))
    assert copy.status == 200, copy.body.decode()
    event: dict[str, Any] = copy.json
    return event


async def content_of(party: Party, answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = (await open_copy(party, answer))["data"]["content"]
    return found


async def standing(party: Party, case: str) -> dict[str, Any]:
    """The case as this party sees it."""
    answer = await party.call("GET", f"/v1/cases/{case}")
    assert answer.status == 200, answer.body.decode()
    found: dict[str, Any] = answer.json
    return found


async def state(party: Party, case: str) -> str | None:
    found: str | None = (await standing(party, case))["state"]
    return found


async def notices(party: Party, name: str) -> list[dict[str, Any]]:
    """What the hub itself has told the party and nobody has fetched yet."""
    found = []
    for item in await party.inbox():
        if item["type"] == f"se.samverkan.{name}":
            copy = await party.read(item["delivery"])
            assert copy.status == 200
            found.append(copy.json["data"]["content"])
    return found


async def refer(stadsdel: Party, person: Person, **parts: Any) -> Answer:
    """A referral of somebody whose other support is nobody's concern."""
    content = {"support_ongoing": None, **parts.pop("content", {})}
    return await stadsdel.tell("referral.submitted", person=person, content=content, **parts)


async def enrol(stadsdel: Party, jobbtorg: Party, person: Person, edges: Any = None) -> str:
    """As far as an enrolment: consent, referral, a time, and the person came. Gives the case."""
    authority = f"sdn-{stadsdel.unit.removeprefix('sd-')}"
    taken(await stadsdel.record(person=person, edges=edges or events.both_ways(authority, "amn", PLANNING)))
    case: str = taken(await refer(stadsdel, person))["case"]
    taken(await jobbtorg.tell("referral.answered", case, person=person))
    taken(await jobbtorg.tell("enrolment.confirmed", case, person=person))
    return case


async def approve_plan(stadsdel: Party, jobbtorg: Party, case: str, person: Person) -> dict[str, Any]:
    """A plan with the activities a1 and a2 in force. Gives its id and version."""
    plan = {"plan_id": events.new_id(), "version": 1}
    taken(await jobbtorg.tell("plan.proposed", case, person=person, content=plan))
    taken(await stadsdel.tell("plan.decided", case, person=person, content={**plan, "decision": "approved"}))
    return plan
