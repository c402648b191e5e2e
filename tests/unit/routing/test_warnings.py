"""What a sender is told to look at, without being refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from routing import vocabulary, warnings
from routing.case import Lesson, Memory
from tests.support import events, judging, persons
from tests.support.judging import judge, outcome


def warned(name: str, memory: Memory | None = None, **parts: Any) -> list[tuple[str, str]]:
    case = None if memory is None else judging.case("enrolled", memory=memory)
    decision = judge(name, case=case, consents=[judging.consent()], **parts)
    assert outcome(decision) == "accepted"
    return [(found.code, found.pointer) for found in decision.warnings]


@pytest.mark.parametrize(
    ("extent", "reason", "expected"),
    [
        ("lt_50", "unemployed", [("EXTENT_BELOW_HALF", "/data/content/work_extent")]),
        ("50_99", "unemployed", []),
        ("lt_50", "sick_listed", []),
    ],
)
def test_less_than_half_of_full_time_though_out_of_work(extent: str, reason: str, expected: list[Any]) -> None:
    assert warned("referral.submitted", content={"work_extent": extent, "enrolment_reason": reason}) == expected


@pytest.mark.parametrize(("person", "warns"), [(persons.ASTA, True), (persons.INES, False)])
def test_a_young_persons_reason_for_somebody_older(person: persons.Person, warns: bool) -> None:
    content = {"enrolment_reason": "youth_16_24"}
    decision = judge("referral.submitted", person=person, consents=[judging.consent(person=person)], content=content)
    assert [found.code for found in decision.warnings] == (["AGE_OUTSIDE_YOUTH"] if warns else [])


@pytest.mark.parametrize(("born_on", "warns"), [(date(1914, 1, 8), True), (date(1915, 3, 3), False), (None, False)])
def test_a_year_that_makes_somebody_unlikely_old(born_on: date | None, warns: bool) -> None:
    asked = replace(judging.message("referral.submitted", "sd-farsta"), born_on=born_on)
    rules, known = judging.rules(), judging.situation()
    found = [(each.code, each.pointer) for each in warnings.list_warnings(asked, known, rules)]
    assert found == ([("AGE_UNLIKELY", "/data/person/personal_number")] if warns else [])


def plan(schedule: list[dict[str, Any]], **content: Any) -> dict[str, Any]:
    activities = events.data("plan.proposed", at=judging.NOON)["content"]["activities"]
    activities[0]["schedule"] = schedule
    return {"version": 1, "activities": activities, "sfi_clash_checked": True, "clash_ok_by_sfi": None, **content}


MONDAY = Memory(lessons=(Lesson(1, "08:30", "12:00"),))


@pytest.mark.parametrize(
    ("hours", "clashes"),
    [
        ({"weekday": 1, "from": "11:00", "to": "15:00"}, True),
        ({"weekday": 1, "from": "12:00", "to": "15:00"}, False),
        ({"weekday": 1, "from": "07:00", "to": "08:30"}, False),
        ({"weekday": 2, "from": "09:00", "to": "11:00"}, False),
    ],
)
def test_nobody_is_called_out_of_class_unseen(hours: dict[str, Any], clashes: bool) -> None:
    expected = [("SFI_CLASH", "/data/content/activities/0/schedule/0")] if clashes else []
    assert warned("plan.proposed", MONDAY, content=plan([hours])) == expected
    assert warned("plan.proposed", MONDAY, content=plan([hours], clash_ok_by_sfi=True)) == []


def test_with_lessons_known_somebody_has_to_have_looked() -> None:
    content = plan([], sfi_clash_checked=False)
    assert warned("plan.proposed", MONDAY, content=content) == [("SFI_CLASH", "/data/content/sfi_clash_checked")]
    assert warned("plan.proposed", Memory(), content=content) == []


def test_eighteen_months_in_activities_are_told() -> None:
    long_ago = Memory(started={"a0": date(2024, 6, 1)})
    assert ("LONG_TIME_IN_ACTIVITIES", "/data/content/activities") in warned(
        "plan.proposed", long_ago, content=plan([])
    )


def test_every_warning_has_a_text_to_act_on() -> None:
    texts = judging.rules().warnings
    assert set(texts) == vocabulary.WARNINGS
    assert all(len(text.title_sv) > 10 and len(text.advice_sv) > 30 for text in texts.values())
