"""What a person may sign, narrow, confirm and take back in one life of steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from tests.support import events, persons
from tests.support.case_hub import PEOPLE, CaseHub
from tests.support.case_model import AUTHORITY, day_of
from tests.support.case_steps import AF, FK

NUMBERS = st.integers(0, 30)
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


class CasePapers(CaseHub):
    """The rules about consents; a state machine takes them in."""

    @rule(
        purpose=st.sampled_from(sorted(PAIRS)),
        person=st.integers(0, 1),
        categories=st.integers(0, 2),
        excluded=st.integers(0, 4),
        starts=st.sampled_from([0, 0, 5]),
        days=st.sampled_from([1, 3, 60, 170]),
        confirmed=st.booleans(),
        draft=st.sampled_from([False, False, False, True]),
    )
    def record(
        self,
        purpose: str,
        person: int,
        categories: int,
        excluded: int,
        starts: int,
        days: int,
        confirmed: bool,
        draft: bool = False,
    ) -> None:
        edges = [
            edge | {"confirmed_by_holder": confirmed}
            for one, other in PAIRS[purpose]
            for edge in events.both_ways(one, other, CATEGORIES[categories])
        ]
        status = "draft" if draft else None
        self.sign("sd-farsta", PEOPLE[person], purpose, edges, excluded, starts, days, events.new_id(), 1, status)

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
        status: str | None = None,
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
            status=status,
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
