"""A provider, an employer and a correction: Gil trains with a provider, then at work, and a system loses two days."""

from __future__ import annotations

from typing import Any

from tests.acceptance.conftest import Build
from tests.acceptance.telling import (
    ON_REQUEST,
    approve_plan,
    content_of,
    enrol,
    open_copy,
    reached,
    refused,
    taken,
    withheld,
)
from tests.support import events
from tests.support.party import Answer, Party
from tests.support.persons import GIL
from tests.support.town import Town


class Training:
    """Gil, with a plan in force at Jobbtorg Sydost."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.farsta, self.jobbtorg, self.provider = (town.party(unit) for unit in ("sd-farsta", "jt-sydost", "pv-01"))

    async def begin(self) -> Training:
        self.case = await enrol(self.farsta, self.jobbtorg, GIL)
        self.town.turn_to("2026-02-16")
        self.plan = await approve_plan(self.farsta, self.jobbtorg, self.case, GIL)
        return self

    async def order(self, **content: Any) -> Answer:
        return await self.jobbtorg.tell("provider.order-placed", self.case, person=None, content=content)

    async def report(self, provider: Party | None = None, **content: Any) -> Answer:
        sender = provider or self.provider
        return await sender.tell("provider.report-submitted", self.case, person=None, content=content)

    async def tell_farsta(self, type_name: str, **content: Any) -> Answer:
        answer = await self.jobbtorg.tell(type_name, self.case, person=GIL, basis=ON_REQUEST, content=content)
        taken(answer)
        return answer


async def begin(build_town: Build) -> Training:
    return await Training(await build_town("2026-02-06")).begin()


async def test_a_provider_gets_a_participant_and_reports_in_turn(build_town: Build) -> None:
    gil = await begin(build_town)
    gil.town.turn_to("2026-03-09")
    assert refused(await gil.order()) == (403, "CONSENT_MISSING")
    parts = ["ID", "CO", "ST", "PL", "FN"]
    taken(
        await gil.jobbtorg.record(person=GIL, purpose="provider_activity", edges=[events.edge("amn", "pv-01", parts)])
    )
    order = await gil.order()
    assert reached(order) == {"pv-01"}

    # The provider knows a name and a number of its own making; the personal number is not its business.
    copy = await open_copy(gil.provider, order)
    assert GIL.number not in repr(copy)
    assert copy["data"]["content"]["participant"]["participant_no"] == "D-104"

    # No order, no report: the provider's neighbour has none.
    gil.town.turn_to("2026-05-29", "16:00")
    assert (await gil.report(gil.town.party("pv-02"))).status in (403, 404, 409)
    assert refused(await gil.report(order_id="avrop-32"))[0] in (403, 409)

    # Health does not pass, wherever somebody writes it; and what was written is not repeated.
    told = await gil.report(note="Deltagaren har ADHD.")
    assert refused(told) == (422, "FREE_TEXT_BLOCKED")
    assert b"ADHD" not in told.body
    report = await gil.report(note="Anställningen börjar den 8 juni.")
    assert reached(report) == {"jt-sydost"}
    seen = await content_of(gil.jobbtorg, report)
    assert [row["status"] for row in seen["attendance"]] == ["present", "not_recorded"]
    assert "pv-01" not in repr(await gil.farsta.inbox())


async def test_the_employer_gets_a_printed_sheet_with_a_name_and_the_work(build_town: Build) -> None:
    gil = await begin(build_town)
    gil.town.turn_to("2026-03-25")
    edges = [events.edge("amn", "af", ["ID", "PL", "LM"]), events.edge("amn", "arbetsgivare", ["ID", "PL", "FN", "LM"])]
    taken(await gil.jobbtorg.record(person=GIL, purpose="placement", edges=edges))
    claims = [("sd", "SOL_15_9", None), ("af", "CONSENT", None), ("em", "CONSENT", None)]
    agreed = await gil.jobbtorg.tell("placement.agreed", gil.case, person=GIL, basis=claims)
    assert reached(agreed) == {"sd-farsta", "af-stockholm", "jt-sydost"}

    # The sheet that the jobbtorg prints.
    sheet = await open_copy(gil.jobbtorg, agreed)
    assert GIL.number not in repr(sheet)
    assert "jobbtorg" not in repr(sheet["data"]).lower()
    assert sheet["data"]["person"] == {"given_name": GIL.given_name, "family_name": GIL.family_name}
    content = sheet["data"]["content"]
    assert {"tasks", "times", "supervisor_function", "functional_needs"} <= set(content)
    assert not {"employer_orgnr", "follow_up_dates"} & set(content)

    # The stadsdel needs no subsidies, and Arbetsförmedlingen no tasks.
    assert "subsidy" not in await content_of(gil.farsta, agreed)
    assert "tasks" not in await content_of(gil.town.party("af-stockholm"), agreed)
    assert "/content/functional_needs" in withheld(agreed, "af-stockholm")


async def test_what_was_not_recorded_is_never_absence_and_what_was_wrong_stays_beside_its_correction(
    build_town: Build,
) -> None:
    gil = await begin(build_town)
    gil.town.turn_to("2026-03-09")
    reported = await gil.tell_farsta("attendance.reported")
    rows = (await content_of(gil.farsta, reported))["rows"]
    assert [row["status"] for row in rows] == [
        "present",
        "not_recorded",
        "not_recorded",
        "absent_notified",
        "cancelled_by_organiser",
    ]

    # The two days are found again, one of them wrongly: the correction is corrected, and nothing is overwritten.
    first = await correct(gil, reported, [row("2026-03-03", "not_recorded", "absent_not_notified")])
    gil.town.turn_to("2026-03-10")
    second = await correct(gil, first, [row("2026-03-03", "absent_not_notified", "present")])
    chain = [await open_copy(gil.farsta, answer) for answer in (first, second)]
    assert [event["data"]["content"]["rows"][0]["new_status"] for event in chain] == ["absent_not_notified", "present"]
    assert [event["data"]["content"]["corrects_message"] for event in chain] == [
        reported.json["id"],
        first.json["id"],
    ]
    assert (await content_of(gil.farsta, reported))["rows"] == rows

    # Only its own reports, and only reports.
    for wrong in (events.new_id(), await sent_by_farsta(gil)):
        content = {"corrects_message": wrong, "rows": [row("2026-03-04", "not_recorded", "present")]}
        answer = await gil.jobbtorg.tell(
            "attendance.corrected", gil.case, person=GIL, basis=ON_REQUEST, content=content
        )
        assert refused(answer)[0] in (403, 409)


def row(day: str, old: str, new: str) -> dict[str, str]:
    return {"activity_id": "a1", "date": day, "old_status": old, "new_status": new}


async def correct(gil: Training, what: Answer, rows: list[dict[str, str]]) -> Answer:
    answer = await gil.tell_farsta("attendance.corrected", corrects_message=what.json["id"], rows=rows)
    assert reached(answer) == {"sd-farsta"}
    return answer


async def sent_by_farsta(gil: Training) -> str:
    (decided,) = [
        sent["id"]
        for sent in (await gil.farsta.call("GET", f"/v1/cases/{gil.case}")).json["sent"]
        if sent["type"] == "se.samverkan.plan.decided"
    ]
    return str(decided)
