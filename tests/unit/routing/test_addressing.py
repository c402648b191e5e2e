"""From addresses to units: who is meant on this day, and what the sender is told when it is nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.consent import Consent
from routing.decision import Decision
from routing.refusals import RefusalCode
from tests.support import events, judging, persons
from tests.support.judging import edge, judge, outcome, ruling


def refer(to: list[dict[str, str]], sender: str = "sd-farsta", **parts: object) -> Decision:
    consent = judging.consent(*judging.both_ways(f"sdn-{sender.removeprefix('sd-')}", "amn"), recorded_by=sender)
    return judge("referral.submitted", sender, to=to, consents=[consent], **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stadsdel", "jobbtorg"),
    [
        ("sd-farsta", "jt-sydost"),
        ("sd-enskede-arsta-vantor", "jt-sydost"),
        ("sd-skarpnack", "jt-sydost"),
        ("sd-skarholmen", "jt-sydvast"),
        ("sd-hagersten-alvsjo", "jt-sydvast"),
        ("sd-kungsholmen", "jt-innerstaden"),
        ("sd-norra-innerstaden", "jt-innerstaden"),
        ("sd-sodermalm", "jt-innerstaden"),
        ("sd-hasselby-vallingby", "jt-vasterort"),
        ("sd-bromma", "jt-vasterort"),
        ("sd-jarva", "jt-jarva"),
    ],
)
def test_a_referral_goes_to_the_jobbtorg_of_the_stadsdel(stadsdel: str, jobbtorg: str) -> None:
    decision = refer([{"role": "responsible_jobbtorg"}], stadsdel)
    assert [each.unit for each in decision.rulings] == [jobbtorg]
    assert decision.accepted


def test_there_is_no_free_choice_of_jobbtorg() -> None:
    decision = refer([{"unit": "jt-jarva"}])
    assert outcome(decision) == "WRONG_CATCHMENT"
    assert ruling(decision, "jt-jarva").code is RefusalCode.WRONG_CATCHMENT


def test_a_unit_is_found_by_the_name_of_its_day() -> None:
    in_2022 = datetime(2022, 3, 1, 11, 0, tzinfo=UTC)
    for at, stadsdel in ((in_2022, "sd-rinkeby-kista"), (judging.NOON, "sd-jarva")):
        unit = judging.directory().find_by_name("Kista", at.date())
        assert unit is not None
        assert unit.unit_id == stadsdel


def test_a_closed_unit_is_answered_with_its_successor_and_not_forwarded() -> None:
    consent = judging.consent(*judging.both_ways("sdn-jarva", "amn"))
    case = judging.case("referred", parties=frozenset({"jt-jarva"}), responsible_jobbtorg="jt-jarva")
    decision = judge("referral.answered", "jt-jarva", case=case, consents=[consent], to=[{"unit": "sd-rinkeby-kista"}])
    assert outcome(decision) == "UNIT_CLOSED"
    assert decision.refusal is not None
    assert decision.refusal.about == "sd-jarva"
    assert ruling(decision, "sd-rinkeby-kista").about == "sd-jarva"


def test_a_closed_unit_does_not_send() -> None:
    decision = judge("referral.submitted", "sd-norrmalm")
    assert outcome(decision) == "UNIT_CLOSED"
    assert decision.refusal is not None
    assert decision.refusal.about == "sd-norra-innerstaden"


def test_a_unit_that_does_not_exist_does_not_send() -> None:
    assert outcome(judge("referral.submitted", "sd-ingenstans")) == "UNKNOWN_UNIT"


@pytest.mark.parametrize(
    "address",
    [
        {"unit": persons.BO.number},
        {"unit": "jt-" + persons.BO.number},
        {"team": "t" + persons.BO.number},
        {"team": "t" + persons.BO.number, "seat": "af"},
    ],
    ids=["unit", "prefixed unit", "team", "seat of a team"],
)
@pytest.mark.parametrize("protected", ["none", "unknown"])
def test_what_was_written_for_an_unknown_unit_is_never_repeated(address: dict[str, str], protected: str) -> None:
    for type_name, sender in (("referral.submitted", "sd-farsta"), ("finsam.case-initiated", "fk-stockholm")):
        decision = judge(type_name, sender, to=[address], handling={"protected_identity": protected})
        assert not decision.accepted
        assert persons.BO.number not in repr((decision.refusal, decision.rulings))
        if type_name == "referral.submitted" and protected == "none":
            assert outcome(decision) == "UNKNOWN_UNIT"


@pytest.mark.parametrize("unit", ["sd-skarpnack", "af-stockholm", "samordningsforbundet-stockholm", "amf-analys"])
def test_a_kind_that_the_route_does_not_know_gets_nothing(unit: str) -> None:
    assert outcome(refer([{"unit": unit}])) == "RECIPIENT_NOT_ALLOWED"


def test_nobody_sends_to_oneself() -> None:
    decision = judge(
        "finsam.case-initiated",
        "fk-stockholm",
        person=persons.JONNA,
        to=[{"unit": "fk-stockholm"}],
        content={"wished_seats": ["fk"]},
    )
    assert outcome(decision) == "RECIPIENT_NOT_ALLOWED"


def test_only_the_responsible_stadsdel_is_the_responsible_stadsdel() -> None:
    case = judging.case("referred", parties=frozenset({"jt-sydost", "sd-farsta", "sd-skarpnack"}))
    decision = judge("referral.answered", case=case, consents=[judging.consent()], to=[{"unit": "sd-skarpnack"}])
    assert outcome(decision) == "RECIPIENT_NOT_ALLOWED"


def test_an_address_twice_is_one_recipient() -> None:
    to = [{"unit": "jt-sydost"}, {"role": "responsible_jobbtorg"}, {"unit": "jt-sydost"}]
    assert [each.unit for each in refer(to).rulings] == ["jt-sydost"]


def test_one_wrong_address_does_not_stop_the_others() -> None:
    decision = refer([{"unit": "jt-sydost"}, {"unit": "jt-jarva"}, {"unit": "finns-inte"}])
    assert decision.accepted
    assert [(each.unit, each.code) for each in decision.rulings] == [
        ("jt-sydost", None),
        ("jt-jarva", RefusalCode.WRONG_CATCHMENT),
        ("unknown", RefusalCode.UNKNOWN_UNIT),
    ]


# -- teams -----------------------------------------------------------------------------------------------------------


def finsam(*authorities: str) -> Consent:
    edges = [side for name in ("amn", *authorities) for side in judging.both_ways("fk", name)]
    return judging.consent(*edges, person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="fk-stockholm")


def ask_team(seats: list[str], *extra: dict[str, str], consent: Consent, **parts: object) -> Decision:
    return judge(
        "finsam.case-initiated",
        person=persons.JONNA,
        to=[{"team": "team-sydost"}, *extra],
        consents=[consent],
        basis=[(kind, "CONSENT", None) for kind in ("team", "sd", "jt", "af", "rg")],
        content={"wished_seats": seats},
        **parts,  # type: ignore[arg-type]
    )


def test_a_team_is_its_coordinator_and_the_seats_that_are_wished() -> None:
    decision = ask_team(["jt", "af", "rg"], consent=finsam("af", "rg"))
    assert [each.unit for each in decision.rulings] == ["team-sydost", "jt-sydost", "af-stockholm", "rg-stockholm"]


def test_the_initiators_own_seat_is_not_written_to() -> None:
    decision = ask_team(["jt", "fk"], consent=finsam())
    assert [each.unit for each in decision.rulings] == ["team-sydost", "jt-sydost"]


def test_of_several_stadsdelar_the_consent_says_which() -> None:
    decision = ask_team(["sd"], consent=finsam("sdn-farsta"))
    assert [each.unit for each in decision.rulings] == ["team-sydost", "sd-farsta"]


def test_of_several_stadsdelar_an_address_says_which() -> None:
    decision = ask_team(["sd"], {"unit": "sd-skarpnack"}, consent=finsam("sdn-farsta", "sdn-skarpnack"))
    assert [each.unit for each in decision.rulings] == ["team-sydost", "sd-skarpnack"]


def test_of_several_stadsdelar_none_is_guessed() -> None:
    decision = ask_team(["sd", "jt"], consent=finsam())
    assert ruling(decision, "team-sydost/sd").code is RefusalCode.UNKNOWN_UNIT
    assert decision.accepted


def test_a_stadsdel_outside_the_team_has_no_seat() -> None:
    decision = ask_team(["jt"], {"unit": "sd-bromma"}, consent=finsam("sdn-bromma"))
    assert ruling(decision, "sd-bromma").code is RefusalCode.RECIPIENT_NOT_ALLOWED


def test_the_coordinator_counts_as_a_recipient_that_a_consent_must_cover() -> None:
    only_af = judging.consent(
        edge("fk", "af"), person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="fk-stockholm"
    )
    assert outcome(ask_team(["af"], consent=only_af)) == "CONSENT_NOT_COVERING"


def test_a_named_case_needs_one_authority_beside_the_initiators_own() -> None:
    # The jobbtorg asks its own team and AF, and the person has said no to AF: only the jobbtorg itself would know.
    consent = judging.consent(
        edge("amn", "fk"), person=persons.JONNA, purpose="finsam_joint_planning", recorded_by="jt-sydost"
    )
    decision = judge(
        "finsam.case-initiated",
        "jt-sydost",
        person=persons.JONNA,
        to=[{"team": "team-sydost"}],
        consents=[consent],
        basis=[("af", "CONSENT", None)],
        content={"wished_seats": ["af"]},
    )
    assert outcome(decision) == "CONSENT_NOT_COVERING"
    assert decision.case is None
    assert not any(each.discloses for each in decision.rulings)


def test_a_consultation_without_a_name_needs_no_consent() -> None:
    decision = judge(
        "finsam.case-initiated",
        person=None,
        to=[{"team": "team-sydost"}],
        basis=[],
        content={"mode": "anonymous", "consent_id": None, "wished_seats": ["af", "rg"], "parts": None},
    )
    assert decision.accepted
    assert [each.unit for each in decision.rulings] == ["team-sydost", "af-stockholm", "rg-stockholm"]
    for each in decision.rulings:
        assert "ID" not in each.carried


# -- consents --------------------------------------------------------------------------------------------------------


def notice(*edges: dict[str, object], sender: str = "sd-farsta", **parts: object) -> Decision:
    return judge("consent.recorded", sender, content={"edges": list(edges)}, **parts)  # type: ignore[arg-type]


def test_each_authority_in_a_consent_gets_a_notice() -> None:
    decision = notice(events.edge("sdn-farsta", "amn"), events.edge("sdn-farsta", "af"), events.edge("rg", "fk"))
    assert {each.unit for each in decision.rulings} == {"jt-sydost", "af-stockholm", "rg-stockholm", "fk-stockholm"}
    assert all(each.discloses for each in decision.rulings)


def test_a_notice_tells_each_authority_its_own_edges_only() -> None:
    decision = notice(events.edge("sdn-farsta", "amn"), events.edge("sdn-farsta", "af"))
    for unit, authority in (("jt-sydost", "amn"), ("af-stockholm", "af")):
        copy = ruling(decision, unit).copy
        assert copy is not None
        assert [each["recipient_authority"] for each in copy["content"]["edges"]] == [authority]


def test_what_is_to_be_kept_from_somebody_is_told_to_nobody() -> None:
    decision = judge(
        "consent.recorded",
        content={
            "edges": events.both_ways("sdn-farsta", "amn"),
            "excluded": [{"recipient_authority": "amn", "fact": "psykiatri"}, {"category": "SU"}],
        },
    )
    assert "psykiatri" not in repr(ruling(decision, "jt-sydost").copy)
    assert "excluded" not in repr(ruling(decision, "jt-sydost").copy)


def test_a_consent_that_concerns_nobody_else_is_registered_all_the_same() -> None:
    decision = notice(events.edge("sdn-farsta", "sdn-farsta"))
    assert decision.accepted
    assert decision.rulings == ()


def test_a_withdrawal_is_told_to_everybody_in_the_consent() -> None:
    consent = judging.consent(edge("sdn-farsta", "amn"), edge("sdn-farsta", "af"))
    decision = judge("consent.withdrawn", consents=[consent], content={"consent_id": judging.CONSENT_ID})
    assert {each.unit for each in decision.rulings} == {"jt-sydost", "af-stockholm"}
    assert all(each.discloses for each in decision.rulings)
