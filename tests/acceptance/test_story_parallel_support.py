"""Parallel support: Doa has help elsewhere in life. The jobbtorg must know that, and nothing of what it is."""

from __future__ import annotations

from typing import Any

from tests.acceptance.conftest import Build
from tests.acceptance.telling import content_of, enrol, open_copy, refused, taken, verdicts, withheld
from tests.support import events
from tests.support.party import Answer, Party
from tests.support.persons import DOA
from tests.support.town import Town

TO_JOBBTORG = ("ID", "CO", "ST", "BE", "LM", "ED", "WA", "WO", "FN", "SO")
TO_STADSDEL = ("ID", "CO", "ST", "LM", "PL", "FN", "SO", "HE")
# What the stadsdel has written of other areas of life; no copy of the jobbtorg's may hold a word of it.
PRIVATE = ("andra hand", "vila", "stödkontakt", "housing", "health", "substance", "lugnt")


async def begin(town: Town) -> tuple[Party, Party, str]:
    farsta, jobbtorg = town.party("sd-farsta"), town.party("jt-sydost")
    edges = [events.edge("sdn-farsta", "amn", TO_JOBBTORG), events.edge("amn", "sdn-farsta", TO_STADSDEL)]
    return farsta, jobbtorg, await enrol(farsta, jobbtorg, DOA, edges)


async def share(farsta: Party, case: str, **parts: Any) -> Answer:
    return await farsta.tell("mapping.shared", case, person=DOA, **parts)


async def test_the_jobbtorg_gets_the_work_the_needs_and_one_flag(build_town: Build) -> None:
    town = await build_town("2026-02-20")
    farsta, jobbtorg, case = await begin(town)
    shared = await share(farsta, case)
    taken(shared)
    assert verdicts(shared) == {"jt-sydost": ("redact", None)}
    seen = await open_copy(jobbtorg, shared)
    content = seen["data"]["content"]
    assert [part["area"] for part in content["parts"]] == ["work", "language"]
    assert content["functional_needs"] == ["behöver korta pass"]
    assert content["support_ongoing"] == [{"area_generic": "parallel_support", "responsible_unit": "sd-farsta"}]
    assert not [word for word in PRIVATE if word in repr(seen)]

    # The sender is told which parts stayed behind. The recipient is not: that something is missing would tell.
    paths = withheld(shared, "jt-sydost")
    assert {"/content/person_view", "/content/instrument"} <= paths
    assert {path for path in paths if path.startswith("/content/parts")} == {
        f"/content/parts/{n}" for n in (2, 3, 4, 5)
    }
    assert "withheld" not in repr(seen)
    assert set(seen["data"]["handling"]["categories"]) == {"ED", "FN", "ID", "SO", "WO"}


async def test_a_consent_to_more_does_not_open_what_the_jobbtorg_may_not_have(build_town: Build) -> None:
    town = await build_town("2026-02-20")
    farsta, jobbtorg, case = await begin(town)
    everything = [events.edge("sdn-farsta", "amn", events.ALL_CATEGORIES)]
    taken(await farsta.record(person=DOA, edges=everything))
    seen = repr(await content_of(jobbtorg, await share(farsta, case)))
    assert not [word for word in ("andra hand", "vila", "stödkontakt") if word in seen]


async def test_the_unit_that_helps_cannot_be_named(build_town: Build) -> None:
    town = await build_town("2026-02-20")
    farsta, _, case = await begin(town)
    telling = [{"area_generic": "parallel_support", "responsible_unit": "vuxen-missbruk"}]
    answer = await share(farsta, case, content={"support_ongoing": telling})
    assert refused(answer) == (422, "SCHEMA_INVALID")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/data/content/support_ongoing/0/responsible_unit"]
    assert b"missbruk" not in answer.body


async def test_forsakringskassan_gets_nothing_outside_the_team(build_town: Build) -> None:
    town = await build_town("2026-02-20")
    farsta, _, case = await begin(town)
    to_fk: dict[str, Any] = {"to": [{"unit": "fk-stockholm"}], "basis": [("fk", "CONSENT", None)]}
    for purpose in ("jobbtorg_planning", "finsam_joint_planning", "fk_coordination"):
        answer = await share(farsta, case, handling={"purpose": purpose}, **to_fk)
        assert answer.status in (403, 409), (purpose, answer.body)
    assert await town.party("fk-stockholm").inbox() == []


async def test_the_jobbtorg_asks_and_hears_whether_and_not_what(build_town: Build) -> None:
    town = await build_town("2026-02-20")
    farsta, jobbtorg, case = await begin(town)
    asked = await jobbtorg.tell("support-need.flagged", case, person=DOA)
    assert verdicts(asked) == {"sd-farsta": ("deliver", None)}
    assert (await content_of(farsta, asked))["need"]["area"] == "housing"

    town.turn_to("2026-02-23")
    answer = {"direction": "answers", "need": None, "answer": "ongoing", "responsible_unit": "sd-farsta"}
    told = await farsta.tell(
        "support-need.flagged",
        case,
        person=DOA,
        to=[{"role": "responsible_jobbtorg"}],
        basis=[("jt", "CONSENT", None)],
        content={**answer, "can_participate": "limited"},
    )
    assert verdicts(told) == {"jt-sydost": ("deliver", None)}
    assert await content_of(jobbtorg, told) == {
        "direction": "answers",
        "answer": "ongoing",
        "responsible_unit": "sd-farsta",
        "can_participate": "limited",
    }

    # The roles are not to be turned about: the jobbtorg has no such answers to give.
    turned = await jobbtorg.tell("support-need.flagged", case, person=DOA, content=answer)
    assert turned.status in (403, 409)
