"""The conditions of each message type, as tables: a change of the example and the fault that it must give."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import agreement, registry

Change = dict[str, Any]

EDGE = {"holder_authority": "sdn-farsta", "recipient_authority": "amn", "categories": ["HE"]}
APPOINTMENT = {"date_time": "2026-02-06T10:00:00+01:00", "place_unit": "jt-sydost"}
EMPLOYMENT = {"form": "permanent", "extent_percent": 80}
PERIOD = {"from": "2026-02-16", "to": "2026-08-14"}
DEVIATION = [{"kind": "lt_10_hours", "ground": "Börjar med halva dagar."}]
INFORMED = dict.fromkeys(["purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"], True)

REFUSED: list[tuple[str, Change, str, str]] = [
    ("referral.answered", {"appointment": None}, "/content/appointment", "required"),
    ("referral.answered", {"decision": "returned"}, "/content/return_reason", "required"),
    ("referral.answered", {"decision": "returned", "return_reason": "capacity"}, "/content/return_reason", "enum"),
    ("referral.answered", {"appointment": {"mode": "visit"}}, "/content/appointment/date_time", "required"),
    ("plan.decided", {"decision": "returned"}, "/content/returned_reason", "required"),
    ("plan.decided", {"sanction": "x"}, "/content", "additionalProperties"),
    ("plan.proposed", {"weekly_hours_total": 9.5, "deviations": None}, "/content/deviations", "required"),
    ("plan.proposed", {"weekly_hours_total": 9.5}, "/content/deviations", "contains"),
    ("plan.proposed", {"activities": []}, "/content/activities", "minItems"),
    ("plan.proposed", {"version": 0}, "/content/version", "minimum"),
    ("plan.proposed", {"version": 1.5}, "/content/version", "type"),
    ("plan.proposed", {"period": {"from": "2026-02-16"}}, "/content/period/to", "required"),
    ("case.closed", {"employment": None}, "/content/employment", "required"),
    ("case.closed", {"closing_reason": "work_subsidised", "employment": None}, "/content/employment", "required"),
    ("case.closed", {"employment": {"form": "hourly"}}, "/content/employment/extent_percent", "required"),
    ("case.closed", {"employment": {"extent_percent": 50}}, "/content/employment/form", "required"),
    (
        "case.closed",
        {"employment": {**EMPLOYMENT, "extent_percent": 0}},
        "/content/employment/extent_percent",
        "minimum",
    ),
    ("consent.recorded", {"method": "oral_noted", "edges": [EDGE]}, "/content/oral_reason", "required"),
    (
        "consent.recorded",
        {"information_given": {**INFORMED, "voluntary": False}},
        "/content/information_given/voluntary",
        "const",
    ),
    ("consent.recorded", {"edges": []}, "/content/edges", "minItems"),
    ("consent.recorded", {"edges": [{**EDGE, "categories": ["CJ"]}]}, "/content/edges/0/categories/0", "enum"),
    ("consent.recorded", {"edges": [{**EDGE, "categories": ["TP"]}]}, "/content/edges/0/categories/0", "enum"),
    ("consent.recorded", {"excluded": [{}]}, "/content/excluded/0", "minProperties"),
    ("consent.recorded", {"purpose": "statistics"}, "/content/purpose", "enum"),
    ("consent.recorded", {"purpose": "statutory_information"}, "/content/purpose", "enum"),
    ("consent.recorded", {"purpose": "consent_administration"}, "/content/purpose", "enum"),
    ("consent.recorded", {"valid_to": None}, "/content/valid_to", "required"),
    ("consent.withdrawn", {"categories": None}, "/content/categories", "required"),
    ("consent.withdrawn", {"scope": "parties"}, "/content/parties", "required"),
    ("consent.withdrawn", {"scope": "parties", "parties": []}, "/content/parties", "minItems"),
    ("finsam.case-initiated", {"mode": "anonymous"}, "/person", "false"),
    ("finsam.case-initiated", {"mode": "anonymous"}, "/content/consent_id", "false"),
    ("finsam.case-initiated", {"contact": {"interpreter": True}}, "/content", "additionalProperties"),
    ("finsam.case-initiated", {"parts": [{"text": "x", "category": "SU"}]}, "/content/parts/0/category", "enum"),
    ("finsam.case-initiated", {"wished_seats": ["sfi"]}, "/content/wished_seats/0", "enum"),
    ("finsam.joint-plan-recorded", {"participant_present": None}, "/content/participant_present", "required"),
    ("finsam.joint-plan-recorded", {"items": []}, "/content/items", "minItems"),
    ("finsam.joint-plan-recorded", {"lead_party": "sfi"}, "/content/lead_party", "enum"),
    ("referral.submitted", {"contact": {"phone": "070"}}, "/content/contact/interpreter", "required"),
    ("referral.submitted", {"functional_needs": ["x"] * 6}, "/content/functional_needs", "maxItems"),
    ("referral.submitted", {"functional_needs": ["x" * 121]}, "/content/functional_needs/0", "maxLength"),
    (
        "referral.submitted",
        {"support_ongoing": [{"area_generic": "substance"}]},
        "/content/support_ongoing/0/area_generic",
        "const",
    ),
    (
        "referral.submitted",
        {"support_ongoing": [{"area_generic": "parallel_support", "responsible_unit": "vuxen-missbruk"}]},
        "/content/support_ongoing/0/responsible_unit",
        "pattern",
    ),
    ("referral.submitted", {"note": "nul\x00"}, "/content/note", "pattern"),
    ("referral.submitted", {"diagnosis": "x"}, "/content", "additionalProperties"),
    ("enrolment.confirmed", {"early_activities": ["long_vocational"]}, "/content/early_activities/0", "enum"),
    ("enrolment.confirmed", {"person_informed": {"duties": True}}, "/content/person_informed/secrecy", "required"),
]

ACCEPTED: list[tuple[str, Change]] = [
    ("referral.answered", {"decision": "returned", "return_reason": "incomplete", "appointment": None}),
    ("referral.answered", {"appointment": APPOINTMENT, "coach_function": None}),
    ("plan.decided", {"decision": "returned", "returned_reason": "health", "conditions": None}),
    ("plan.proposed", {"weekly_hours_total": 10, "deviations": None}),
    ("plan.proposed", {"weekly_hours_total": 9.5, "deviations": DEVIATION}),
    ("plan.proposed", {"period": PERIOD, "af_plan_ref": None}),
    ("case.closed", {"closing_reason": "studies", "employment": None, "note": None}),
    ("case.closed", {"closing_reason": "unknown_no_contact", "employment": None, "note": "Tre brev utan svar."}),
    ("consent.recorded", {"method": "oral_noted"}),
    ("consent.recorded", {"method": "oral_noted", "edges": [EDGE], "oral_reason": "Kan inte skriva."}),
    ("consent.recorded", {"edges": [EDGE]}),
    ("consent.recorded", {"excluded": None, "status": None, "recorded_by": None}),
    ("consent.withdrawn", {"scope": "all", "categories": None}),
    ("consent.withdrawn", {"scope": "parties", "parties": ["af"], "categories": None}),
    ("finsam.joint-plan-recorded", {"participant_present": False}),
    ("referral.submitted", {"contact": {"interpreter": False}, "note": "Rad ett\nRad två"}),
    ("referral.submitted", {"contact": None, "support_ongoing": None, "consent_id": None}),
    ("finsam.case-initiated", {"consent_id": None}),
]


@pytest.mark.parametrize(("name", "change", "pointer", "keyword"), REFUSED)
def test_refuses_what_the_type_does_not_allow(
    catalogue: registry.Registry, example: Any, name: str, change: Change, pointer: str, keyword: str
) -> None:
    found = {(fault.pointer, fault.keyword) for fault in catalogue.get_type(name).faults(example(name, **change))}

    assert (pointer, keyword) in found


@pytest.mark.parametrize(("name", "change"), ACCEPTED)
def test_accepts_what_the_type_allows(catalogue: registry.Registry, example: Any, name: str, change: Change) -> None:
    assert catalogue.get_type(name).faults(example(name, **change)) == ()


def test_the_work_ability_investigation_is_left_to_the_rules(catalogue: registry.Registry, example: Any) -> None:
    data = example("plan.proposed")
    data["content"]["activities"][0]["service_code"] = "work_ability_investigation"

    assert catalogue.get_type("plan.proposed").faults(data) == ()


def test_an_anonymous_case_names_nobody(catalogue: registry.Registry, example: Any) -> None:
    data = example("finsam.case-initiated", mode="anonymous", consent_id=None, age_band="30_49")
    del data["person"]

    assert catalogue.get_type("finsam.case-initiated").faults(data) == ()


@pytest.mark.parametrize("name", ["consent.recorded", "referral.submitted", "finsam.case-initiated"])
def test_the_person_is_required_where_the_hub_does_not_know_it(
    catalogue: registry.Registry, example: Any, name: str
) -> None:
    data = example(name)
    del data["person"]

    assert [(fault.pointer, fault.keyword) for fault in catalogue.get_type(name).faults(data)] == [
        ("/person", "required")
    ]


@pytest.mark.parametrize(
    "name", ["referral.answered", "enrolment.confirmed", "plan.proposed", "plan.decided", "case.closed"]
)
def test_the_person_may_be_left_to_the_case(catalogue: registry.Registry, example: Any, name: str) -> None:
    data = example(name)
    del data["person"]

    assert catalogue.get_type(name).faults(data) == ()


@pytest.mark.parametrize("to", [[], None])
def test_only_consents_need_no_recipient(catalogue: registry.Registry, example: Any, to: list[Any] | None) -> None:
    for message_type in catalogue.list_types():
        data = example(message_type.name)
        data["handling"].pop("to", None)
        if to is not None:
            data["handling"]["to"] = to

        assert (message_type.faults(data) == ()) == message_type.name.startswith("consent.")


@pytest.mark.parametrize(
    ("entry", "valid"),
    [
        ({"unit": "jt-sydost"}, True),
        ({"unit": "Enskede-Årsta-Vantör"}, True),
        ({"role": "responsible_stadsdel"}, True),
        ({"team": "team-sydost"}, True),
        ({"team": "team-sydost", "seat": "fk"}, True),
        ({}, False),
        ({"seat": "fk"}, False),
        ({"unit": "jt-sydost", "seat": "fk"}, False),
        ({"unit": "jt-sydost", "team": "team-sydost"}, False),
        ({"role": "responsible_jobbtorg", "unit": "jt-sydost"}, False),
        ({"role": "team:team-sydost"}, False),
        ({"team": "team-sydost", "seat": "em"}, False),
    ],
)
def test_an_address_is_exactly_one_thing(
    catalogue: registry.Registry, example: Any, entry: dict[str, str], valid: bool
) -> None:
    data = example("plan.proposed")
    data["handling"]["to"] = [entry]

    assert (catalogue.get_type("plan.proposed").faults(data) == ()) == valid


def test_at_most_eight_recipients(catalogue: registry.Registry, example: Any) -> None:
    data = example("plan.proposed")
    data["handling"]["to"] = [{"unit": "jt-sydost"}] * 9

    assert [fault.keyword for fault in catalogue.get_type("plan.proposed").faults(data)] == ["maxItems"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("protected_identity", None),
        ("protected_identity", "no"),
        ("purpose", "control"),
        ("purpose", None),
        ("basis", None),
        ("categories", None),
        ("categories", ["MD"]),
        ("categories", ["ID", "ID"]),
        ("function", None),
        ("officer_role", None),
        ("officer_role", "handläggare 199001012385"),
        ("occurred_at", "2026-03-29T02:30:00"),
        ("occurred_at", "2026-02-02T09:10:00+01:00\n"),
        ("case_ref", "x" * 65),
        ("officer_ref", "x"),
    ],
)
def test_refuses_a_handling_that_is_not_whole(
    catalogue: registry.Registry, example: Any, field: str, value: Any
) -> None:
    data = example("plan.proposed")
    data["handling"].pop(field, None)
    if value is not None:
        data["handling"][field] = value

    found = {fault.pointer for fault in catalogue.get_type("plan.proposed").faults(data)}
    assert found & {"/handling", f"/handling/{field}", f"/handling/{field}/0"}


def test_the_list_of_bases_may_be_empty_or_hold_several_of_a_kind(catalogue: registry.Registry, example: Any) -> None:
    message_type = catalogue.get_type("plan.proposed")
    data = example("plan.proposed")
    claim = data["handling"]["basis"][0]

    for bases in ([], [claim, {**claim, "code": "SOL_15_9", "request_id": "r1"}]):
        data["handling"]["basis"] = bases
        assert message_type.faults(data) == ()


@pytest.mark.parametrize(
    ("given", "family", "valid"),
    [
        ("A", "B", True),
        ("A" * 80, "B" * 80, True),
        ("O'Brien-Åström", "Å", True),
        ("\u0645\u062d\u0645\u062f", None, True),
        ("Asta", None, True),
        ("", "B", False),
        (" ", "B", False),
        ("A" * 81, "B", False),
        ("Asta\n", "B", False),
        ("Asta\x00", "B", False),
        ("900101-2385", "B", False),
    ],
)
def test_names_of_any_script(
    catalogue: registry.Registry, example: Any, given: str, family: str | None, valid: bool
) -> None:
    data = example("plan.proposed")
    data["person"] = {"personal_number": "199001012385", "given_name": given}
    if family is not None:
        data["person"]["family_name"] = family

    assert (catalogue.get_type("plan.proposed").faults(data) == ()) == valid


def test_a_number_that_is_wrong_passes_here_to_get_its_own_code(catalogue: registry.Registry, example: Any) -> None:
    data = example("plan.proposed")
    for number in ("900101-2385", "199001012386", "19900101T385"):
        data["person"]["personal_number"] = number
        assert catalogue.get_type("plan.proposed").faults(data) == ()


@pytest.mark.parametrize(("name", "change", "pointer", "keyword"), REFUSED)
def test_the_reference_validator_refuses_the_same(
    catalogue: registry.Registry, example: Any, name: str, change: Change, pointer: str, keyword: str
) -> None:
    reference = agreement.compile_reference(catalogue.get_type(name).document)

    assert not reference.is_valid(example(name, **change))
