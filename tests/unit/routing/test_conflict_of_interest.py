"""A unit that must not handle a person (jäv) is passed over: its alternate takes over, or nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.case import Memory
from tests.support import judging
from tests.support.judging import judge, outcome

JAV = {"conflict_of_interest": ["jt-sydost"]}


def alternate() -> str:
    unit = judging.directory().find_unit("jt-sydost")
    assert unit is not None
    assert unit.alternate is not None
    return unit.alternate


@pytest.mark.parametrize("to", [[{"role": "responsible_jobbtorg"}], [{"unit": "jt-sydost"}]])
def test_a_referral_goes_to_who_takes_over(to: list[dict[str, str]]) -> None:
    decision = judge("referral.submitted", consents=[judging.consent()], to=to, handling=JAV)
    assert outcome(decision) == "accepted"
    assert [ruling.unit for ruling in decision.rulings] == [alternate()]
    assert decision.case is not None
    assert decision.case.responsible_jobbtorg == alternate()


def test_the_case_remembers_it() -> None:
    decision = judge("referral.submitted", consents=[judging.consent()], handling=JAV)
    assert decision.case is not None
    assert decision.case.memory.disqualified == {"jt-sydost"}


def test_where_nobody_can_take_over_it_is_refused() -> None:
    handling = {"conflict_of_interest": ["jt-sydost", alternate()]}
    decision = judge("referral.submitted", consents=[judging.consent()], handling=handling)
    assert outcome(decision) == "CONFLICT_OF_INTEREST"


def test_later_messages_pass_over_the_unit_without_saying_so_again() -> None:
    case = judging.case("active", memory=Memory(disqualified=frozenset({"sd-farsta"})))
    case = replace(case, plans=judging.plans(1))
    decision = judge("plan.proposed", case=case, consents=[judging.consent()], content={"version": 2})
    assert "sd-farsta" not in [ruling.unit for ruling in decision.rulings if ruling.discloses]


def test_no_recipient_reads_who_must_not_handle_the_case() -> None:
    decision = judge("referral.submitted", consents=[judging.consent()], handling=JAV)
    (ruling,) = decision.rulings
    assert ruling.copy is not None
    assert "conflict_of_interest" not in ruling.copy["handling"]
