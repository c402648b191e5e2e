"""The whole decision: its order, and every way to say no."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing import decision as decisions
from routing import directory as directories
from routing import vocabulary
from routing.decision import Verdict
from routing.refusals import RefusalCode
from tests.support import events, judging, persons
from tests.support.judging import judge, outcome, ruling

FARSTA = [judging.consent()]


def refer(**parts: Any) -> decisions.Decision:
    return judge("referral.submitted", **{"consents": FARSTA, **parts})


def test_delivers_when_everything_is_in_order() -> None:
    decision = refer()
    assert decision.accepted
    given = ruling(decision, "jt-sydost")
    assert given.verdict is Verdict.DELIVER
    assert given.rule == "referral.submitted/jt"
    assert given.withheld == ()
    assert given.carried == {"ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "SO"}


# -- who sends -------------------------------------------------------------------------------------------------------

MAY_SEND = {
    "referral.submitted": {"sd"},
    "referral.answered": {"jt"},
    "enrolment.confirmed": {"jt"},
    "plan.proposed": {"jt"},
    "plan.decided": {"sd"},
    "case.closed": {"jt"},
    "finsam.case-initiated": {"sd", "jt", "af", "fk", "rg"},
    "finsam.joint-plan-recorded": {"team"},
    "consent.recorded": {"sd", "jt", "af", "fk", "rg", "sfi"},
    "consent.withdrawn": {"sd", "jt", "af", "fk", "rg", "sfi"},
}
ONE_OF_EACH = {
    "sd": "sd-farsta",
    "jt": "jt-sydost",
    "af": "af-stockholm",
    "fk": "fk-stockholm",
    "rg": "rg-stockholm",
    "sfi": "sfi-stockholm",
    "utb": "utb-kaa",
    "pv": "pv-exempelkompetens",
    "team": "team-sydost",
    "stat": "amf-analys",
    "forbund": "samordningsforbundet-stockholm",
}


@pytest.mark.parametrize("kind", sorted(ONE_OF_EACH))
@pytest.mark.parametrize("type_name", sorted(MAY_SEND))
def test_who_may_send_what(type_name: str, kind: str) -> None:
    refusal = decisions.refuse_sender(
        type_name, ONE_OF_EACH[kind], judging.situation(), judging.directory(), judging.rules()
    )
    if kind in MAY_SEND[type_name]:
        assert refusal is None
    else:
        wanted = "SELF_REFERRAL" if (type_name, kind) == ("referral.submitted", "jt") else "SENDER_NOT_ALLOWED"
        assert refusal is not None
        assert refusal.code == wanted


def test_a_type_without_a_rule_goes_nowhere() -> None:
    refusal = decisions.refuse_sender(
        "benefit.decided", "sd-farsta", judging.situation(), judging.directory(), judging.rules()
    )
    assert refusal is not None
    assert refusal.code is RefusalCode.SCHEMA_UNKNOWN


# -- the person ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marking", ["sekretessmarkering", "skyddad_folkbokforing", "unknown"])
def test_a_protected_person_is_left_to_people(marking: str) -> None:
    decision = refer(handling={"protected_identity": marking})
    assert outcome(decision) == "PROTECTED_IDENTITY"
    assert decision.case is None
    assert [each.verdict for each in decision.rulings] == [Verdict.MANUAL]
    assert all(each.copy is None for each in decision.rulings)


@pytest.mark.parametrize("type_name", ["plan.proposed", "case.closed", "plan.decided", "consent.recorded"])
def test_a_suspended_case_takes_nothing(type_name: str) -> None:
    case = judging.case("active", suspended=True)
    assert outcome(judge(type_name, case=case, consents=FARSTA)) == "PROTECTED_IDENTITY"


def test_another_person_than_the_cases_is_refused() -> None:
    case = judging.case("active", plans=judging.plans(1))
    decision = judge("case.closed", case=case, consents=FARSTA, person=persons.BO)
    assert outcome(decision) == "THIRD_PARTY_DATA"
    assert decision.rulings == ()


def test_a_message_of_a_case_need_not_repeat_the_person() -> None:
    decision = judge("case.closed", case=judging.case("active"), consents=FARSTA, person=None)
    assert decision.accepted
    assert "person" not in (ruling(decision, "sd-farsta").copy or {})


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (datetime(2032, 12, 31, 22, 59, tzinfo=UTC), "AGE_RULE"),  # 23.59 in Stockholm on the eve
        (datetime(2032, 12, 31, 23, 0, tzinfo=UTC), "accepted"),  # sixteen on 1 January 2033
    ],
)
def test_who_is_not_sixteen_is_not_in_the_hub(day: datetime, expected: str) -> None:
    consent = judging.consent(
        person=persons.CHILD, valid_from=day.date() - timedelta(days=9), valid_to=day.date() + timedelta(days=9)
    )
    assert outcome(refer(person=persons.CHILD, at=day, consents=[consent])) == expected


@pytest.mark.parametrize("type_name", ["referral.submitted", "finsam.case-initiated", "consent.recorded"])
def test_a_child_is_refused_wherever_something_begins(type_name: str) -> None:
    consent = judging.consent(
        *judging.both_ways("fk", "amn"),
        *judging.both_ways("sdn-farsta", "amn"),
        person=persons.CHILD,
        purpose="finsam_joint_planning" if type_name.startswith("finsam") else "jobbtorg_planning",
        recorded_by="fk-stockholm",
    )
    assert outcome(judge(type_name, person=persons.CHILD, consents=[consent])) == "AGE_RULE"


def test_one_open_case_at_a_time_with_each_stadsdel() -> None:
    assert outcome(refer(open_cases=[judging.case("active")])) == "DUPLICATE_CASE"
    elsewhere = judging.case("active", responsible_stadsdel="sd-bromma", responsible_jobbtorg="jt-vasterort")
    assert outcome(refer(open_cases=[elsewhere])) == "accepted"  # and nothing of the other case shows


# -- the case --------------------------------------------------------------------------------------------------------


def test_no_case_and_anothers_case_are_the_same_to_a_stranger() -> None:
    bromma = judging.case("referred", parties=frozenset({"sd-bromma", "jt-vasterort"}))
    foreign = judge("referral.answered", case=bromma, consents=FARSTA)
    missing = judge("referral.answered", subject=events.new_id(), consents=FARSTA)
    assert foreign == missing
    assert outcome(foreign) == "COULD_NOT_BE_DELIVERED"


def test_a_message_that_needs_a_case_names_one() -> None:
    decision = judge("referral.answered", consents=FARSTA)
    assert outcome(decision) == "SCHEMA_INVALID"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/subject",)


def test_a_referral_names_no_case() -> None:
    assert outcome(refer(case=judging.case("closed"))) == "SCHEMA_INVALID"


# -- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "occurred", "pointers"),
    [
        (timedelta(), timedelta(), ()),
        (timedelta(minutes=5), timedelta(), ()),
        (timedelta(minutes=5, seconds=1), timedelta(), ("/time",)),
        (timedelta(), timedelta(minutes=5), ()),
        (timedelta(), timedelta(minutes=5, seconds=1), ("/data/handling/occurred_at",)),
        (timedelta(days=-9), timedelta(days=-9), ()),
    ],
)
def test_nothing_is_sent_or_told_from_the_future(
    sent: timedelta, occurred: timedelta, pointers: tuple[str, ...]
) -> None:
    handling = {"occurred_at": (judging.NOON + occurred).isoformat()}
    decision = refer(sent_at=judging.NOON + sent, handling=handling)
    assert (decision.refusal.pointers if decision.refusal else ()) == pointers


# -- purpose ---------------------------------------------------------------------------------------------------------

PURPOSES = {
    "referral.submitted": {"jobbtorg_planning"},
    "referral.answered": {"jobbtorg_planning"},
    "enrolment.confirmed": {"jobbtorg_planning", "af_coordination"},
    "plan.proposed": {"jobbtorg_planning"},
    "plan.decided": {"jobbtorg_planning"},
    "case.closed": {"jobbtorg_planning", "af_coordination"},
    "finsam.case-initiated": {"finsam_joint_planning"},
    "finsam.joint-plan-recorded": {"finsam_joint_planning"},
    "consent.recorded": {"consent_administration"},
    "consent.withdrawn": {"consent_administration"},
}
CODES = events.catalogue().get_type("plan.decided").document["$defs"]


@pytest.mark.parametrize("type_name", sorted(PURPOSES))
def test_each_type_has_its_purposes_and_no_other(type_name: str) -> None:
    case = judging.case("active") if judging.rules().types[type_name].subject == "required" else None
    if type_name.startswith("finsam.joint"):
        case = judging.finsam_case(person_key=judging.key_of(persons.ASTA))
    for purpose in sorted(vocabulary.PURPOSES):
        found = outcome(judge(type_name, case=case, consents=FARSTA, handling={"purpose": purpose}))
        assert (found == "PURPOSE_NOT_ALLOWED") == (purpose not in PURPOSES[type_name]), purpose


def test_there_is_no_purpose_of_control() -> None:
    assert not any("control" in purpose or "kontroll" in purpose for purpose in vocabulary.PURPOSES)


# -- content ---------------------------------------------------------------------------------------------------------


def test_every_category_in_the_message_is_declared() -> None:
    decision = refer(categories=["ID", "PL"])
    assert outcome(decision) == "SCHEMA_INVALID"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/data/handling/categories",)
    assert decision.refusal.about == "BE CO ED FN LM SO ST WA"


def test_health_may_not_hide_among_planning() -> None:
    # The category of an item is a value in the message; the declaration must follow it.
    decision = judge(
        "finsam.joint-plan-recorded",
        case=judging.finsam_case(),
        person=persons.JONNA,
        categories=["ID", "PL", "FN", "SU"],
    )
    assert outcome(decision) == "SCHEMA_INVALID"
    assert decision.refusal is not None
    assert decision.refusal.about == "HE"


@pytest.mark.parametrize(
    "text",
    [
        "se 900101-2385",
        "se 9001012385",
        "se 199001012385",
        "19900101-2385.",
        "900101+2385",
        "900101 2385",
        "900101 - 2385",
        "900101\u20132385",
        "nr:199001012385,tack",
        "x199001012385x",
    ],
)
def test_a_personal_number_in_a_text_is_sent_back(text: str) -> None:
    decision = refer(content={"note": text})
    assert outcome(decision) == "FREE_TEXT_BLOCKED"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/data/content/note",)
    assert "2385" not in repr(decision)


def test_every_text_with_a_number_is_pointed_at() -> None:
    decision = refer(
        content={"note": "900101-2385", "functional_needs": ["kort", "900101-2385"]},
        handling={"case_ref": "A-900101-2385"},
    )
    assert decision.refusal is not None
    assert set(decision.refusal.pointers) == {
        "/data/content/note",
        "/data/content/functional_needs/1",
        "/data/handling/case_ref",
    }


@pytest.mark.parametrize("text", ["ring 08-508 00 000", "dnr 2026/1234", "kl 10.30-12.00", "vecka 12-14", "3000 kr"])
def test_other_numbers_may_stand_in_a_text(text: str) -> None:
    assert refer(content={"note": text}).accepted


def test_an_investigation_of_work_ability_is_not_the_jobbtorgs() -> None:
    activities = events.data("plan.proposed", at=judging.NOON)["content"]["activities"]
    activities[1]["service_code"] = "work_ability_investigation"
    decision = judge(
        "plan.proposed", case=judging.case("enrolled"), consents=FARSTA, content={"activities": activities}
    )
    assert outcome(decision) == "OUT_OF_REMIT"
    assert decision.refusal is not None
    assert decision.refusal.pointers == ("/data/content/activities/1/service_code",)


def test_a_plan_for_less_than_ten_hours_says_why() -> None:
    message_type = events.catalogue().get_type("plan.proposed")
    short = events.data("plan.proposed", at=judging.NOON, content={"weekly_hours_total": 8, "deviations": None})
    assert message_type.faults(short)
    short["content"]["deviations"] = [{"kind": "lt_10_hours", "ground": "Sfi på förmiddagarna."}]
    assert message_type.faults(short) == ()


# -- agreement -------------------------------------------------------------------------------------------------------


def test_no_agreement_no_disclosure() -> None:
    rows = replace(judging.directory().entries, agreements=())
    without = directories.Directory(rows, "sha256:none")
    consent = judging.consent(
        *judging.both_ways("fk", "amn"),
        *judging.both_ways("fk", "af"),
        person=persons.JONNA,
        purpose="finsam_joint_planning",
        recorded_by="fk-stockholm",
    )
    message = judging.message(
        "finsam.case-initiated",
        person=persons.JONNA,
        to=[{"team": "team-sydost"}],
        content={"wished_seats": ["jt", "af"]},
        basis=[(kind, "CONSENT", None) for kind in ("team", "jt", "af")],
    )
    situation = judging.situation(consents=[consent])
    assert decisions.decide(message, situation, judging.directory(), judging.rules()).accepted
    refused = decisions.decide(message, situation, without, judging.rules())
    assert outcome(refused) == "NO_AGREEMENT"
    assert not any(each.discloses for each in refused.rulings)


# -- order -----------------------------------------------------------------------------------------------------------


# Faults in the order in which they are told. A message with all of them is refused for the first, without the first
# for the second, and so on: the first rule that fails is the answer.
def test_the_first_rule_that_fails_is_the_answer() -> None:
    activities = events.data("plan.proposed", at=judging.NOON)["content"]["activities"]
    activities[0]["service_code"] = "work_ability_investigation"
    parts: dict[str, Any] = {
        "sender": "sd-farsta",
        "person": persons.BO,
        "case": judging.case("closed", parties=frozenset({"sd-farsta"}), plans=judging.plans(7)),
        "to": [{"unit": "sd-bromma"}],
        "handling": {"protected_identity": "unknown", "purpose": "statistics", "occurred_at": "2027-01-01T00:00:00Z"},
        "content": {"activities": activities, "goal": "900101-2385"},
        "categories": ["ID"],
        "basis": [],
    }
    in_hand = frozenset({"sd-farsta", "jt-sydost", "jt-jarva"})
    steps: list[tuple[str, dict[str, Any]]] = [
        ("SENDER_NOT_ALLOWED", {"sender": "jt-jarva"}),
        ("SCHEMA_INVALID", {"handling": {"protected_identity": "unknown", "purpose": "statistics"}}),
        ("COULD_NOT_BE_DELIVERED", {"case": judging.case("closed", parties=in_hand, plans=judging.plans(7))}),
        ("PROTECTED_IDENTITY", {"handling": {"purpose": "statistics"}}),
        ("THIRD_PARTY_DATA", {"person": persons.ASTA}),
        ("PURPOSE_NOT_ALLOWED", {"handling": {}}),
        ("RECIPIENT_NOT_ALLOWED", {"to": [{"role": "responsible_stadsdel"}]}),
        ("SENDER_NOT_ALLOWED", {"sender": "jt-sydost"}),
        ("STATE_CONFLICT", {"case": judging.case("active", parties=in_hand, plans=judging.plans(7))}),
        ("STALE_VERSION", {"case": judging.case("active", parties=in_hand)}),
        ("OUT_OF_REMIT", {"content": {"goal": "900101-2385"}}),
        ("SCHEMA_INVALID", {"categories": None}),
        ("FREE_TEXT_BLOCKED", {"content": {}}),
        ("NO_BASIS", {"basis": [("sd", "CONSENT", None)]}),
        ("CONSENT_MISSING", {"consents": FARSTA}),
        ("accepted", {}),
    ]
    for expected, repair in steps:
        asked = dict(parts)
        assert outcome(judge("plan.proposed", asked.pop("sender"), **asked)) == expected
        parts |= repair
