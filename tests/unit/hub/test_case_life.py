"""Any sequence of steps, fair and foul, through a whole hub, compared with a simple model after each.

`CASE_LIFE_RUNS=5000 pytest -m slow tests/unit/hub/test_case_life.py --hypothesis-seed=1` makes more runs, of
other steps with each seed. Without the variable the runs are always the same ones.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import Any

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
from tests.support import case_steps, events, office, persons
from tests.support.case_hub import PEOPLE, CaseHub
from tests.support.case_model import AUTHORITY, JOBBTORG_OF, Life, day_of
from tests.support.case_steps import AF, FK, STEPS, TEAM, Step, address, claims, sender_of

RUNS = int(os.environ.get("CASE_LIFE_RUNS", "200"))
STADSDELAR = tuple(JOBBTORG_OF)
UNITS = (*STADSDELAR, "jt-sydost", "jt-vasterort", AF, FK, TEAM)
TAKEN: Counter[str] = Counter()
# The one takes a closed case, three months and a consent that still holds; the other a case that stops early.
SELDOM = {"outcome.followed-up", "appointment.missed"}
ENDINGS = {"case.closed", "finsam.case-closed"}
CITY = ("sdn-farsta", "sdn-skarpnack", "sdn-bromma")
PAIRS = {
    "jobbtorg_planning": [(one, "amn") for one in CITY],
    "case_transfer": [("sdn-farsta", "sdn-skarpnack"), ("sdn-farsta", "sdn-bromma")],
    "follow_up": [(one, "amn") for one in CITY],
    "finsam_joint_planning": [
        ("fk", "amn"),
        ("fk", "sdn-farsta"),
        ("fk", "af"),
        ("amn", "sdn-farsta"),
        ("amn", "af"),
        ("sdn-farsta", "af"),
    ],
}
CATEGORIES = (events.ALL_CATEGORIES, ("ID", "ST", "PL", "AT", "OU"), ("ID", "ST", "CO", "HE"))
EXCLUDED = (None, {"category": "PL"}, {"category": "HE"}, {"recipient_authority": "amn"}, {"category": "ST"})
STRAIGHT_WAY = ("answer", "enrol", "propose", "approve", "start", "report", "correct", "interrupt", "restart")
TEAM_WAY = ("screen", "call", "plan jointly", "follow up jointly")
GROUNDS = st.sampled_from(["both", "both", "consent", "consent", "law"])
NUMBERS = st.integers(0, 30)


class CaseLife(CaseHub, RuleBasedStateMachine):
    """One hub of its own for each run."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        CaseHub.__init__(self)
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
        body = events.data(
            step.type,
            at=at,
            person=person,
            content=content,
            to=address(step, sender, life, content),
            basis=claims(step, sender, ground),
        )
        return self.send(step.type, sender, body, more.pop("subject", life.case_id))

    def fitting(self, case: Case, life: Life, *, finsam: bool) -> list[Step]:
        state = case.finsam_state if finsam else case.state
        return [
            step
            for step in STEPS.values()
            if step.finsam == finsam
            and (state or "-") in step.states.split()
            and (step.sender != "taker" or life.pending)
        ]

    @initialize(wide=st.booleans(), steps=st.integers(0, len(STRAIGHT_WAY)))
    def begin(self, wide: bool, steps: int) -> None:
        """Many lives begin with the straight way, or nearly all would end in their first steps."""
        for purpose in PAIRS if wide else ("jobbtorg_planning",):
            self.record(purpose, 0, 0, 0, 0, 170, True)
        self.refer(0, 0, "both", 3)
        for name in STRAIGHT_WAY[:steps]:
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

    @rule(number=NUMBERS, alone=st.booleans(), person=st.integers(0, 1))
    def ask_the_team(self, number: int, alone: bool, person: int) -> None:
        life, _ = self.life(number)
        if alone or life is None:
            life = Life("", PEOPLE[person])
        step = case_steps.Step("finsam.case-initiated", life.jobbtorg or FK, "", case_steps.asked)
        self.walk(step, life, "consent", subject=life.case_id or None)

    # -- consents --------------------------------------------------------------------------------------------------

    @rule(
        purpose=st.sampled_from(sorted(PAIRS)),
        person=st.integers(0, 1),
        categories=st.integers(0, 2),
        excluded=st.integers(0, 4),
        starts=st.sampled_from([0, 0, 5]),
        days=st.sampled_from([1, 3, 60, 170]),
        confirmed=st.booleans(),
    )
    def record(
        self, purpose: str, person: int, categories: int, excluded: int, starts: int, days: int, confirmed: bool
    ) -> None:
        edges = [
            edge | {"confirmed_by_holder": confirmed}
            for one, other in PAIRS[purpose]
            for edge in events.both_ways(one, other, CATEGORIES[categories])
        ]
        self.sign("sd-farsta", PEOPLE[person], purpose, edges, excluded, starts, days, events.new_id(), 1)

    @precondition(lambda self: self.world.papers)
    @rule(number=NUMBERS, holder=st.sampled_from([FK, AF]))
    def confirm(self, number: int, holder: str) -> None:
        paper = list(self.world.papers.values())[number % len(self.world.papers)]
        own = AUTHORITY[holder]
        edges = [
            edge | {"confirmed_by_holder": edge["holder_authority"] == own}
            for edge in paper.content["edges"]
            if own in (edge["holder_authority"], edge["recipient_authority"])
        ]
        content = paper.content | {"edges": edges, "version": paper.content["version"] + 1}
        body = events.data("consent.recorded", at=self.clock.now(), person=paper.person, basis=())
        if any(edge["confirmed_by_holder"] for edge in edges):
            self.send("consent.recorded", holder, body | {"content": content})

    @precondition(lambda self: self.world.papers)
    @rule(number=NUMBERS, categories=st.integers(0, 2), excluded=st.integers(0, 4), keep=st.integers(1, 12))
    def narrow(self, number: int, categories: int, excluded: int, keep: int) -> None:
        paper = list(self.world.papers.values())[number % len(self.world.papers)]
        chosen = list(CATEGORIES[categories])
        edges = [edge | {"categories": chosen} for edge in paper.content["edges"][:keep]]
        content = paper.content
        self.sign(
            paper.recorder,
            paper.person,
            content["purpose"],
            edges,
            excluded,
            0,
            60,
            paper.consent_id,
            content["version"] + 1,
        )

    def sign(
        self,
        recorder: str,
        person: persons.Person,
        purpose: str,
        edges: list[dict[str, Any]],
        excluded: int,
        starts: int,
        days: int,
        consent_id: str,
        version: int,
    ) -> None:
        at = self.clock.now()
        today = day_of(at)
        kept = EXCLUDED[excluded]
        body = events.consent(
            at=at,
            person=person,
            edges=edges,
            purpose=purpose,
            recorder=recorder,
            consent_id=consent_id,
            version=version,
            valid_from=(today + timedelta(days=starts)).isoformat(),
            valid_to=(today + timedelta(days=starts + days)).isoformat(),
            excluded=[kept] if kept else None,
        )
        self.send("consent.recorded", recorder, body)

    @precondition(lambda self: self.world.papers)
    @rule(
        number=NUMBERS,
        scope=st.sampled_from(["all", "void", "categories", "categories", "parties"]),
        what=st.sampled_from(["ID", "PL", "CO", "HE"]),
    )
    def withdraw(self, number: int, scope: str, what: str) -> None:
        paper = list(self.world.papers.values())[number % len(self.world.papers)]
        part: dict[str, Any] = {"scope": scope}
        if scope == "categories":
            part["categories"] = [what]
        if scope == "parties":
            part["parties"] = [paper.content["edges"][0]["recipient_authority"]]
        body = events.withdrawal(paper.consent_id, at=self.clock.now(), person=paper.person, **part)
        self.send("consent.withdrawn", paper.recorder, body)

    # -- reading, and time -----------------------------------------------------------------------------------------

    @rule(unit=st.sampled_from(UNITS), most=st.integers(1, 6))
    def open_inbox(self, unit: str, most: int) -> None:
        self.read(unit, most)

    @rule(days=st.sampled_from([1, 2, 5, 12, 45, 100]))
    def pass_time(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    # -- foul play -------------------------------------------------------------------------------------------------

    @rule(number=NUMBERS, which=NUMBERS, ground=GROUNDS, how=st.sampled_from(["stranger", "person", "case", "version"]))
    def try_it_on(self, number: int, which: int, ground: str, how: str) -> None:
        life, case = self.life(number)
        if life is None or case is None:
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
        for case_id, case in self.cases().items():
            life = self.world.lives[case_id]
            assert case is not None
            assert (case.responsible_stadsdel, case.responsible_jobbtorg) == (life.stadsdel, life.jobbtorg)
            in_force = {plan: chain.in_force for plan, chain in case.plans.items() if chain.in_force is not None}
            assert in_force == life.in_force
            activities = [row.activity_id for row in case.memory.in_force.get(case_steps.PLAN, ())]
            assert activities == life.activities(case_steps.PLAN)


def live(runs: int) -> None:
    chosen = settings(
        max_examples=runs,
        stateful_step_count=50,
        deadline=None,
        database=None,
        derandomize="CASE_LIFE_RUNS" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(CaseLife, settings=chosen)


def test_no_short_life_breaks_a_promise() -> None:
    live(10)


@pytest.mark.slow
def test_no_life_breaks_a_promise() -> None:
    TAKEN.clear()
    live(RUNS)
    missing = {step.type for step in STEPS.values()} - set(TAKEN) - SELDOM
    assert not missing, "the machine never came so far"
    assert set(AUTHORITY) >= set(UNITS)
