"""Two authorities, two goals: Cai's jobbtorg wants the lasting way, his stadsdel the one that ends the support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.acceptance.conftest import Build
from tests.acceptance.telling import content_of, enrol, open_copy, refused, standing, state, taken, withheld
from tests.support import events
from tests.support.party import Answer, Party
from tests.support.persons import CAI
from tests.support.town import Town

TWO_YEARS = ("2026-03-02", "2028-01-31")
HALF_A_YEAR = ("2026-03-09", "2026-08-31")


@dataclass(frozen=True, slots=True)
class Dispute:
    """Cai's case and his plan, and the two that see it differently."""

    town: Town
    farsta: Party
    jobbtorg: Party
    case: str
    plan_id: str

    async def propose(self, version: int, period: tuple[str, str], **content: Any) -> Answer:
        """A vocational training over the period, with the word for it when it is longer than plans are."""
        begins, ends = period
        long_way = period == TWO_YEARS
        training = {
            "activity_id": f"training-{version}",
            "service_code": "long_vocational" if long_way else "short_vocational",
            "title": "Yrkesutbildning",
            "description": "Utbildning till kock.",
            "performing_unit": "jt-sydost",
            "start": begins,
            "planned_end": ends,
            "weekly_hours": 30,
            "goal_measure": "Yrkesbevis.",
            "follow_up_on": ends,
            "responsible_party_kind": "jt",
        }
        deviations = [{"kind": "gt_6_months", "ground": "Utbildningen är tvåårig."}] if long_way else None
        chosen = {
            "plan_id": self.plan_id,
            "version": version,
            "activities": [training],
            "weekly_hours_total": 30,
            "period": {"from": begins, "to": ends},
            "deviations": deviations,
            **content,
        }
        return await self.jobbtorg.tell("plan.proposed", self.case, person=CAI, content=chosen)

    async def decide(self, version: int, decision: str, *, sender: Party | None = None) -> Answer:
        content: dict[str, Any] = {"plan_id": self.plan_id, "version": version, "decision": decision}
        if decision == "returned":
            content |= {"returned_reason": "not_leading_to_support_end", "conditions": None}
        return await (sender or self.farsta).tell("plan.decided", self.case, person=CAI, content=content)

    async def dispute(self, version: int) -> Answer:
        content = {"plan_id": self.plan_id, "version": version}
        return await self.jobbtorg.tell("plan.disputed", self.case, person=CAI, content=content)

    async def settle(self, version: int, outcome: str, *, sender: Party | None = None) -> Answer:
        content = {"plan_id": self.plan_id, "version": version, "outcome": outcome}
        return await (sender or self.farsta).tell("plan.dispute-settled", self.case, person=CAI, content=content)

    async def state(self) -> str | None:
        return await state(self.farsta, self.case)


async def begin(build_town: Build) -> Dispute:
    town = await build_town("2026-02-09")
    farsta, jobbtorg = town.party("sd-farsta"), town.party("jt-sydost")
    case = await enrol(farsta, jobbtorg, CAI)
    return Dispute(town, farsta, jobbtorg, case, events.new_id())


async def test_the_two_disagree_and_settle_it(build_town: Build) -> None:
    cai = await begin(build_town)

    # Two years is longer than plans are: it must be said, and why.
    assert refused(await cai.propose(1, TWO_YEARS, deviations=None)) == (422, "SCHEMA_INVALID")
    taken(await cai.propose(1, TWO_YEARS))
    cai.town.turn_to("2026-02-12")
    returned = await cai.decide(1, "returned")
    assert (await content_of(cai.jobbtorg, returned))["returned_reason"] == "not_leading_to_support_end"
    assert await cai.state() == "planning"

    # The jobbtorg stands by it and says so, openly and with both positions.
    cai.town.turn_to("2026-02-16")
    taken(await cai.propose(2, TWO_YEARS))
    disputed = await cai.dispute(2)
    seen = await content_of(cai.farsta, disputed)
    assert [position["party_kind"] for position in seen["positions"]] == ["jt", "sd"]
    assert await cai.state() == "plan-disputed"

    # While they disagree nobody plans or decides on. The stadsdel, which approves, settles it.
    assert refused(await cai.propose(3, HALF_A_YEAR)) == (409, "STATE_CONFLICT")
    assert refused(await cai.decide(2, "approved")) == (409, "STATE_CONFLICT")
    assert refused(await cai.settle(2, "as_proposed", sender=cai.jobbtorg)) == (403, "SENDER_NOT_ALLOWED")
    cai.town.turn_to("2026-02-27")
    settled = await cai.settle(2, "as_changed")
    assert (await content_of(cai.jobbtorg, settled))["outcome"] == "as_changed"
    assert await cai.state() == "planning"

    taken(await cai.propose(3, HALF_A_YEAR))
    taken(await cai.decide(3, "approved"))
    after = await standing(cai.farsta, cai.case)
    assert after["state"] == "active"
    assert after["plans"] == {cai.plan_id: {"latest": 3, "in_force": 3}}


async def test_a_settlement_as_proposed_leaves_the_decision_to_the_stadsdel(build_town: Build) -> None:
    cai = await begin(build_town)
    taken(await cai.propose(1, TWO_YEARS))
    taken(await cai.dispute(1))
    taken(await cai.settle(1, "as_proposed"))
    assert await cai.state() == "plan-awaiting-approval"
    taken(await cai.decide(1, "approved"))
    assert await cai.state() == "active"


async def test_what_neither_may_do(build_town: Build) -> None:
    cai = await begin(build_town)
    taken(await cai.propose(1, TWO_YEARS))
    taken(await cai.decide(1, "returned"))
    assert refused(await cai.propose(3, HALF_A_YEAR)) == (409, "STALE_VERSION")
    taken(await cai.propose(2, HALF_A_YEAR))

    # A decision on what has been replaced, and one by those who made the plan.
    assert refused(await cai.decide(1, "approved")) == (409, "STALE_VERSION")
    assert refused(await cai.decide(2, "approved", sender=cai.jobbtorg)) == (403, "SENDER_NOT_ALLOWED")
    assert await cai.state() == "plan-awaiting-approval"
    taken(await cai.decide(2, "approved"))

    # Only what was approved begins: neither an activity of the version that was returned nor one of no plan.
    for activity in ("training-1", "a1"):
        assert refused(await start(cai, activity)) == (409, "NOT_APPROVED")
    taken(await start(cai, "training-2"))


async def test_the_receipt_of_a_plan_names_nothing_withheld_and_the_copy_is_whole(build_town: Build) -> None:
    cai = await begin(build_town)
    proposal = await cai.propose(1, HALF_A_YEAR)
    taken(proposal)
    assert withheld(proposal, "sd-farsta") == set()
    assert (await open_copy(cai.farsta, proposal))["data"]["content"]["person_goal"] == "Jag vill ha ett eget jobb."


async def start(cai: Dispute, activity: str) -> Answer:
    begins, ends = HALF_A_YEAR
    content = {
        "plan_id": cai.plan_id,
        "activity_id": activity,
        "service_code": "short_vocational",
        "start": begins,
        "planned_end": ends,
    }
    return await cai.jobbtorg.tell(
        "activity.started", cai.case, person=CAI, basis=[("sd", "SOL_15_9", None)], content=content
    )
