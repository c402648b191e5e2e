"""Legal bases: each hop between two authorities needs one, and each covers only what its statute reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from routing import decision as decisions
from routing import rulebook as rulebooks
from routing.decision import Verdict
from routing.refusals import RefusalCode
from tests.support import events, judging, persons
from tests.support.judging import edge, judge, outcome, ruling

BY_CONSENT = [("sd", "CONSENT", None)]
BY_REQUEST = [("sd", "SOL_15_9", None)]
JUNE_30 = date(2026, 6, 30)


def test_without_any_claim_there_is_no_basis() -> None:
    assert outcome(judge("referral.submitted", basis=[], consents=[judging.consent()])) == "NO_BASIS"


def test_a_claim_toward_another_kind_does_not_count() -> None:
    decision = judge("referral.submitted", basis=[("af", "CONSENT", None)], consents=[judging.consent()])
    assert outcome(decision) == "NO_BASIS"


def test_an_unknown_consent_is_answered_like_none() -> None:
    unknown = judge("referral.submitted", basis=[("jt", "CONSENT", events.new_id())], consents=[judging.consent()])
    none = judge("referral.submitted", basis=[("jt", "CONSENT", None)])
    assert outcome(unknown) == outcome(none) == "CONSENT_MISSING"
    assert ruling(unknown, "jt-sydost") == ruling(none, "jt-sydost")


def test_the_consent_and_its_version_are_named() -> None:
    decision = judge("referral.submitted", consents=[judging.consent(version=4)])
    used = ruling(decision, "jt-sydost").basis
    assert used is not None
    assert (used.code, used.consent_id, used.version) == ("CONSENT", judging.CONSENT_ID, 4)


def test_a_consent_that_the_sender_has_no_part_in_is_no_help_and_does_not_show() -> None:
    foreign = judging.consent(*judging.both_ways("sdn-bromma", "amn"), recorded_by="sd-bromma")
    decision = judge("referral.submitted", consents=[foreign])
    assert outcome(decision) == "CONSENT_MISSING"


# Rows of the matrix "which flows need consent", as far as the ten types go: sender, recipient, basis, what comes of it.
@pytest.mark.parametrize(
    ("type_name", "state", "basis", "expected"),
    [
        ("referral.submitted", None, ("jt", "CONSENT"), "accepted"),
        ("referral.submitted", None, ("jt", "OSL_10_2"), "accepted"),
        ("referral.submitted", None, ("jt", "SOL_15_9"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "SOL_15_8"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "HARM_TEST"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "NOT_SECRET"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "OSL_26_9"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "TO_SELF"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "AGGREGATE"), "NO_BASIS"),
        ("referral.submitted", None, ("jt", "OWN_UNIT"), "NO_BASIS"),
        ("plan.decided", "plan-awaiting-approval", ("jt", "CONSENT"), "accepted"),
        ("plan.decided", "plan-awaiting-approval", ("jt", "OSL_10_2"), "accepted"),
        ("plan.decided", "plan-awaiting-approval", ("jt", "SOL_15_9"), "NO_BASIS"),
        ("case.closed", "active", ("sd", "CONSENT"), "accepted"),
        ("case.closed", "active", ("sd", "SOL_15_9"), "accepted"),
        ("case.closed", "active", ("sd", "OSL_10_2"), "NO_BASIS"),  # the route does not admit it
        ("case.closed", "active", ("sd", "SOL_15_11"), "NO_BASIS"),
        ("plan.proposed", "active", ("sd", "SOL_15_9"), "accepted"),
        ("referral.answered", "referred", ("sd", "SOL_15_9"), "accepted"),
    ],
)
def test_which_basis_carries_which_flow(
    type_name: str, state: str | None, basis: tuple[str, str], expected: str
) -> None:
    case = None
    if state is not None:
        case = judging.case(state, plans=judging.plans(1), reporting_request=judging.request(JUNE_30))
    content = {"version": 2} if type_name == "plan.proposed" else {}
    consents = [judging.consent()] if basis[1] == "CONSENT" else []
    decision = judge(type_name, case=case, consents=consents, basis=[(*basis, None)], content=content)
    assert outcome(decision) == expected


# -- SoL 15:9: on the stadsdel's standing request ---------------------------------------------------------------------


def closed(at: datetime, *, request: str | None = None, items: tuple[str, ...] = ()) -> str:
    case = judging.case("active", reporting_request=judging.request(JUNE_30, *items))
    return outcome(judge("case.closed", at=at, case=case, basis=[("sd", "SOL_15_9", request)]))


def test_reports_on_request_end_with_the_requests_last_day() -> None:
    assert closed(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == "accepted"
    assert closed(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == "NO_BASIS"  # July in Stockholm


def test_a_report_names_the_request_or_none() -> None:
    assert closed(judging.NOON, request=judging.REQUEST_ID) == "accepted"
    assert closed(judging.NOON, request=events.new_id()) == "NO_BASIS"


def test_only_what_was_asked_for_is_reported() -> None:
    assert closed(judging.NOON, items=("closing",)) == "accepted"
    assert closed(judging.NOON, items=("attendance", "activity")) == "NO_BASIS"
    case = judging.case("active", plans=judging.plans(1), reporting_request=judging.request(JUNE_30, "closing"))
    assert outcome(judge("plan.proposed", case=case, basis=BY_REQUEST, content={"version": 2})) == "NO_BASIS"


def test_without_a_request_nothing_is_reported() -> None:
    assert outcome(judge("case.closed", case=judging.case("active"), basis=BY_REQUEST)) == "NO_BASIS"


def test_what_the_statute_does_not_reach_the_consent_may() -> None:
    # Contact details and registrations are no part of a report on request.
    case = judging.case("appointment-offered", reporting_request=judging.request(JUNE_30))
    only = judge("enrolment.confirmed", case=case, basis=BY_REQUEST)
    assert outcome(only) == "NO_BASIS"  # af_registration is required, and needs LM
    both = judge("enrolment.confirmed", case=case, basis=BY_REQUEST, consents=[judging.consent()])
    assert outcome(both) == "accepted"
    used = ruling(both, "sd-farsta").basis
    assert used is not None
    assert used.code == "SOL_15_9"


def test_the_lawyers_switch_turns_reports_on_request_off() -> None:
    rules = judging.rules()
    off = replace(rules, bases={**rules.bases, "SOL_15_9": replace(rules.bases["SOL_15_9"], enabled=False)})
    case = judging.case("active", reporting_request=judging.request(JUNE_30))
    assert outcome(judge("case.closed", case=case, basis=BY_REQUEST, rulebook=off)) == "NO_BASIS"


# -- OSL 10:2: necessary for one's own work ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "accepted"),
        ({"ground": "x" * 20}, "accepted"),
        ({"ground": "x" * 19}, "NO_BASIS"),
        ({"role": "enhetschef"}, "accepted"),
        ({"role": "praktikant"}, "NO_BASIS"),
    ],
)
def test_necessary_for_ones_own_work_needs_a_role_and_a_ground(changes: dict[str, str], expected: str) -> None:
    assert outcome(judge("referral.submitted", basis=[events.claim("jt", "OSL_10_2", **changes)])) == expected


def test_two_addresses_of_one_recipient_are_one_recipient() -> None:
    to = [{"role": "responsible_jobbtorg"}, {"unit": "jt-sydost"}]
    basis = [("jt", "OSL_10_2", None)]
    assert outcome(judge("referral.submitted", to=to, basis=basis)) == "accepted"
    message = judging.message("referral.submitted", to=to, basis=basis)
    again = decisions.decide_again(
        message, "jt-sydost", "jt", judging.situation(), judging.directory(), judging.rules()
    )
    assert again.discloses


def test_crime_and_third_persons_are_covered_by_nothing() -> None:
    for basis in judging.rules().bases.values():
        if basis.enabled:
            assert not basis.can_cover("CJ")
            assert not basis.can_cover("TP")


# -- one's own authority ---------------------------------------------------------------------------------------------


def test_within_one_authority_no_consent_is_needed() -> None:
    joint = judge(
        "finsam.joint-plan-recorded",
        case=judging.finsam_case(),
        person=persons.JONNA,
        basis=[],
        to=[{"team": "team-sydost", "seat": "jt"}],
    )
    assert outcome(joint) == "accepted"
    used = ruling(joint, "jt-sydost").basis
    assert used is not None
    assert used.code == "OWN_UNIT"


def test_each_recipient_is_judged_alone() -> None:
    given = judging.consent(
        edge("amn", "fk"), person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="fk-stockholm"
    )
    decision = judge(
        "finsam.joint-plan-recorded",
        case=judging.finsam_case(),
        person=persons.JONNA,
        consents=[given],
        to=[{"team": "team-sydost", "seat": kind} for kind in ("jt", "af", "fk", "rg")],
        basis=[(kind, "CONSENT", None) for kind in ("jt", "af", "fk", "rg")],
    )
    assert decision.accepted
    assert ruling(decision, "fk-stockholm").discloses
    assert ruling(decision, "jt-sydost").discloses
    for unit in ("af-stockholm", "rg-stockholm"):
        assert ruling(decision, unit).verdict is Verdict.REFUSE
        assert ruling(decision, unit).code is RefusalCode.CONSENT_NOT_COVERING
        assert ruling(decision, unit).copy is None


def test_the_rulebook_offers_no_general_clause() -> None:
    assert isinstance(judging.rules(), rulebooks.Rulebook)
    assert not any("10:27" in basis.statute for basis in judging.rules().bases.values())


def test_what_a_consent_can_never_cover_stays_behind_whatever_the_paper_says() -> None:
    rules = judging.rules()
    consent = replace(rules.bases["CONSENT"], never=rules.bases["CONSENT"].never | {"ED"})
    narrower = replace(rules, bases={**rules.bases, "CONSENT": consent})
    told, left = (
        ruling(judge("referral.submitted", consents=[judging.consent()], rulebook=each), "jt-sydost").withheld
        for each in (rules, narrower)
    )
    assert set(left) - set(told) == {"/content/education_level", "/content/sfi_schedule"}
