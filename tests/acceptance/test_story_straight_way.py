"""The straight way: Asta from Farsta to Jobbtorg Sydost, from the referral to work, and how it went afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.acceptance.conftest import Build
from tests.acceptance.telling import (
    ON_REQUEST,
    PLANNING,
    content_of,
    notices,
    open_copy,
    refer,
    refused,
    standing,
    state,
    taken,
    verdicts,
)
from tests.support import events
from tests.support.persons import ASTA
from tests.support.town import Neighbour, Town


async def test_asta_goes_the_straight_way_to_work(build_town: Build) -> None:
    town = await build_town("2026-02-02")
    story = Straight(town)
    case = await story.is_referred()
    town.turn_to("2026-02-06", "11:00")
    await story.is_enrolled(case)
    town.turn_to("2026-02-12")
    plan = await story.gets_a_plan(case)
    await story.takes_part(case, plan)
    town.turn_to("2026-06-15")
    await story.finds_work(case)
    await story.is_asked_how_it_went(case)


class Straight:
    """Asta, and those around her."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.farsta, self.jobbtorg, self.af = (town.party(unit) for unit in ("sd-farsta", "jt-sydost", "af-stockholm"))

    async def is_referred(self) -> str:
        # She consents to what the stadsdel and the jobbtorg tell each other for the planning.
        taken(await self.farsta.record(person=ASTA, edges=events.both_ways("sdn-farsta", "amn", PLANNING)))
        referral = await refer(self.farsta, ASTA)
        assert verdicts(referral) == {"jt-sydost": ("deliver", None)}
        case: str = taken(referral)["case"]
        event = await open_copy(self.jobbtorg, referral)
        assert (event["subject"], event["sequence"]) == (case, "1")
        assert event["data"]["person"] == ASTA.as_data()
        assert event["data"]["content"]["receives_support"] is True

        # The next day she gets a time.
        self.town.turn_to("2026-02-03")
        taken(await self.jobbtorg.tell("referral.answered", case, person=ASTA))
        assert await state(self.farsta, case) == "appointment-offered"
        return case

    async def is_enrolled(self, case: str) -> None:
        taken(await self.jobbtorg.tell("enrolment.confirmed", case, person=ASTA))

        # Arbetsförmedlingen is told for a purpose of its own, which the first consent does not have.
        again = await self.jobbtorg.tell("enrolment.confirmed", case, **to_af())
        assert refused(again) == (403, "CONSENT_MISSING")
        edges = [events.edge("amn", "af", ["ID", "ST", "LM", "CO"])]
        taken(await self.jobbtorg.record(person=ASTA, purpose="af_coordination", edges=edges))
        told = await self.jobbtorg.tell("enrolment.confirmed", case, **to_af())
        taken(told)

        # The job guarantee: a signed plan within five working days.
        assert await self.open_deadlines(case) >= {"t05": "2026-02-13"}.items()

        # Four things: who she is, how to reach her, her registration, and whom to ask.
        seen = (await open_copy(self.af, told))["data"]
        assert seen["person"] == ASTA.as_data()
        assert set(seen["content"]) == {"contact", "af_registration", "coach_function"}

    async def gets_a_plan(self, case: str) -> dict[str, Any]:
        plan = {"plan_id": events.new_id(), "version": 1}
        proposal = await self.jobbtorg.tell("plan.proposed", case, person=ASTA, content=plan)
        taken(proposal)
        assert (await content_of(self.farsta, proposal))["weekly_hours_total"] == 12
        assert "t05" not in dict(await self.open_deadlines(case))

        # Nothing begins that the stadsdel has not approved. The five days have passed, and nobody is reminded of them.
        self.town.turn_to("2026-02-16")
        await self.town.look_at_the_clock()
        assert "t05" not in [notice["deadline"] for notice in await notices(self.jobbtorg, "hub.deadline-due")]
        early = await self.jobbtorg.tell("activity.started", case, person=ASTA, content={"plan_id": plan["plan_id"]})
        assert refused(early) == (409, "NOT_APPROVED")
        decision = {**plan, "decision": "approved"}
        taken(await self.farsta.tell("plan.decided", case, person=ASTA, content=decision))
        seen = await standing(self.farsta, case)
        assert seen["state"] == "active"
        assert seen["plans"] == {plan["plan_id"]: {"latest": 1, "in_force": 1}}
        return plan

    async def takes_part(self, case: str, plan: dict[str, Any]) -> None:
        of_plan = {"plan_id": plan["plan_id"]}
        started = await self.tell_farsta("activity.started", case, content=of_plan)
        assert (await content_of(self.farsta, started))["activity_id"] == "a1"

        # Week by week the stadsdel, which asked for it, hears when she was there.
        for monday in mondays("2026-02-23", weeks=4):
            self.town.turn_to((monday + timedelta(days=7)).isoformat())
            reported = await self.tell_farsta("attendance.reported", case, content=a_week_of_coaching(monday))
            rows = (await content_of(self.farsta, reported))["rows"]
            assert [row["status"] for row in rows] == ["present", "present", "absent_notified"]

        self.town.turn_to("2026-05-08", "15:00")
        ended = await self.tell_farsta("activity.ended", case, content=of_plan)
        assert (await content_of(self.farsta, ended))["goal_met"] == "yes"
        self.town.turn_to("2026-05-13")
        await self.tell_farsta("plan.reviewed", case, content=of_plan)
        assert await state(self.farsta, case) == "active"

    async def finds_work(self, case: str) -> None:
        closing = await self.tell_farsta("case.closed", case)
        content = await content_of(self.farsta, closing)
        assert (content["closing_reason"], content["evidence"]) == ("work_permanent", "stated_by_person")
        assert content["employment"]["extent_percent"] == 80

        # Arbetsförmedlingen learns the day, and nothing of why.
        told = await self.jobbtorg.tell("case.closed", case, **to_af())
        taken(told)
        assert set(await content_of(self.af, told)) == {"closed_on"}
        after = await standing(self.jobbtorg, case)
        assert after["state"] == "closed"
        assert after["responsible"] == {"stadsdel": "sd-farsta", "jobbtorg": "jt-sydost", "team": None}

    async def is_asked_how_it_went(self, case: str) -> None:
        # To be asked later is another purpose, and takes another yes.
        edges = [events.edge("amn", "sdn-farsta", ["ID", "OU"])]
        taken(await self.jobbtorg.record(person=ASTA, purpose="follow_up", edges=edges))
        self.town.turn_to("2026-07-15")
        early = await self.follow_up(case)
        assert refused(early) == (422, "SCHEMA_INVALID")
        assert [error["pointer"] for error in early.json["errors"]] == ["/data/content/months_after"]
        self.town.turn_to("2026-09-15")
        asked = await self.follow_up(case)
        taken(asked)
        assert (await content_of(self.farsta, asked))["occupation"] == "works"
        assert await state(self.jobbtorg, case) == "closed"

    async def open_deadlines(self, case: str) -> Any:
        """Which, and the day on which each is due."""
        listed = (await standing(self.jobbtorg, case))["deadlines"]
        return {each["deadline"]: each["due"][:10] for each in listed}.items()

    async def follow_up(self, case: str) -> Any:
        return await self.jobbtorg.tell("outcome.followed-up", case, person=ASTA)

    async def tell_farsta(self, type_name: str, case: str, **parts: Any) -> Any:
        answer = await self.jobbtorg.tell(type_name, case, person=ASTA, basis=ON_REQUEST, **parts)
        taken(answer)
        return answer


