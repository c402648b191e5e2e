"""The delivered rulebook: what its rows say, and what the rest of the program may rely on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from routing import basis, ceilings, effects, own_activity, rulebook, vocabulary, warnings
from routing.preconditions import table
from routing.refusals import RefusalCode

RULES = rulebook.load()

# Columns as in categories.toml: "y" yes, "F" only in FINSAM, "o" own activity, "-" never; words after are facets;
# "!" all of it in the notice of a consent.
CEILING = """
      sd  jt        team      af      fk      rg      sfi                   pv                       em
ID    y   y         y         y       y       y       y                     y:name+participant_number y:name
CO    y   y         y         y       y       y       y:phone+email+language y:phone+language        -
ST    y   y         y         y       y       F!      y:contact_function!   y:contact_function       -
BE    y   y:flag    y:flag    F:flag  F:flag  -       -                     -                        -
LM    y   y         y         y       F       -       -                     -                        y:subsidy
ED    y   y         y         y       F       -       y                     y                        -
WO    y   y         y         y       F       -       -                     y                        y
PL    y   y         y         y       y       F       o                     o                        o
AT    y   y         y         o       -       -       o                     o                        -
AR    y   y         y         F       F       -       -                     y:flag                   -
SO    y   y:flag    y:flag    -       -       F:flag  -                     -                        -
HE    y   y:flag    y:flag    y       y       y       -                     -                        -
WA    y   y:extent  y:extent  y       y       y       -                     -                        -
SU    y   y:flag    y:flag    -       -       F       -                     -                        -
CJ    -   -         -         -       -       -       -                     -                        -
FN    y   y         y         y       y       y       y                     y                        y
OU    y   y         y         F       F       F       -                     -                        -
TP    -   -         -         -       -       -       -                     -                        -
"""


FORBIDDEN = """
SENDER_NOT_ALLOWED SELF_REFERRAL RECIPIENT_NOT_ALLOWED NO_AGREEMENT NO_BASIS CONSENT_MISSING CONSENT_EXPIRED
CONSENT_WITHDRAWN CONSENT_NOT_COVERING PURPOSE_NOT_ALLOWED PROTECTED_IDENTITY OUT_OF_REMIT THIRD_PARTY_DATA
CONFLICT_OF_INTEREST COULD_NOT_BE_DELIVERED
"""
UNFIT = """
SCHEMA_INVALID SCHEMA_UNKNOWN PERSON_ID_INVALID AGE_RULE FREE_TEXT_BLOCKED UNKNOWN_UNIT UNIT_CLOSED WRONG_CATCHMENT
"""


def list_cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in CEILING.strip("\n").splitlines()]
    return [(row[0], kind, cell) for row in rows for kind, cell in zip(head, row[1:], strict=True)]


def expect(cell: str, purpose: str) -> frozenset[str] | str | None:
    if cell.endswith("!") and purpose == "consent_administration":
        return None
    when, _, facets = cell.removesuffix("!").partition(":")
    if when in "o-" or (when == "F" and purpose != vocabulary.FINSAM_PURPOSE):
        return "nothing"
    return frozenset(facets.split("+")) if facets else None


@pytest.mark.parametrize(("category", "kind", "cell"), list_cells())
def test_ceiling_is_as_tabled(category: str, kind: str, cell: str) -> None:
    for purpose in vocabulary.PURPOSES:
        assert RULES.allowed(kind, purpose).get(category, "nothing") == expect(cell, purpose)


@pytest.mark.parametrize("kind", ["stat", "forbund", "utb"])
def test_kinds_without_part_in_a_persons_case_see_the_message_data_only(kind: str) -> None:
    for purpose in vocabulary.PURPOSES:
        assert RULES.allowed(kind, purpose) == {"MD": None}


def test_message_data_is_open_to_every_kind_for_every_purpose() -> None:
    for kind in vocabulary.KINDS:
        for purpose in vocabulary.PURPOSES:
            assert "MD" in RULES.allowed(kind, purpose)


def test_an_unknown_kind_or_purpose_sees_the_message_data_only() -> None:
    assert RULES.allowed("xx", "jobbtorg_planning") == {"MD": None}
    assert RULES.allowed("sd", "control") == {"MD": None}


def test_finsam_opens_and_never_closes() -> None:
    for kind in vocabulary.KINDS:
        outside, inside = RULES.allowed(kind, "jobbtorg_planning"), RULES.allowed(kind, "finsam_joint_planning")
        assert set(outside) <= set(inside)
        assert all(inside[category] == facets for category, facets in outside.items())


def test_control_is_no_purpose() -> None:
    assert "control" not in vocabulary.PURPOSES


@pytest.mark.parametrize(
    ("name", "senders", "purposes", "moves", "opens", "subject"),
    [
        ("referral.submitted", "sd", ["jobbtorg_planning"], "t1", "case", "absent"),
        ("referral.answered", "jt", ["jobbtorg_planning"], "t2 t3 t5", None, "required"),
        ("enrolment.confirmed", "jt", ["jobbtorg_planning", "af_coordination"], "t6", None, "required"),
        ("plan.proposed", "jt", ["jobbtorg_planning"], "t8", None, "required"),
        ("plan.decided", "sd", ["jobbtorg_planning"], "t9 t10 t10b", None, "required"),
        ("case.closed", "jt", ["jobbtorg_planning", "af_coordination"], "t19d t7 t19 t19e", None, "required"),
        ("finsam.case-initiated", "sd jt af fk rg", ["finsam_joint_planning"] * 2, "f1 f3", "finsam", "optional"),
        ("finsam.joint-plan-recorded", "team", ["finsam_joint_planning"], "f5", None, "required"),
        ("consent.recorded", "sd jt af fk rg sfi", ["consent_administration"], "", None, "optional"),
        ("consent.withdrawn", "sd jt af fk rg sfi", ["consent_administration"], "", None, "optional"),
    ],
)
def test_each_type_is_sent_by_whom_and_for_what_the_catalogue_says(
    name: str, senders: str, purposes: list[str], moves: str, opens: str | None, subject: str
) -> None:
    rule = RULES.types[name]
    assert rule.senders == set(senders.split())
    assert [route.purpose for route in rule.routes] == purposes
    assert rule.routes[0].moves == tuple(moves.split())
    assert (rule.opens, rule.subject) == (opens, subject)


def test_only_a_stadsdel_decides_about_a_plan() -> None:
    assert RULES.types["plan.decided"].senders == {"sd"}


def test_a_jobbtorg_that_refers_is_told_so_by_its_own_code() -> None:
    assert RULES.types["referral.submitted"].refused_senders == {"jt": RefusalCode.SELF_REFERRAL}


def test_arbetsformedlingen_sees_of_an_enrolment_what_it_needs_and_of_a_closing_the_day() -> None:
    enrolment = RULES.types["enrolment.confirmed"].find_route("jt", {"handling": {"purpose": "af_coordination"}})
    closing = RULES.types["case.closed"].find_route("jt", {"handling": {"purpose": "af_coordination"}})
    assert enrolment is not None and closing is not None
    assert enrolment.recipients["af"].sees == (
        "/content/contact",
        "/content/af_registration",
        "/content/coach_function",
    )
    assert closing.recipients["af"].sees == ("/content/closed_on",)


def test_the_samordningsforbund_receives_nothing_about_a_person() -> None:
    received = {
        rule.name for rule in RULES.types.values() if any("forbund" in route.recipients for route in rule.routes)
    }
    assert "statistics.reported" in received
    assert all(RULES.types[name].categories == frozenset() for name in received)


def test_no_route_for_a_purpose_that_the_row_does_not_name() -> None:
    assert RULES.types["plan.proposed"].find_route("jt", {"handling": {"purpose": "af_coordination"}}) is None


@pytest.mark.parametrize(("mode", "bases"), [("anonymous", ("ANONYMOUS",)), ("named", ("CONSENT", "OWN_UNIT"))])
def test_a_consultation_without_a_name_takes_the_route_that_needs_no_consent(mode: str, bases: tuple[str, ...]) -> None:
    data = {"handling": {"purpose": "finsam_joint_planning"}, "content": {"mode": mode}}
    route = RULES.types["finsam.case-initiated"].find_route("fk", data)
    assert route is not None
    assert {recipient.bases for recipient in route.recipients.values()} == {bases}


def test_an_anonymous_consultation_can_never_carry_identity_or_contact() -> None:
    assert not RULES.bases["ANONYMOUS"].can_cover("ID")
    assert not RULES.bases["ANONYMOUS"].can_cover("CO")


@pytest.mark.parametrize(
    ("code", "sender", "recipient", "fits"),
    [
        ("SOL_15_9", "jt", "sd", True),
        ("SOL_15_9", "sd", "jt", False),
        ("SOL_15_9", "jt", "af", False),
        ("SOL_15_10", "fk", "sd", True),
        ("SOL_15_10", "fk", "jt", False),
        ("SOL_15_11", "af", "sd", True),
        ("SOL_15_11", "af", "jt", False),
        ("HARM_TEST", "af", "jt", True),
        ("HARM_TEST", "sd", "jt", False),
        ("HARM_TEST", "rg", "fk", False),
        ("CONSENT", "rg", "fk", True),
    ],
)
def test_a_basis_is_made_for_certain_kinds(code: str, sender: str, recipient: str, fits: bool) -> None:
    assert RULES.bases[code].fits(sender, recipient) is fits


@pytest.mark.parametrize("category", ["HE", "SU", "CJ", "TP"])
def test_a_harm_test_never_covers_the_sensitive(category: str) -> None:
    assert not RULES.bases["HARM_TEST"].can_cover(category)


def test_no_basis_covers_crime_for_a_recipient() -> None:
    used = {
        code
        for rule in RULES.types.values()
        for route in rule.routes
        for to in route.recipients.values()
        for code in to.bases
    }
    assert not [code for code in used if RULES.bases[code].can_cover("CJ") or RULES.bases[code].can_cover("TP")]


def test_the_general_clause_is_not_offered_and_26_9_is_off() -> None:
    assert not [rule for rule in RULES.bases.values() if "10:27" in rule.statute]
    assert not RULES.bases["OSL_26_9"].enabled


def test_the_settings_give_10_2_its_roles() -> None:
    assert RULES.bases["OSL_10_2"].roles == RULES.settings.osl_10_2_roles
    assert "socialsekreterare" in RULES.bases["OSL_10_2"].roles


def test_15_9_can_be_switched_off_in_the_settings(tmp_path: Path) -> None:
    folder = shutil.copytree(rulebook.FOLDER, tmp_path / "rules")
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text("utf-8").replace("sol_15_9 = true", "sol_15_9 = false"), "utf-8")
    assert RULES.bases["SOL_15_9"].enabled
    assert not rulebook.load(folder).bases["SOL_15_9"].enabled


def test_a_plan_sent_back_keeps_the_older_version_at_work() -> None:
    moves = RULES.lifecycle.transitions
    assert (moves["t10"].in_force, moves["t10"].target) == (False, "planning")
    assert (moves["t10b"].in_force, moves["t10b"].target) == (True, "active")


def test_every_refusal_code_has_a_text_to_act_on() -> None:
    assert set(RULES.refusals) == set(RefusalCode)
    for text in RULES.refusals.values():
        assert len(text.title_sv) > 10
        assert len(text.advice_sv) > 40


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (403, FORBIDDEN),
        (409, "DUPLICATE DUPLICATE_CASE STATE_CONFLICT STALE_VERSION NOT_APPROVED PARTICIPANT_ABSENT"),
        (410, "EXPIRED"),
        (413, "TOO_LARGE"),
        (422, UNFIT),
    ],
)
def test_refusals_have_the_status_of_the_public_interface(status: int, codes: str) -> None:
    assert {code.value for code, text in RULES.refusals.items() if text.status == status} == set(codes.split())


def test_every_word_of_the_vocabulary_has_its_function() -> None:
    assert set(table.PRECONDITIONS) == vocabulary.CHECKS
    assert set(effects.EFFECTS) == vocabulary.EFFECTS
    assert set(warnings.WARNINGS) == vocabulary.WARNINGS
    assert set(own_activity.OWN) == set(get_args(vocabulary.Own))
    assert basis.CONSENT in RULES.bases


def test_the_rulebook_can_be_a_key_of_a_cache() -> None:
    assert hash(RULES) == hash(RULES)


def test_the_digest_is_of_what_is_said_not_of_how_it_is_written(tmp_path: Path) -> None:
    folder = shutil.copytree(rulebook.FOLDER, tmp_path / "rules")
    settings = folder / "settings.toml"
    text = settings.read_text("utf-8")
    settings.write_text("# One more comment.\n" + text, "utf-8")
    assert rulebook.load(folder).digest == RULES.digest
    settings.write_text(text.replace("minimum_age = 16\n", "") + "\nminimum_age = 16\n", "utf-8")
    assert rulebook.load(folder).digest == RULES.digest
    settings.write_text(text.replace("minimum_age = 16", "minimum_age = 17"), "utf-8")
    assert rulebook.load(folder).digest != RULES.digest
    assert RULES.digest.startswith("sha256:")


def test_a_new_type_is_a_row_in_a_file_of_its_own(tmp_path: Path) -> None:
    folder = shutil.copytree(rulebook.FOLDER, tmp_path / "rules")
    (folder / "types-question.toml").write_text(
        """
