"""Any sequence of steps, fair and foul, through a whole hub, compared with a simple model after each.

`CASE_LIFE_RUNS=5000 CASE_LIFE_SEED=7 pytest -v -m slow tests/unit/hub/test_case_life.py` makes more runs, of other
steps with each seed, in parts that tell how far it has come. The same number and seed are always the same runs.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.delivery.reading import NotYours
from routing.case import Case
from schemas import envelope as envelopes
from tests.support import case_steps, events, office
from tests.support.case_hub import PEOPLE
from tests.support.case_model import AUTHORITY, JOBBTORG_OF, NAMELESS, Life, day_of
from tests.support.case_papers import NUMBERS, PAIRS, CasePapers
from tests.support.case_steps import AF, FK, STEPS, TEAM, Step, address, claims, sender_of

RUNS = int(os.environ.get("CASE_LIFE_RUNS", "200"))
SEED = int(os.environ.get("CASE_LIFE_SEED", "1"))
IN_A_PART = 25
PARTS = -(-RUNS // IN_A_PART)
STADSDELAR = tuple(JOBBTORG_OF)
UNITS = (*STADSDELAR, "jt-sydost", "jt-vasterort", AF, FK, TEAM)
TAKEN: Counter[str] = Counter()
PLAYED: set[int] = set()
# The one takes a closed case, three months and a consent that still holds; the other a case that stops early.
SELDOM = {"outcome.followed-up", "appointment.missed"}
ENDINGS = {"case.closed", "finsam.case-closed"}
STRAIGHT_WAY = ("answer", "enrol", "propose", "approve", "start", "report", "correct", "interrupt", "restart")
WAYS = (
    STRAIGHT_WAY,
    STRAIGHT_WAY,
    ("answer", "enrol", "propose", "send back", "propose", "approve", "propose", "send back", "report"),
    ("answer", "enrol", "propose", "dispute", "settle as changed", "propose", "approve", "dispute", "settle anew"),
)
TEAM_WAY = ("screen", "call", "plan jointly", "follow up jointly")
GROUNDS = st.sampled_from(["both", "both", "consent", "consent", "law"])


class CaseLife(CasePapers, RuleBasedStateMachine):
    """One hub of its own for each run."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        CasePapers.__init__(self)
        self.steps = 0

    def teardown(self) -> None:
        TAKEN.update(self.taken)
        self.close()

    # -- steps of a case -------------------------------------------------------------------------------------------

    def life(self, number: int) -> tuple[Life | None, Case | None]:
        lives = list(self.world.lives.values())
        if not lives:
            return None, None
        chosen = lives[-1 - number % min(3, len(lives))]
        return chosen, self.cases()[chosen.case_id]

    def walk(self, step: Step, life: Life, ground: str, **more: Any) -> bool:
        at = self.clock.now()
        content = dict(step.content(life, at))
        sender = more.pop("sender", None) or sender_of(step, life)
        content |= more.pop("content", {})
        person = more.pop("person", life.person)
        if person is None and step.type not in NAMELESS:
            return False  # the schema has no such message about nobody
        body = events.data(
            step.type,
            at=at,
            person=person,
            content=content,
            to=address(step, sender, life, content),
            basis=claims(step, sender, ground) if person is not None else (),
        )
        (first, *others) = body["handling"]["to"]
        by_role = {"responsible_stadsdel": life.stadsdel, "responsible_jobbtorg": life.jobbtorg}
        reader = by_role.get(first.get("role", "")) if not others and ground != "law" else None
        return self.send(step.type, sender, body, more.pop("subject", life.case_id), reader=reader)

    def fitting(self, case: Case, life: Life, *, finsam: bool) -> list[Step]:
        state = case.finsam_state if finsam else case.state
        return [
            step
            for step in STEPS.values()
            if step.finsam == finsam
            and (state or "-") in step.states.split()
            and (step.sender != "taker" or life.pending)
        ]

    @initialize(
        wide=st.booleans(),
        steps=st.integers(0, len(STRAIGHT_WAY)),
        way=st.sampled_from(WAYS),
        signed=st.sampled_from([True] * 5 + [False]),
    )
    def begin(self, wide: bool, steps: int, way: tuple[str, ...], signed: bool) -> None:
        """Many lives begin with the straight way, or nearly all would end in their first steps."""
        if not signed:  # nothing but a draft stands between the person and the jobbtorg
            self.record("jobbtorg_planning", 0, 0, 0, 0, 170, True, draft=True)
            self.refer(0, 0, "consent", 3)
            assert not self.world.lives, "a draft let something be told"
            return
        for purpose in PAIRS if wide else ("jobbtorg_planning",):
            self.record(purpose, 0, 0, 0, 0, 170, True)
        self.refer(0, 0, "both", 3)
        for name in way[:steps]:
            (life,) = self.world.lives.values()
            assert self.walk(STEPS[name], life, "both"), name
        if wide:
            for holder in (FK, AF):
                for number in range(len(self.world.papers)):
                    self.confirm(number, holder)
            self.ask_the_team(0, True, 0)
            team_life = list(self.world.lives.values())[-1]
            for name in TEAM_WAY[: steps // 2]:
                self.walk(STEPS[name], team_life, "consent")

    @precondition(lambda self: sum(life.ended_on is None for life in self.world.lives.values()) < 3)
    @rule(stadsdel=NUMBERS, person=st.integers(0, 1), ground=GROUNDS, asked=st.integers(0, 3))
    def refer(self, stadsdel: int, person: int, ground: str, asked: int) -> None:
        at, unit = self.clock.now(), STADSDELAR[stadsdel % len(STADSDELAR)]
        items = [("attendance",), ("activity",), ("closing",), ("attendance", "activity", "closing")][asked]
        until = (day_of(at) + timedelta(days=20 if asked == 0 else 200)).isoformat()
        content = {"reporting_request": {"items": list(items), "until": until}}
        basis = claims(Step("referral.submitted", "sd", "", lambda *_: {}), unit, ground)
        to = [{"unit": JOBBTORG_OF[unit]}]
        body = events.data("referral.submitted", at=at, person=PEOPLE[person], content=content, basis=basis, to=to)
        self.send("referral.submitted", unit, body)

    @rule(number=NUMBERS, which=NUMBERS, ground=GROUNDS)
    def go_on(self, number: int, which: int, ground: str) -> None:
        self.forward(number, which, ground, finsam=False)

    @rule(number=NUMBERS, which=NUMBERS, ground=GROUNDS)
    def go_further(self, number: int, which: int, ground: str) -> None:
        self.forward(number, which, ground, finsam=False)

    @rule(number=NUMBERS, which=NUMBERS)
    def go_on_in_the_team(self, number: int, which: int) -> None:
        self.forward(number, which, "consent", finsam=True)

    def forward(self, number: int, which: int, ground: str, *, finsam: bool, ends: bool = False) -> None:
        life, case = self.life(number)
        if life is None or case is None:
            return
        steps = [step for step in self.fitting(case, life, finsam=finsam) if (step.type in ENDINGS) == ends]
        if steps:
            self.walk(steps[which % len(steps)], life, ground)

    @precondition(lambda self: self.steps > 25)
    @rule(number=NUMBERS, which=NUMBERS, ground=GROUNDS, finsam=st.booleans())
    def end(self, number: int, which: int, ground: str, finsam: bool) -> None:
        self.forward(number, which, ground, finsam=finsam, ends=True)

    @rule(number=NUMBERS, name=st.sampled_from(sorted(STEPS)), ground=GROUNDS)
    def try_anything(self, number: int, name: str, ground: str) -> None:
        life, _ = self.life(number)
        if life is not None:
            self.walk(STEPS[name], life, ground)

    @rule(number=NUMBERS, alone=st.booleans(), person=st.integers(0, 2))
    def ask_the_team(self, number: int, alone: bool, person: int) -> None:
        life, _ = self.life(number)
        if alone or life is None:
            life = Life("", (*PEOPLE, None)[person])  # the last one consults about nobody
        step = case_steps.Step("finsam.case-initiated", life.jobbtorg or FK, "", case_steps.asked)
        self.walk(step, life, "consent", subject=life.case_id or None)

    @rule(number=NUMBERS, person=st.integers(0, 1))
    def name_the_nameless(self, number: int, person: int) -> None:
        """What the coordinator sends back to be completed may come again with a name."""
        life, case = self.life(number)
        if life is None or case is None or life.person is not None or case.finsam_state != "complete-requested":
            return
        named = replace(life, person=PEOPLE[person])
        step = STEPS["complete"]
        self.walk(step, named, "consent", content={"mode": "named", "age_band": None})

    # -- reading, and time -----------------------------------------------------------------------------------------

    @rule(unit=st.sampled_from(UNITS), most=st.integers(1, 6))
    def open_inbox(self, unit: str, most: int) -> None:
        self.read(unit, most)

    @rule(days=st.sampled_from([1, 2, 5, 12, 45, 100]))
    def pass_time(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @rule()
    def tell_what_is_due(self) -> None:
        """A deadline may move a case to its review, and never who is responsible or what is in force."""
        self.wait(self.hub.sweep.sweep())

    @precondition(lambda self: self.world.papers)
    @rule(number=NUMBERS, first=st.booleans(), seconds=st.sampled_from([-1, 0, 1]), which=NUMBERS)
    def come_to_the_edge_of_a_day(self, number: int, first: bool, seconds: int, which: int) -> None:
        """A second before the midnight in Stockholm with which a consent begins or ends, at it, and a second later."""
        paper = list(self.world.papers.values())[number % len(self.world.papers)]
        content = paper.content
        day = date.fromisoformat(content["valid_from"]) if first else date.fromisoformat(content["valid_to"])
        midnight = datetime.combine(day + timedelta(days=0 if first else 1), time(), events.STOCKHOLM)
        wait = midnight.astimezone(UTC) + timedelta(seconds=seconds) - self.clock.now()
        if not timedelta(0) < wait < timedelta(days=200):
            return
        self.clock.advance(wait)
        for life in [life for life in self.world.lives.values() if life.person == paper.person]:
            case = self.cases()[life.case_id]
            for finsam in (False, True):
                steps = self.fitting(case, life, finsam=finsam) if case is not None else []
                steps = [step for step in steps if step.type not in ENDINGS]
                if steps:
                    self.walk(steps[which % len(steps)], life, "consent")
        for unit in ("jt-sydost", "sd-farsta", FK):
            self.read(unit, 3)

    # -- protection ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.steps > 12)
    @rule(
        number=NUMBERS,
        level=st.sampled_from(["unknown", "unknown", "sekretessmarkering", "skyddad_folkbokforing"]),
        unit=st.sampled_from(STADSDELAR),
    )
    def flag_somebody(self, number: int, level: str, unit: str) -> None:
        life, _ = self.life(number)
        if life is None or life.person is None:
            return
        body = events.data(
            "referral.submitted", at=self.clock.now(), person=life.person, to=[{"unit": JOBBTORG_OF[unit]}]
        )
        body["handling"]["protected_identity"] = level
        self.flag(unit, body, None)

    @precondition(lambda self: self.world.forgotten)
    @rule(number=NUMBERS, name=st.sampled_from(sorted(STEPS)))
    def write_of_the_forgotten(self, number: int, name: str) -> None:
        """Whoever was a party is answered as a stranger is."""
        lives = list(self.world.forgotten.values())
        life = lives[number % len(lives)]
        if life.person is not None:
            assert not self.walk(STEPS[name], life, "both")

    # -- foul play -------------------------------------------------------------------------------------------------

    @rule(number=NUMBERS, which=NUMBERS, ground=GROUNDS, how=st.sampled_from(["stranger", "person", "case", "version"]))
    def try_it_on(self, number: int, which: int, ground: str, how: str) -> None:
        life, case = self.life(number)
        if life is None or case is None or life.person is None:
            return
        steps = self.fitting(case, life, finsam=case.state is None)
        steps = [step for step in steps if how != "version" or "version" in step.content(life, self.clock.now())]
        if not steps:
            return
        step = steps[which % len(steps)]
        sender = sender_of(step, life)
        foul: dict[str, Any] = {
            "stranger": {"sender": {"sd": "sd-jarva", "jt": "jt-jarva", "te": "team-jarva", "fk": FK}[sender[:2]]},
            "person": {"person": PEOPLE[1 - PEOPLE.index(life.person)]},
            "case": {"subject": events.new_id()},
            "version": {"content": {"version": 7}},
        }[how]
        if sender != foul.get("sender"):
            assert not self.walk(step, life, ground, **foul), (how, step.type)

    @precondition(lambda self: self.last is not None)
    @rule(changed=st.booleans())
    def send_again(self, changed: bool) -> None:
        assert self.last is not None
        name, unit, event = self.last
        before = self.known()
        again = event | ({"time": (self.clock.now() - timedelta(minutes=1)).isoformat()} if changed else {})
        answer = self.wait(self.hub.accept(envelopes.parse_structured(again), unit))
        assert office.outcome(answer) == ("DUPLICATE" if changed else "accepted"), name
        assert changed or answer.duplicate
        assert self.known() == before

    @precondition(lambda self: self.last is not None)
    @rule(unit=st.sampled_from(UNITS))
    def forge(self, unit: str) -> None:
        assert self.last is not None
        _, owner, event = self.last
        before = self.known()
        if unit != owner:
            answer = self.wait(self.hub.accept(envelopes.parse_structured(event | {"id": events.new_id()}), unit))
            assert office.outcome(answer) == "SENDER_NOT_ALLOWED"
        for delivery_id, told in list(self.told.items())[-3:]:
            if told.recipient != unit:
                assert isinstance(self.wait(self.hub.read(delivery_id, unit)), NotYours)
        assert self.known() == before

    # -- what must always be true ----------------------------------------------------------------------------------

    @invariant()
    def every_case_is_as_the_model_says(self) -> None:
        self.steps += 1
        self.assert_as_the_model_says(self.cases())
        for shell in self.shells().values():
            assert shell is not None
            told = (shell.parties, shell.responsible_stadsdel, shell.responsible_jobbtorg, shell.team, shell.plans)
            assert (shell.suspended, *told) == (True, frozenset(), None, None, None, {})


def live(runs: int, seed: int) -> None:
    class Lives(CaseLife):
        """A class of its own: a seed belongs to it."""

    chosen = settings(
        max_examples=runs,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(Lives), settings=chosen)


def test_no_short_life_breaks_a_promise() -> None:
    live(5, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_life_breaks_a_promise(part: int) -> None:
    live(min(IN_A_PART, RUNS - part * IN_A_PART), seed=SEED * 10_000 + part)
    PLAYED.add(part)
    missing = {step.type for step in STEPS.values()} - set(TAKEN) - SELDOM
    assert not missing or len(PLAYED) * IN_A_PART < 200, "the machine never came so far"


def test_the_model_knows_every_unit_that_reads() -> None:
    assert set(AUTHORITY) >= set(UNITS)
