"""What each recipient sees: the golden vectors, the ceilings, and what never shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from routing.decision import Decision, Verdict
from routing.refusals import RefusalCode
from tests.support import events, judging, persons
from tests.support.judging import edge, judge, outcome, ruling


def copy_of(decision: Decision, unit: str) -> dict[str, Any]:
    copy = ruling(decision, unit).copy
    assert copy is not None, ruling(decision, unit)
    return dict(copy)


def refer(*categories: str, **content: Any) -> Decision:
    consent = judging.consent(edge("sdn-farsta", "amn", categories or judging.EVERYTHING))
    return judge("referral.submitted", consents=[consent], content=content)


# What the referral cannot do without.
NEEDED = ("ID", "CO", "ST", "BE", "LM", "WA")


def test_g1_education_is_visible_when_the_consent_covers_it() -> None:
    assert copy_of(refer(*NEEDED, "ED"), "jt-sydost")["content"]["education_level"] == "9"


def test_education_is_withheld_when_the_consent_does_not_cover_it() -> None:
    decision = refer(*NEEDED)
    given = ruling(decision, "jt-sydost")
    assert given.verdict is Verdict.REDACT
    assert "/content/education_level" in given.withheld
    assert "education_level" not in copy_of(decision, "jt-sydost")["content"]


def test_g2_of_benefits_a_jobbtorg_sees_yes_or_no() -> None:
    assert copy_of(refer(), "jt-sydost")["content"]["receives_support"] is True


@pytest.mark.parametrize("category", NEEDED[1:])
def test_a_recipient_who_would_get_a_torso_is_refused(category: str) -> None:
    decision = refer(*(judging.EVERYTHING - {category}))
    if category == "CO":
        assert decision.accepted  # contact is optional as a whole
        assert "contact" not in copy_of(decision, "jt-sydost")["content"]
        return
    assert outcome(decision) == "CONSENT_NOT_COVERING"
    assert ruling(decision, "jt-sydost").about == category
    assert ruling(decision, "jt-sydost").copy is None


def test_without_identity_nobody_is_referred() -> None:
    assert outcome(refer(*NEEDED[1:])) == "CONSENT_NOT_COVERING"


# -- FINSAM ----------------------------------------------------------------------------------------------------------

FINSAM_SEATS = ("sd", "jt", "af", "fk", "rg")
AUTHORITIES = {"sd": "sdn-farsta", "jt": "amn", "af": "af", "fk": "fk", "rg": "rg"}
UNITS = {
    "sd": "sd-farsta",
    "jt": "jt-sydost",
    "af": "af-stockholm",
    "fk": "fk-stockholm",
    "rg": "rg-stockholm",
}


def item(category: str | None, name: str) -> dict[str, Any]:
    found = {"item_id": name, "what": f"Punkt {name}", "by_party_kind": "person", "due": "2026-05-01"}
    return found if category is None else {**found, "category": category}


def plan_together(items: list[dict[str, Any]], categories: Any = judging.EVERYTHING, **parts: Any) -> Decision:
    edges = [edge("amn", AUTHORITIES[kind], categories) for kind in FINSAM_SEATS if kind != "jt"]
    consent = judging.consent(*edges, person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="fk-stockholm")
    values: dict[str, Any] = {
        "case": judging.finsam_case(responsible_stadsdel="sd-farsta"),
        "person": persons.JONNA,
        "consents": [consent],
        "to": [{"team": "team-sydost", "seat": kind} for kind in FINSAM_SEATS],
        "basis": [(kind, "CONSENT", None) for kind in FINSAM_SEATS],
        "content": {"items": items, "agreed_by_seats": ["fk", "sd"]},
    }
    return judge("finsam.joint-plan-recorded", **values | parts)


SEEN = {  # category of an item -> the seats that see it when the consent covers everything
    "PL": {"sd", "jt", "af", "fk", "rg"},
    None: {"sd", "jt", "af", "fk", "rg"},
    "FN": {"sd", "jt", "af", "fk", "rg"},
    "HE": {"sd", "af", "fk", "rg"},
    "WA": {"sd", "af", "fk", "rg"},
    "SU": {"sd", "rg"},
    "SO": {"sd"},
}


@pytest.mark.parametrize("category", SEEN, ids=str)
def test_g3_g4_g13_the_ceiling_beats_the_consent(category: str | None) -> None:
    decision = plan_together([item("PL", "always"), item(category, "asked")])
    assert decision.accepted
    for kind in FINSAM_SEATS:
        seen = {each["item_id"] for each in copy_of(decision, UNITS[kind])["content"]["items"]}
        assert ("asked" in seen) == (kind in SEEN[category]), kind
        assert "always" in seen


def test_g13_an_item_that_may_not_be_seen_leaves_no_trace() -> None:
    decision = plan_together([item("PL", "p1"), item("SU", "p2"), item("PL", "p3")])
    copy = copy_of(decision, "jt-sydost")
    assert [each["item_id"] for each in copy["content"]["items"]] == ["p1", "p3"]
    assert "SU" not in repr(copy)
    assert "p2" not in repr(copy)
    assert ruling(decision, "jt-sydost").withheld == ("/content/items/1",)


def test_a_seat_for_which_nothing_is_left_is_refused() -> None:
    decision = plan_together([item("SU", "p1")])
    assert ruling(decision, "jt-sydost").code is RefusalCode.RECIPIENT_NOT_ALLOWED
    assert ruling(decision, "sd-farsta").discloses


def test_g5_health_is_for_joint_planning_only() -> None:
    # The same facts for another purpose: the type has no such route.
    assert outcome(plan_together([item("HE", "p1")], handling={"purpose": "jobbtorg_planning"})) == (
        "PURPOSE_NOT_ALLOWED"
    )


def test_g6_reports_on_request_end_with_the_request() -> None:
    case = judging.case("active", reporting_request=judging.request(date(2026, 6, 30)))
    basis = [("sd", "SOL_15_9", None)]
    for at, expected in (
        (datetime(2026, 6, 30, 12, 0, tzinfo=UTC), "accepted"),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "NO_BASIS"),
    ):
        assert outcome(judge("case.closed", at=at, case=case, basis=basis)) == expected
        plan = judge("plan.proposed", at=at, case=case, basis=basis)
        assert outcome(plan) == expected


def test_a_consent_for_the_jobbtorg_opens_no_door_of_the_team() -> None:
    consent = judging.consent(
        *judging.both_ways("fk", "amn"),
        *judging.both_ways("fk", "af"),
        person=persons.JONNA,
        recorded_by="fk-stockholm",
    )
    ask = {
        "person": persons.JONNA,
        "to": [{"team": "team-sydost"}],
        "content": {"wished_seats": ["jt", "af"]},
        "basis": [(kind, "CONSENT", None) for kind in ("team", "jt", "af")],
    }
    assert outcome(judge("finsam.case-initiated", consents=[consent], **ask)) == "CONSENT_MISSING"
    finsam = replace(consent, purpose="finsam_joint_planning")
    assert outcome(judge("finsam.case-initiated", consents=[finsam], **ask)) == "accepted"


@pytest.mark.parametrize("kind", FINSAM_SEATS)
def test_parts_of_a_question_follow_the_ceiling(kind: str) -> None:
    edges = [side for name in AUTHORITIES.values() for side in judging.both_ways("fk", name)]
    consent = judging.consent(*edges, person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="fk-stockholm")
    if kind == "fk":
        return
    decision = judge(
        "finsam.case-initiated",
        person=persons.JONNA,
        consents=[consent],
        to=[{"team": "team-sydost"}, {"unit": "sd-farsta"}],
        basis=[(name, "CONSENT", None) for name in ("team", *FINSAM_SEATS)],
        content={"wished_seats": ["sd", "jt", "af", "rg"]},
    )
    texts = {part["text"] for part in copy_of(decision, UNITS[kind])["content"]["parts"]}
    assert ("Sjukskriven sedan hösten." in texts) == (kind != "jt")
    assert "Orkar omkring tre timmar om dagen." in texts


# -- AF --------------------------------------------------------------------------------------------------------------


def tell_af(type_name: str, state: str, *categories: str) -> Decision:
    consent = judging.consent(edge("amn", "af", categories), purpose="af_coordination", recorded_by="jt-sydost")
    return judge(
        type_name,
        case=judging.case(state),
        consents=[consent],
        to=[{"unit": "af-stockholm"}],
        basis=[("af", "CONSENT", None)],
        handling={"purpose": "af_coordination"},
    )


def test_af_sees_the_registration_and_whom_to_contact() -> None:
    decision = tell_af("enrolment.confirmed", "enrolled", "ID", "ST", "LM", "CO")
    copy = copy_of(decision, "af-stockholm")
    assert set(copy["content"]) == {"contact", "af_registration", "coach_function"}
    assert copy["person"] == persons.ASTA.as_data()


def test_the_first_consent_has_another_purpose() -> None:
    parts: dict[str, Any] = {
        "to": [{"unit": "af-stockholm"}],
        "basis": [("af", "CONSENT", None)],
        "handling": {"purpose": "af_coordination"},
    }
    consents = [judging.consent(*judging.both_ways("sdn-farsta", "amn"), edge("amn", "af"))]
    decision = judge("enrolment.confirmed", case=judging.case("enrolled"), consents=consents, **parts)
    assert outcome(decision) == "CONSENT_MISSING"


def test_af_learns_that_a_case_is_closed_and_not_why() -> None:
    copy = copy_of(tell_af("case.closed", "closed", *events.ALL_CATEGORIES), "af-stockholm")
    assert set(copy["content"]) == {"closed_on"}
    assert "work_permanent" not in repr(copy)


# -- what never shows ------------------------------------------------------------------------------------------------


def test_a_copy_tells_nothing_of_the_other_recipients() -> None:
    decision = plan_together([item("PL", "p1")])
    for kind in FINSAM_SEATS:
        copy = copy_of(decision, UNITS[kind])
        assert "to" not in copy["handling"]
        assert {claim["recipient_kind"] for claim in copy["handling"]["basis"]} <= {kind}
        others = {UNITS[name] for name in FINSAM_SEATS if name != kind}
        assert not any(other in repr(copy) for other in others)


def test_a_copy_does_not_show_that_something_is_missing() -> None:
    full = copy_of(refer(*NEEDED, "ED", "FN", "SO"), "jt-sydost")
    never = copy_of(refer(*NEEDED, education_level=None, sfi_schedule=None), "jt-sydost")
    withheld = copy_of(refer(*NEEDED, "FN", "SO"), "jt-sydost")
    never_with = copy_of(refer(*NEEDED, "FN", "SO", education_level=None, sfi_schedule=None), "jt-sydost")
    assert withheld == never_with
    assert full["content"].keys() - withheld["content"].keys() == {"education_level", "sfi_schedule"}
    assert never["content"].keys() <= withheld["content"].keys()
