"""What the state, sfi and the region tell, and what is asked and answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from routing import decision as decisions
from routing.case import Case
from routing.consent import Consent
from routing.decision import Decision, Ruling
from routing.situation import Earlier
from tests.support import events, judging, persons
from tests.support.judging import edge, judge, outcome, ruling

PARTIES = ("amn", "sdn-farsta", "sdn-bromma", "af", "fk", "rg", "utbn")
EVERYBODY = frozenset(
    {"sd-farsta", "jt-sydost", "af-stockholm", "fk-stockholm", "rg-stockholm", "sfi-stockholm", "team-sydost"}
)
PLANNING = {"/content/goal", "/content/activities", "/content/support_from_af"}


def agreed(purpose: str) -> Consent:
    """Everybody may tell everybody everything, for one purpose."""
    edges = [edge(one, other) for one in PARTIES for other in PARTIES if one != other]
    return judging.consent(*edges, purpose=purpose)


def asta(state: str | None = "active", finsam_state: str | None = None) -> Case:
    return judging.case(state, finsam_state=finsam_state, team="team-sydost", parties=EVERYBODY)


def fields(found: Ruling) -> set[str]:
    assert found.copy is not None
    return set(found.copy["content"])


# -- what the law has the state tell the stadsdel --------------------------------------------------------------------

STATUTORY = [("af.status-notified", "af-stockholm", "SOL_15_11"), ("fk.benefit-notified", "fk-stockholm", "SOL_15_10")]


def notify(type_name: str, sender: str, code: str, to: Any = ({"unit": "sd-farsta"},), **parts: Any) -> Decision:
    parts.setdefault("open_cases", [judging.case("active")])
    parts.setdefault("basis", [(kind, code, None) for kind in ("sd", "jt", "rg", "pv", "team")])
    return judge(type_name, sender, to=to, **parts)


@pytest.mark.parametrize(("type_name", "sender", "code"), STATUTORY)
def test_the_law_tells_the_stadsdel_where_the_person_has_a_case(type_name: str, sender: str, code: str) -> None:
    decision = notify(type_name, sender, code)
    assert decision.accepted
    assert decision.uniform
    assert ruling(decision, "sd-farsta").withheld == ()
    used = ruling(decision, "sd-farsta").basis
    assert used is not None and used.code == code


@pytest.mark.parametrize(("type_name", "sender", "code"), STATUTORY)
@pytest.mark.parametrize(
    "unit", ["jt-sydost", "rg-stockholm", "pv-exempelkompetens", "team-sydost", "samordningsforbundet-stockholm"]
)
def test_the_law_tells_nobody_else(type_name: str, sender: str, code: str, unit: str) -> None:
    assert outcome(notify(type_name, sender, code, [{"unit": unit}])) == "RECIPIENT_NOT_ALLOWED"


@pytest.mark.parametrize(("type_name", "sender", "code"), STATUTORY)
@pytest.mark.parametrize(
    "units", [["sd-bromma"], ["sd-farsta", "sd-bromma"], ["Kista"]], ids=["another", "one too many", "by name"]
)
def test_a_stadsdel_without_a_case_is_told_nothing(type_name: str, sender: str, code: str, units: list[str]) -> None:
    decision = notify(type_name, sender, code, [{"unit": unit} for unit in units])
    assert outcome(decision) == "COULD_NOT_BE_DELIVERED"


@pytest.mark.parametrize(("type_name", "sender", "code"), STATUTORY)
def test_a_team_case_has_no_stadsdel_to_tell(type_name: str, sender: str, code: str) -> None:
    # Nobody is responsible there; nobody is no match for an address that names no unit either.
    case = judging.finsam_case("planned", person_key=judging.key_of(persons.ASTA), parties=EVERYBODY)
    decision = notify(type_name, sender, code, [{"role": "responsible_stadsdel"}], case=case, open_cases=[case])
    assert not decision.accepted


@pytest.mark.parametrize(("type_name", "sender", "code"), STATUTORY)
def test_the_law_needs_no_agreement_and_no_other_basis_will_do(type_name: str, sender: str, code: str) -> None:
    entries = replace(judging.directory().entries, agreements=())
    without = type(judging.directory())(entries, "sha256:none")
    basis = [("sd", code, None)]
    message = judging.message(type_name, sender, to=[{"unit": "sd-farsta"}], basis=basis)
    situation = judging.situation(open_cases=[judging.case("active")], consents=[agreed("statutory_information")])
    assert decisions.decide(message, situation, without, judging.rules()).accepted
    by_consent = notify(type_name, sender, code, basis=[("sd", "CONSENT", None)], consents=situation.consents.values())
    assert outcome(by_consent) == "NO_BASIS"


# -- what is shared for planning -------------------------------------------------------------------------------------


def test_the_stadsdel_sees_of_the_states_plan_the_plan_alone() -> None:
    to = [{"role": "responsible_jobbtorg"}, {"role": "responsible_stadsdel"}]
    basis = [("jt", "HARM_TEST", None), ("sd", "HARM_TEST", None)]
    decision = judge("af.plan-shared", "af-stockholm", case=asta(), to=to, basis=basis)
    assert {"occupation_wishes", "education_level", "functional_needs"} <= fields(ruling(decision, "jt-sydost"))
    assert fields(ruling(decision, "sd-farsta")) <= {
        "plan_kind",
        "made_on",
        "revised_on",
        "valid_until",
        "goal",
        "activities",
        "support_from_af",
    }


@pytest.mark.parametrize(
    ("sender", "to", "expected"),
    [
        ("jt-sydost", {"unit": "af-stockholm"}, "accepted"),
        ("jt-sydost", {"role": "responsible_stadsdel"}, "RECIPIENT_NOT_ALLOWED"),
        ("af-stockholm", {"unit": "fk-stockholm"}, "RECIPIENT_NOT_ALLOWED"),
        ("af-stockholm", {"unit": "jt-jarva"}, "RECIPIENT_NOT_ALLOWED"),
    ],
)
def test_a_plan_goes_where_its_sender_may_send_it(sender: str, to: dict[str, str], expected: str) -> None:
    basis = [(kind, "CONSENT", None) for kind in ("af", "jt", "sd", "fk")]
    consents = [agreed("af_coordination")]
    decision = judge("af.plan-shared", sender, case=asta(), to=[to], basis=basis, consents=consents)
    assert outcome(decision) == expected


def test_a_jobbtorg_cannot_claim_the_harm_test_of_the_state() -> None:
    basis = [("af", "HARM_TEST", None)]
    to = [{"unit": "af-stockholm"}]
    assert outcome(judge("af.plan-shared", "jt-sydost", case=asta(), to=to, basis=basis)) == "NO_BASIS"


def share(type_name: str, sender: str, finsam_state: str | None, *kinds: str, **parts: Any) -> Decision:
    given: dict[str, Any] = {
        "case": asta(finsam_state=finsam_state),
        "to": [{"team": "team-sydost", "seat": kind} for kind in kinds],
        "basis": [(kind, "CONSENT", None) for kind in kinds],
        "consents": [agreed("finsam_joint_planning")],
        "handling": {"purpose": "finsam_joint_planning"},
    }
    return judge(type_name, sender, **given | parts)


@pytest.mark.parametrize(
    ("code", "consents", "told"), [("CONSENT", [agreed("finsam_joint_planning")], True), ("HARM_TEST", [], False)]
)
def test_the_harm_test_opens_no_health(code: str, consents: list[Consent], told: bool) -> None:
    """OSL 25:1 presumes secrecy; a harm test is for what openness is presumed of."""
    basis = [("fk", code, None)]
    found = ruling(
        share("mapping.shared", "af-stockholm", "planned", "fk", basis=basis, consents=consents), "fk-stockholm"
    )
    parts = events.data("mapping.shared", at=judging.NOON)["content"]["parts"]
    (health,) = [index for index, part in enumerate(parts) if part["category"] == "HE"]
    assert (f"/content/parts/{health}" not in found.withheld) == told


@pytest.mark.parametrize("type_name", ["af.plan-shared", "fk.rehab-shared", "health.rehab-shared"])
@pytest.mark.parametrize(
    ("finsam_state", "expected"),
    [
        (None, "STATE_CONFLICT"),
        ("initiated", "STATE_CONFLICT"),
        ("accepted", "accepted"),
        ("following-up", "accepted"),
        ("closed", "STATE_CONFLICT"),
    ],
)
def test_a_seat_is_told_while_the_team_has_the_case(type_name: str, finsam_state: str | None, expected: str) -> None:
    sender = {"af": "af-stockholm", "fk": "fk-stockholm", "health": "rg-stockholm"}[type_name.partition(".")[0]]
    assert outcome(share(type_name, sender, finsam_state, "sd")) == expected


def test_of_insurance_and_health_the_jobbtorg_sees_what_the_work_needs() -> None:
    by_fk = share("fk.rehab-shared", "fk-stockholm", "planned", "sd", "jt", "rg")
    assert fields(ruling(by_fk, "jt-sydost")) == {
        "coordination_ongoing",
        "plan_items",
        "work_ability",
        "functional_needs",
    }
    assert {"health_note", "sgi_status"} <= fields(ruling(by_fk, "sd-farsta"))
    outside = {"handling": {"purpose": "fk_coordination"}, "consents": [agreed("fk_coordination")]}
    alone = share("fk.rehab-shared", "fk-stockholm", None, "jt", to=[{"role": "responsible_jobbtorg"}], **outside)
    assert fields(ruling(alone, "jt-sydost")) == fields(ruling(by_fk, "jt-sydost"))
    assert "sgi_status" not in fields(ruling(by_fk, "rg-stockholm"))
    by_region = share("health.rehab-shared", "rg-stockholm", "planned", "sd", "jt", "fk")
    assert fields(ruling(by_region, "jt-sydost")) == {"functional_needs"}
    assert "health_note" in fields(ruling(by_region, "fk-stockholm"))


@pytest.mark.parametrize(
    ("type_name", "sender"), [("fk.rehab-shared", "fk-stockholm"), ("health.rehab-shared", "rg-stockholm")]
)
@pytest.mark.parametrize("code", ["HARM_TEST", "NOT_SECRET", "OSL_10_2"])
def test_rehabilitation_is_shared_by_consent_only(type_name: str, sender: str, code: str) -> None:
    decision = share(type_name, sender, "planned", "sd", basis=[("sd", code, None)])
    assert outcome(decision) == "NO_BASIS"


def test_the_regions_direction_is_not_the_insurances() -> None:
    one_way = judging.consent(edge("rg", "fk"), purpose="finsam_joint_planning")
    assert share("health.rehab-shared", "rg-stockholm", "planned", "fk", consents=[one_way]).accepted
    back = share("fk.rehab-shared", "fk-stockholm", "planned", "rg", consents=[one_way])
    assert outcome(back) == "CONSENT_NOT_COVERING"


# -- sfi -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recommendation", "code", "expected"),
    [
        (None, "HARM_TEST", "accepted"),
        (None, "CONSENT", "accepted"),
        ("combine", "HARM_TEST", "NO_BASIS"),
        ("combine", "CONSENT", "accepted"),
    ],
)
def test_what_a_vagledare_thinks_needs_consent(recommendation: str | None, code: str, expected: str) -> None:
    decision = judge(
        "sfi.progress-reported",
        "sfi-stockholm",
        case=asta(),
        to=[{"role": "responsible_jobbtorg"}],
        basis=[("jt", code, None)],
        consents=[agreed("sfi_coordination")],
        content={"recommendation": recommendation},
    )
    assert outcome(decision) == expected


def test_what_sfi_says_of_the_lessons_is_remembered() -> None:
    parts: dict[str, Any] = {"to": [{"role": "responsible_jobbtorg"}], "basis": [("jt", "HARM_TEST", None)]}
    content = {"recommendation": None, "schedule": [{"weekday": 2, "from": "08:30", "to": "12:00"}]}
    decision = judge("sfi.progress-reported", "sfi-stockholm", case=asta(), content=content, **parts)
    assert decision.case is not None
    assert [(each.weekday, each.begins) for each in decision.case.memory.lessons] == [(2, "08:30")]
    closed = judge("sfi.progress-reported", "sfi-stockholm", case=asta("closed"), content=content, **parts)
    assert outcome(closed) == "STATE_CONFLICT"


# -- questions -------------------------------------------------------------------------------------------------------


def ask(sender: str, unit: str, code: str, purpose: str, basis: str, **parts: Any) -> Decision:
    kind = unit.partition("-")[0]
    return judge(
        "information.requested",
        sender,
        to=[{"unit": unit}],
        basis=[(kind, basis, None)],
        content={"question_code": code},
        handling={"purpose": purpose},
        **parts,
    )


@pytest.mark.parametrize(
    ("sender", "unit", "code", "purpose", "basis", "expected"),
    [
        ("sd-farsta", "sd-bromma", "is_aktuell", "statutory_information", "SOL_15_8", "accepted"),
        ("jt-sydost", "sd-bromma", "is_aktuell", "statutory_information", "SOL_15_8", "PURPOSE_NOT_ALLOWED"),
        ("sd-farsta", "af-stockholm", "is_aktuell", "statutory_information", "SOL_15_8", "RECIPIENT_NOT_ALLOWED"),
        ("jt-sydost", "af-stockholm", "is_aktuell", "af_coordination", "CONSENT", "RECIPIENT_NOT_ALLOWED"),
        ("sd-farsta", "fk-stockholm", "benefit_status", "statutory_information", "OSL_10_2", "accepted"),
        ("sd-farsta", "fk-stockholm", "af_status", "statutory_information", "OSL_10_2", "RECIPIENT_NOT_ALLOWED"),
        ("jt-sydost", "fk-stockholm", "benefit_status", "statutory_information", "OSL_10_2", "PURPOSE_NOT_ALLOWED"),
        ("sd-farsta", "af-stockholm", "current_measures", "statutory_information", "OSL_10_2", "PURPOSE_NOT_ALLOWED"),
        ("jt-sydost", "af-stockholm", "current_measures", "af_coordination", "CONSENT", "accepted"),
        ("jt-sydost", "fk-stockholm", "current_measures", "af_coordination", "CONSENT", "RECIPIENT_NOT_ALLOWED"),
        ("jt-sydost", "sd-farsta", "plan_end", "jobbtorg_planning", "CONSENT", "CONSENT_MISSING"),
        ("rg-stockholm", "fk-stockholm", "work_ability_view", "finsam_joint_planning", "CONSENT", "CONSENT_MISSING"),
        ("sd-farsta", "af-stockholm", "current_measures", "statistics", "CONSENT", "PURPOSE_NOT_ALLOWED"),
    ],
)
def test_who_may_ask_whom_what(sender: str, unit: str, code: str, purpose: str, basis: str, expected: str) -> None:
    decision = ask(sender, unit, code, purpose, basis, consents=[agreed("af_coordination")])
    assert outcome(decision) == expected


QUESTION = "6f0f5a3e-6c0e-4b0e-9a55-0d1f6a1f0038"


def answer(sender: str, asker: str, content: dict[str, Any], basis: str | None, purpose: str, **parts: Any) -> Decision:
    kind = asker.partition("-")[0]
    message = judging.message(
        "information.answered",
        sender,
        to=[{"unit": parts.pop("to", asker)}],
        basis=[] if basis is None else [(kind, basis, None)],
        content={"ground": None, "answer": None, **content},
        handling={"purpose": purpose},
        person=parts.pop("person", persons.ASTA),
    )
    earlier = Earlier(
        QUESTION, parts.pop("type", "information.requested"), asker, None, {sender: sender.partition("-")[0]}
    )
    known = judging.situation(consents=[agreed("af_coordination"), agreed("jobbtorg_planning")][: parts.pop("n", 1)])
    known = replace(known, earlier={QUESTION: earlier})
    asked = replace(message, answers=parts.pop("answers", QUESTION))
    return decisions.decide(asked, known, judging.directory(), judging.rules())


KNOWN = {"question_code": "is_aktuell", "outcome": "answered", "answer": {"is_aktuell": True}}
SICK = {
    "question_code": "benefit_status",
    "outcome": "answered",
    "answer": {"benefit_status": [{"kind": "sjukpenning", "status": "ongoing"}]},
}
MEASURES = {
    "question_code": "current_measures",
    "outcome": "answered",
    "answer": {"current_measures": [{"title": "Vägledning"}]},
}


@pytest.mark.parametrize(
    ("sender", "asker", "content", "basis", "purpose", "expected"),
    [
        ("sd-bromma", "sd-farsta", KNOWN, "SOL_15_8", "statutory_information", "accepted"),
        ("fk-stockholm", "sd-farsta", SICK, "SOL_15_10", "statutory_information", "accepted"),
        ("af-stockholm", "sd-farsta", SICK, "SOL_15_11", "statutory_information", "PURPOSE_NOT_ALLOWED"),
        ("fk-stockholm", "jt-sydost", SICK, "SOL_15_10", "statutory_information", "RECIPIENT_NOT_ALLOWED"),
        ("af-stockholm", "jt-sydost", MEASURES, "HARM_TEST", "af_coordination", "accepted"),
        ("af-stockholm", "jt-sydost", MEASURES, "CONSENT", "af_coordination", "accepted"),
        ("af-stockholm", "jt-sydost", MEASURES, None, "af_coordination", "NO_BASIS"),
        ("af-stockholm", "jt-sydost", SICK, "CONSENT", "af_coordination", "RECIPIENT_NOT_ALLOWED"),
    ],
)
def test_who_may_answer_what(
    sender: str, asker: str, content: dict[str, Any], basis: str | None, purpose: str, expected: str
) -> None:
    assert outcome(answer(sender, asker, content, basis, purpose)) == expected


@pytest.mark.parametrize("result", ["nothing_to_share", "refused_by_owner", "use_other_channel"])
def test_an_answer_that_tells_nothing_needs_no_basis_and_shows_nothing(result: str) -> None:
    content = {"question_code": "is_aktuell", "outcome": result}
    decision = answer("sd-bromma", "sd-farsta", content, None, "statutory_information")
    assert decision.accepted
    given = ruling(decision, "sd-farsta")
    assert given.copy is not None
    assert "person" not in given.copy
    assert given.copy["content"] == content
    assert given.basis is not None and given.basis.code == "NOTHING_TOLD"


def test_only_who_asked_is_answered_and_only_about_that_question() -> None:
    wrong = answer("af-stockholm", "jt-sydost", MEASURES, "CONSENT", "af_coordination", to="jt-jarva")
    assert outcome(wrong) == "RECIPIENT_NOT_ALLOWED"
    none = answer("af-stockholm", "jt-sydost", MEASURES, "CONSENT", "af_coordination", answers=None)
    assert not none.accepted
    no_question = answer("af-stockholm", "jt-sydost", MEASURES, "CONSENT", "af_coordination", type="plan.proposed")
    assert outcome(no_question) == "COULD_NOT_BE_DELIVERED"


def test_an_answer_under_the_statute_is_whole_or_not_at_all() -> None:
    told = SICK | {"ground": "Uppgiften är aktuell."}
    decision = answer("fk-stockholm", "sd-farsta", told, "SOL_15_10", "statutory_information")
    assert outcome(decision) == "NO_BASIS"
