"""Orders, reports of providers, and the copy that a jobbtorg prints for an employer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from routing.case import Case, Memory, Order
from routing.decision import Decision
from routing.refusals import RefusalCode
from tests.support import judging
from tests.support.judging import edge, judge, outcome, ruling

ORDERED = judging.consent(edge("amn", "pv-01"), edge("amn", "pv-02"), purpose="provider_activity")
PLACED = judging.consent(edge("amn", "sdn-farsta"), edge("amn", "af"), edge("amn", "arbetsgivare"), purpose="placement")
EVERYBODY = frozenset({"sd-farsta", "jt-sydost", "af-stockholm", "pv-01", "pv-02"})


def asta(state: str = "active", *, order: str | None = None) -> Case:
    """A case of Asta; `order` is the provider that has the order of the examples."""
    days = timedelta(days=60)
    orders = (
        {} if order is None else {"avrop-31": Order(order, "jt-sydost", judging.TODAY - days, judging.TODAY + days)}
    )
    return judging.case(state, parties=EVERYBODY, memory=Memory(orders=orders))


def place_order(case: Case, unit: str = "pv-01", **parts: Any) -> Decision:
    given: dict[str, Any] = {"person": None, "consents": [ORDERED], "to": [{"unit": unit}]}
    return judge("provider.order-placed", "jt-sydost", case=case, **given | parts)


def report(case: Case, sender: str = "pv-01", **parts: Any) -> Decision:
    yesterday = (judging.TODAY - timedelta(days=1)).isoformat()
    given: dict[str, Any] = {
        "person": None,
        "basis": [],
        "content": {"attendance": [{"date": yesterday, "status": "present"}]},
    }
    return judge("provider.report-submitted", sender, case=case, **given | parts)


def place(**parts: Any) -> Decision:
    given: dict[str, Any] = {"case": asta(), "consents": [PLACED]}
    given["basis"] = [(kind, "CONSENT", None) for kind in ("sd", "af", "em")]
    return judge("placement.agreed", "jt-sydost", **given | parts)


# -- orders ----------------------------------------------------------------------------------------------------------


def test_an_order_tells_the_provider_what_it_needs() -> None:
    decision = place_order(asta())
    assert outcome(decision) == "accepted"
    copy = ruling(decision, "pv-01").copy
    assert copy is not None
    assert {"order_id", "service_code", "hours", "participant", "functional_needs"} <= set(copy["content"])
    assert set(copy["content"]["participant"]) == {"name", "participant_no", "phone", "language"}
    assert decision.case is not None
    assert decision.case.state == "active"
    assert "pv-01" in decision.case.parties
    assert decision.case.memory.orders["avrop-31"].provider == "pv-01"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("referred", "STATE_CONFLICT"), ("enrolled", "accepted"), ("active", "accepted"), ("closed", "STATE_CONFLICT")],
)
def test_an_order_is_placed_for_who_is_enrolled(state: str, expected: str) -> None:
    assert outcome(place_order(asta(state))) == expected


def test_an_order_needs_the_persons_consent_and_goes_to_a_provider() -> None:
    assert outcome(place_order(asta(), consents=[])) == "CONSENT_MISSING"
    assert outcome(place_order(asta(), "pv-03")) == "CONSENT_NOT_COVERING"
    assert outcome(place_order(asta(), "sd-farsta")) == "RECIPIENT_NOT_ALLOWED"
    assert outcome(place_order(asta(order="pv-01"))) == "STATE_CONFLICT"  # the number is taken


# -- reports ---------------------------------------------------------------------------------------------------------


def test_a_provider_reports_under_its_contract_to_who_ordered() -> None:
    decision = report(asta(order="pv-01"))
    assert outcome(decision) == "accepted"
    assert [each.unit for each in decision.rulings] == ["jt-sydost"]
    used = ruling(decision, "jt-sydost").basis
    assert used is not None and used.code == "CONTRACT"


@pytest.mark.parametrize("unit", ["sd-farsta", "af-stockholm", "jt-jarva"])
def test_a_provider_reports_to_nobody_else(unit: str) -> None:
    assert outcome(report(asta(order="pv-01"), to=[{"unit": unit}])) == "RECIPIENT_NOT_ALLOWED"


@pytest.mark.parametrize("sender", ["pv-02", "pv-03"])
def test_a_provider_without_the_order_reports_nothing(sender: str) -> None:
    assert not report(asta(order="pv-01"), sender).accepted


@pytest.mark.parametrize("day", ["2025-12-01", "2026-03-03"])
def test_a_provider_reports_days_of_its_order_that_have_passed(day: str) -> None:
    rows = [{"date": day, "status": "present"}]
    assert outcome(report(asta(order="pv-01"), content={"attendance": rows})) == "SCHEMA_INVALID"


def test_health_in_a_report_is_sent_back() -> None:
    decision = report(asta(order="pv-01"), content={"note": "har adhd", "attendance": None})
    assert outcome(decision) == "FREE_TEXT_BLOCKED"


# -- placements ------------------------------------------------------------------------------------------------------


def test_the_employers_copy_is_printed_by_the_jobbtorg() -> None:
    decision = place()
    assert outcome(decision) == "accepted"
    printed = ruling(decision, "jt-sydost")
    assert printed.kind == "em"
    assert printed.copy is not None
    assert set(printed.copy["person"]) == {"given_name", "family_name"}
    assert {"tasks", "times", "supervisor_phone", "functional_needs"} <= set(printed.copy["content"])
    assert not {"follow_up_dates", "hide_jobbtorg", "employer_orgnr"} & set(printed.copy["content"])


def test_without_consent_to_the_employer_nothing_is_printed_and_the_others_are_told() -> None:
    some = judging.consent(edge("amn", "sdn-farsta"), edge("amn", "af"), purpose="placement")
    decision = place(consents=[some])
    assert decision.accepted
    assert ruling(decision, "jt-sydost").code is RefusalCode.CONSENT_NOT_COVERING
    assert ruling(decision, "sd-farsta").discloses


def test_that_the_jobbtorg_knows_it_all_does_not_open_the_employers_copy() -> None:
    # The copy goes to the jobbtorg's own unit, but it is the employer who gets to know.
    decision = place(consents=[], basis=[("em", "OWN_UNIT", None)])
    assert not ruling(decision, "jt-sydost").discloses


def test_each_sees_its_part_of_a_placement() -> None:
    decision = place()
    by_sd, by_af = ruling(decision, "sd-farsta").copy, ruling(decision, "af-stockholm").copy
    assert by_sd is not None and by_af is not None
    assert not {"subsidy", "functional_needs"} & set(by_sd["content"])
    assert "subsidy" in by_af["content"]
    assert not {"tasks", "times", "functional_needs", "follow_up_dates"} & set(by_af["content"])


def test_a_placement_is_the_responsible_jobbtorgs() -> None:
    case = replace(asta(), responsible_jobbtorg="jt-jarva")
    assert outcome(place(case=case)) == "SENDER_NOT_ALLOWED"