[[type]]
name = "question.asked"
title_sv = "Fråga"
senders = ["sd"]
subject = "required"
categories = ["ID", "ST"]

[[type.route]]
purpose = "jobbtorg_planning"
within = ["active"]

[[type.route.to]]
kinds = ["jt"]
found = "responsible"
bases = ["CONSENT"]
""",
        "utf-8",
    )
    rules = rulebook.load(folder)
    route = rules.types["question.asked"].find_route("sd", {"handling": {"purpose": "jobbtorg_planning"}})
    assert route is not None
    assert route.recipients["jt"] == rulebook.RecipientRule("jt", "responsible", ("CONSENT",))
    assert route.within == {"active"}


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ({"content": {"decision": "accepted"}}, True),
        ({"content": {"decision": "returned"}}, False),
        ({"content": {}}, False),
        ({"content": "accepted"}, False),
        ({}, False),
    ],
)
def test_matches_a_value_at_a_pointer(data: dict[str, object], fits: bool) -> None:
    assert rulebook.matches(data, {"/content/decision": ("accepted", "agreed")}) is fits


def test_true_is_not_the_number_one() -> None:
    assert not rulebook.matches({"n": True}, {"/n": (1,)})
    assert not rulebook.matches({"n": 1}, {"/n": (True,)})


@pytest.mark.parametrize("purpose", sorted(vocabulary.PURPOSES))
def test_what_is_open_for_own_activity_is_closed_for_all_else(purpose: str) -> None:
    own = ceilings.Ceiling("own")
    assert own.is_open(purpose, own=True)
    assert not own.is_open(purpose, own=False)
    assert not ceilings.Ceiling("no").is_open(purpose, own=True)


def test_a_route_for_one_kind_of_sender_is_not_taken_by_another() -> None:
    rule = RULES.types["attendance.reported"]
    assert rule.find_route("sfi", {"handling": {"purpose": "sfi_coordination"}}) is not None
    assert rule.find_route("jt", {"handling": {"purpose": "sfi_coordination"}}) is None
