"""A correction reaches everybody who got the original, and whoever has taken the case over from one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from routing import decision as decisions
from routing.case import Activity, Case, Memory
from routing.consent import Edge
from routing.decision import Decision
from routing.situation import Earlier
from tests.support import judging

REPORT = "6f0f5a3e-6c0e-4b0e-9a55-0d1f6a1f0010"
COACHING = Activity("a1", "coaching", "jt-sydost", date(2026, 2, 16), date(2026, 8, 14))
CONTENT = {
    "corrects_message": REPORT,
    "rows": [{"activity_id": "a1", "date": "2026-02-26", "old_status": "present", "new_status": "not_recorded"}],
}


def case(**changes: object) -> Case:
    memory = Memory(in_force={judging.PLAN_ID: (COACHING,)}, started={"a1": COACHING.start})
    parties = frozenset({"sd-farsta", "sd-skarpnack", "jt-sydost", "jt-jarva"})
    plans = judging.plans(1, 1)
    return replace(judging.case("active"), parties=parties, plans=plans, memory=memory, **changes)  # type: ignore[arg-type]


BOTH = (*judging.both_ways("sdn-farsta", "amn"), *judging.both_ways("sdn-skarpnack", "amn"))


def correct(known: Case, got: dict[str, str], edges: tuple[Edge, ...] = BOTH) -> Decision:
    asked = judging.message("attendance.corrected", "jt-sydost", subject=known.case_id, content=CONTENT)
    earlier = {REPORT: Earlier(REPORT, "attendance.reported", "jt-sydost", known.case_id, got)}
    situation = replace(judging.situation(case=known, consents=[judging.consent(*edges)]), earlier=earlier)
    return decisions.decide(asked, situation, judging.directory(), judging.rules())


def reached(decision: Decision) -> set[str]:
    return {ruling.unit for ruling in decision.rulings if ruling.discloses}


def test_after_a_move_both_the_former_and_the_new_stadsdel_get_it() -> None:
    moved = case(responsible_stadsdel="sd-skarpnack")
    assert reached(correct(moved, {"sd-farsta": "sd"})) == {"sd-farsta", "sd-skarpnack"}


def test_without_a_move_only_the_one_that_got_the_original() -> None:
    assert reached(correct(case(), {"sd-farsta": "sd"})) == {"sd-farsta"}


def test_a_stadsdel_gets_no_correction_of_what_no_stadsdel_got() -> None:
    moved = case(responsible_stadsdel="sd-skarpnack")
    assert not reached(correct(moved, {"jt-jarva": "jt"})) & {"sd-farsta", "sd-skarpnack"}


def test_the_new_one_takes_part_in_the_case_afterwards_and_has_its_correction_in_its_own_right() -> None:
    moved = case(responsible_stadsdel="sd-skarpnack")
    decision = correct(moved, {"sd-farsta": "sd"})
    bases = {ruling.unit: ruling.basis for ruling in decision.rulings}
    assert all(bases.values())
    assert decision.case is not None
    assert "sd-skarpnack" in decision.case.parties


def test_who_is_not_covered_is_refused_alone() -> None:
    moved = case(responsible_stadsdel="sd-skarpnack")
    decision = correct(moved, {"sd-farsta": "sd"}, judging.both_ways("sdn-farsta", "amn"))
    assert reached(decision) == {"sd-farsta"}
    refused = {ruling.unit: ruling.code for ruling in decision.rulings if not ruling.discloses}
    assert set(refused) == {"sd-skarpnack"}