async def test_without_a_consent_nobody_is_referred(build_town: Build) -> None:
    town = await build_town("2026-02-02")
    farsta: Neighbour = town.party("sd-farsta")
    assert refused(await refer(farsta, ASTA)) == (403, "CONSENT_MISSING")
    assert await town.party("jt-sydost").inbox() == []


def to_af() -> dict[str, Any]:
    return {
        "person": ASTA,
        "to": [{"unit": "af-stockholm"}],
        "basis": [("af", "CONSENT", None)],
        "handling": {"purpose": "af_coordination"},
    }


def mondays(first: str, *, weeks: int) -> Iterator[date]:
    return (date.fromisoformat(first) + timedelta(days=7 * count) for count in range(weeks))


def a_week_of_coaching(monday: date) -> dict[str, Any]:
    year, week, _ = monday.isocalendar()
    statuses = ("present", "present", "absent_notified")
    rows = [
        {"activity_id": "a1", "date": (monday + timedelta(days=2 * count)).isoformat(), "status": status, "hours": 4}
        for count, status in enumerate(statuses)
    ]
    recorded_at = f"{monday + timedelta(days=6)}T18:00:00+01:00"
    return {"period": {"week": f"{year}-W{week:02}"}, "rows": rows, "complete": True, "recorded_at": recorded_at}
