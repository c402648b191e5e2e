"""What an authority may choose stricter than the delivered rules: free text per type, the least count of statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from routing.decision import Decision
from routing.rulebook import Rulebook
from tests.support import judging
from tests.support.judging import judge, outcome

RULES = judging.rules()


def without_words(*names: str) -> Rulebook:
    changed = {name: replace(RULES.types[name], free_text=False) for name in names}
    return replace(RULES, types={**RULES.types, **changed})


def refer(rulebook: Rulebook, **content: Any) -> Decision:
    return judge("referral.submitted", consents=[judging.consent()], rulebook=rulebook, content=content)


def test_a_type_without_free_text_refuses_every_word_by_its_place_and_not_by_its_content() -> None:
    decision = refer(without_words("referral.submitted"), note="Ring helst på förmiddagen.", functional_needs=None)
    assert outcome(decision) == "FREE_TEXT_BLOCKED"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/data/content/note",)
    assert "förmiddagen" not in repr(decision.refusal)


def test_without_words_the_type_is_taken_as_before() -> None:
    assert outcome(refer(without_words("referral.submitted"), note=None, functional_needs=None)) == "accepted"


def test_another_type_keeps_its_words() -> None:
    assert outcome(refer(without_words("plan.proposed"), note="Ring helst på förmiddagen.")) == "accepted"


@pytest.mark.parametrize(("least", "expected"), [(5, "accepted"), (12, "accepted"), (13, "SCHEMA_INVALID")])
def test_a_cell_of_fewer_than_the_least_count_is_refused(least: int, expected: str) -> None:
    rules = replace(RULES, settings=replace(RULES.settings, statistics_least_count=least))
    decision = judge(
        "statistics.reported",
        "jt-sydost",
        person=None,
        basis=[("stat", "AGGREGATE", None)],
        rulebook=rules,
        content={"cells": [cell("12"), cell("x"), cell("0")]},
    )
    assert outcome(decision) == expected
    assert decision.refusal is None or decision.refusal.pointers == ("/data/content/cells/0/count",)


def cell(count: str) -> dict[str, str]:
    return {"sex": "female", "age_band": "16_24", "education_level": "all", "target_group": "all", "count": count}
