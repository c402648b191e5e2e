"""A hub and the parties around it, and the straight way of a case as far as a test needs it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.support import events, persons
from tests.support.hub_process import HubProcess
from tests.support.party import Answer, Party
from tests.support.persons import Person

# Each stadsdel with its jobbtorg. Farsta stays free for the scenarios that name it.
CATCHMENTS = {
    "sd-skarpnack": "jt-sydost",
    "sd-enskede-arsta-vantor": "jt-sydost",
    "sd-skarholmen": "jt-sydvast",
    "sd-hagersten-alvsjo": "jt-sydvast",
    "sd-kungsholmen": "jt-innerstaden",
    "sd-sodermalm": "jt-innerstaden",
    "sd-norra-innerstaden": "jt-innerstaden",
    "sd-hasselby-vallingby": "jt-vasterort",
    "sd-bromma": "jt-vasterort",
    "sd-jarva": "jt-jarva",
}


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that a test may use as its own."""

    case_id: str
    person: Person
    stadsdel: Party
    jobbtorg: Party
    referral: Answer
    consent_id: str
    plan_id: str = field(default_factory=events.new_id)

    @property
    def authority(self) -> str:
        return authority_of(self.stadsdel.unit)

    async def propose(self, version: int, **content: Any) -> Answer:
        chosen = {"plan_id": self.plan_id, "version": version, **content}
        return await self.jobbtorg.tell("plan.proposed", self.case_id, person=self.person, content=chosen)

    async def decide(self, version: int, decision: str = "approved", **content: Any) -> Answer:
        chosen = {"plan_id": self.plan_id, "version": version, "decision": decision, **content}
        if decision == "returned":
            chosen.setdefault("returned_reason", "not_leading_to_support_end")
        return await self.stadsdel.tell("plan.decided", self.case_id, person=self.person, content=chosen)


def authority_of(stadsdel: str) -> str:
    return f"sdn-{stadsdel.removeprefix('sd-')}"


# Which person has a case where already, by data directory: one has one case at a time with each stadsdel.
_PAIRS: dict[str, Iterator[tuple[str, Person]]] = {}


class Field:
    """One hub seen from outside."""

    def __init__(self, session: aiohttp.ClientSession, hub: HubProcess) -> None:
        self.session = session
        self.hub = hub
        self._pairs = _PAIRS.setdefault(str(hub.data_dir), itertools.product(CATCHMENTS, persons.ADULTS))

    def party(self, unit: str) -> Party:
        return Party(self.session, self.hub, unit)

    def stranger(self, token: str = "") -> Party:
        return Party(self.session, self.hub, "nobody", token)

    async def get(self, path: str, **parameters: str) -> Answer:
        return await self.stranger().call("GET", path, params=parameters)

    async def refer(self, **content: Any) -> OpenCase:
        """A person with a consent and a referral, of a stadsdel where the person has no case yet."""
        unit, person = next(self._pairs)
        stadsdel, jobbtorg = self.party(unit), self.party(CATCHMENTS[unit])
        consent = await stadsdel.record(person=person, edges=events.both_ways(authority_of(unit), "amn"))
        assert consent.status == 202, consent.body
        referral = await stadsdel.tell("referral.submitted", person=person, content=content)
        assert referral.status == 202, referral.body
        # The registry's id stands in the basis that the receipt names.
        consent_id = referral.json["recipients"][0]["basis"]["consent"]
        return OpenCase(referral.json["case"], person, stadsdel, jobbtorg, referral, consent_id)

    async def enrol(self) -> OpenCase:
        """As far as an enrolment: a plan may be proposed."""
        case = await self.refer()
        for type_name in ("referral.answered", "enrolment.confirmed"):
            answer = await case.jobbtorg.tell(type_name, case.case_id, person=case.person)
            assert answer.status == 202, answer.body
        return case


def now() -> datetime:
    return datetime.now(UTC)
