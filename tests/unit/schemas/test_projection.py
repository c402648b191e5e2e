from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from schemas import marks, projection, registry

ALL = frozenset(marks.CATEGORIES)
JOBBTORG: projection.Allowed = {
    **dict.fromkeys(["ID", "CO", "ST", "LM", "ED", "WO", "PL", "AT", "AR", "FN", "OU"]),
    "BE": frozenset({"flag"}),
    "SO": frozenset({"flag"}),
    "HE": frozenset({"flag"}),
    "SU": frozenset({"flag"}),
    "WA": frozenset({"extent"}),
}
EVERYTHING: projection.Allowed = dict.fromkeys(ALL)
# How fast a shared machine draws says nothing about what holds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def project(
    message_type: registry.MessageType,
    data: Mapping[str, Any],
    *,
    allowed: projection.Allowed = JOBBTORG,
    covered: frozenset[str] = ALL,
    sees: tuple[str, ...] | None = None,
    party: str = "amn",
    kind: str = "jt",
) -> projection.Projection:
    view = projection.derive_view(message_type, allowed, sees)
    return view.project(data, covered, party=frozenset({party}), recipient_kind=kind)


def content_of(found: projection.Projection) -> dict[str, Any]:
    assert found.data is not None
    content: dict[str, Any] = found.data["content"]
    return content


@pytest.fixture(scope="module")
def referral(catalogue: registry.Registry) -> registry.MessageType:
    return catalogue.get_type("referral.submitted")


@pytest.fixture(scope="module")
def joint_plan(catalogue: registry.Registry) -> registry.MessageType:
    return catalogue.get_type("finsam.joint-plan-recorded")


@pytest.fixture(scope="module")
def consent(catalogue: registry.Registry) -> registry.MessageType:
    return catalogue.get_type("consent.recorded")


def test_the_whole_message_passes_when_all_is_covered(referral: registry.MessageType, example: Any) -> None:
    data = example("referral.submitted")

    found = project(referral, data)

    assert content_of(found) == data["content"]
    assert found.withheld == found.missing == ()
    assert found.lacking == frozenset()
    assert found.carried == referral.categories_in(data)


def test_what_is_optional_and_not_covered_is_left_out(referral: registry.MessageType, example: Any) -> None:
    found = project(referral, example("referral.submitted"), covered=ALL - {"FN", "CO"})

    assert found.withheld == ("/content/contact", "/content/functional_needs")
    assert found.lacking == {"FN", "CO"}
    assert {"contact", "functional_needs"}.isdisjoint(content_of(found))
    assert {"FN", "CO"}.isdisjoint(found.carried)


def test_a_recipient_is_refused_rather_than_sent_a_torso(referral: registry.MessageType, example: Any) -> None:
    found = project(referral, example("referral.submitted"), covered=ALL - {"WA", "LM"})

    assert found.data is None
    assert set(found.missing) == {"/content/work_extent", "/content/af_registered"}
    assert found.lacking == {"WA", "LM"}
    assert found.withheld == ()
    assert found.carried == frozenset()


def test_the_person_falls_alone_where_it_is_optional(catalogue: registry.Registry, example: Any) -> None:
    found = project(catalogue.get_type("plan.proposed"), example("plan.proposed"), covered=ALL - {"ID"})

    assert found.data is not None
    assert "person" not in found.data
    assert found.withheld == ("/person",)


def test_the_ceiling_beats_the_cover(referral: registry.MessageType, example: Any) -> None:
    allowed = {category: facets for category, facets in JOBBTORG.items() if category not in ("WA", "ED")}

    found = project(referral, example("referral.submitted"), allowed=allowed)

    assert {"work_extent", "education_level"}.isdisjoint(content_of(found))
    assert found.lacking == frozenset()
    assert "/content/work_extent" in found.withheld


def test_a_flag_passes_where_only_flags_may(referral: registry.MessageType, example: Any) -> None:
    content = content_of(project(referral, example("referral.submitted")))

    assert content["receives_support"] is True
    assert content["support_ongoing"] == [{"area_generic": "parallel_support", "responsible_unit": "sd-farsta"}]


def test_a_provider_gets_the_name_and_not_the_number(referral: registry.MessageType, example: Any) -> None:
    allowed = {"ID": frozenset({"name"}), "CO": frozenset({"phone", "language"}), "FN": None}

    found = project(referral, example("referral.submitted"), allowed=allowed, kind="pv")

    assert found.data is not None
    assert found.data["person"] == {"given_name": "Asta", "family_name": "Provberg"}
    assert content_of(found)["contact"] == {"phone": "+46701740605", "language": "so", "interpreter": True}
    assert {"/person/personal_number", "/content/contact/email"} <= set(found.withheld)


def test_a_view_sees_only_what_its_route_says(catalogue: registry.Registry, example: Any) -> None:
    sees = ("/content/af_registration", "/content/coach_function", "/content/contact")

    found = project(catalogue.get_type("enrolment.confirmed"), example("enrolment.confirmed"), sees=sees, kind="af")

    assert set(content_of(found)) == {"af_registration", "coach_function", "contact"}
    assert found.data is not None
    assert "person" in found.data


def test_a_pointer_stands_for_itself_and_what_is_below_it_only(catalogue: registry.Registry, example: Any) -> None:
    sees = ("/content/plan", "/content/activities/*/title")

    found = project(catalogue.get_type("plan.proposed"), example("plan.proposed"), sees=sees)

    assert content_of(found) == {"activities": [{"title": "Jobbcoachning"}, {"title": "Praktik i storkök"}]}


def test_a_view_of_nothing_leaves_an_empty_content(referral: registry.MessageType, example: Any) -> None:
    view = projection.derive_view(referral, {"ID": None}, ())
    found = view.project(example("referral.submitted"), ALL, party=frozenset({"amn"}), recipient_kind="jt")

    assert content_of(found) == {}
    assert registry.compile_validator(view.schema).is_valid(found.data)


def test_items_of_a_category_above_the_ceiling_are_gone_altogether(
    joint_plan: registry.MessageType, example: Any
) -> None:
    found = project(joint_plan, example("finsam.joint-plan-recorded"))

    assert [item["item_id"] for item in content_of(found)["items"]] == ["p1", "p2", "p5"]
    assert found.withheld == ("/content/items/2", "/content/items/3")
    assert found.lacking == frozenset()


def test_items_that_are_not_covered_are_gone_altogether(joint_plan: registry.MessageType, example: Any) -> None:
    found = project(joint_plan, example("finsam.joint-plan-recorded"), allowed=EVERYTHING, covered=ALL - {"SU", "FN"})

    assert [item["item_id"] for item in content_of(found)["items"]] == ["p1", "p3", "p5"]
    assert found.lacking == {"SU", "FN"}


def test_an_element_keeps_its_category_whatever_the_route_says(joint_plan: registry.MessageType, example: Any) -> None:
    found = project(joint_plan, example("finsam.joint-plan-recorded"), sees=("/content/items/*/due",))

    assert content_of(found)["items"][1] == {"due": "2026-05-29", "category": "FN"}
    assert found.carried == {"ID", "PL", "FN"}


def test_a_plan_without_a_single_item_left_is_refused(joint_plan: registry.MessageType, example: Any) -> None:
    items = [{"by_party_kind": "rg", "due": "2026-05-01", "category": "SU"}]

    found = project(joint_plan, example("finsam.joint-plan-recorded", items=items))

    assert found.data is None
    assert found.missing == ("/content/items",)


def test_the_schema_of_a_view_does_not_tell_of_categories_above_the_ceiling(
    joint_plan: registry.MessageType,
) -> None:
    view = projection.derive_view(joint_plan, JOBBTORG, None)

    item = view.schema["properties"]["content"]["properties"]["items"]["items"]
    assert item["properties"]["category"]["enum"] == ["PL", "FN"]


def test_each_party_gets_its_own_edges(consent: registry.MessageType, example: Any) -> None:
    edges = [
        {"holder_authority": "fk", "recipient_authority": "amn", "categories": ["HE"]},
        {"holder_authority": "amn", "recipient_authority": "af", "categories": ["PL"]},
        {"holder_authority": "rg", "recipient_authority": "fk", "categories": ["HE"]},
    ]
    excluded = [
        {"recipient_authority": "amn", "category": "SU"},
        {"recipient_authority": "fk", "category": "SO"},
        {"category": "WA"},
    ]
    data = example("consent.recorded", edges=edges, excluded=excluded)

    found = project(consent, data, party="amn")

    assert content_of(found)["edges"] == edges[:2]
    assert content_of(found)["excluded"] == [excluded[0], excluded[2]]
    assert set(found.withheld) == {"/content/edges/2", "/content/excluded/1"}


def test_a_party_without_an_edge_gets_no_notice(consent: registry.MessageType, example: Any) -> None:
    found = project(consent, example("consent.recorded"), party="rg")

    assert found.data is None
    assert found.missing == ("/content/edges",)


def test_a_list_that_lost_all_its_elements_is_not_there(consent: registry.MessageType, example: Any) -> None:
    data = example("consent.recorded", excluded=[{"recipient_authority": "af", "category": "SU"}])

    found = project(consent, data)

    assert "excluded" not in content_of(found)
    assert found.withheld == ("/content/excluded",)


def test_what_a_condition_requires_cannot_be_lost(catalogue: registry.Registry, example: Any) -> None:
    """The named mode requires the person; without cover for it the case would come through as nobody's."""
    found = project(catalogue.get_type("finsam.case-initiated"), example("finsam.case-initiated"), covered=ALL - {"ID"})

    assert found.data is None
    assert found.missing == ("/person",)
    assert "ID" in found.lacking


def test_the_copy_does_not_tell_who_else_gets_what(catalogue: registry.Registry, example: Any) -> None:
    data = example("finsam.joint-plan-recorded")

    found = project(catalogue.get_type("finsam.joint-plan-recorded"), data)

    assert found.data is not None
    handling = found.data["handling"]
    assert "to" not in handling
    assert [claim["recipient_kind"] for claim in handling["basis"]] == ["jt"]
    assert handling["categories"] == sorted(found.carried) == ["FN", "ID", "PL"]
    assert not any(pointer.startswith("/handling") for pointer in found.withheld)


def test_several_bases_of_one_kind_stay(referral: registry.MessageType, example: Any) -> None:
    data = example("referral.submitted")
    claim = data["handling"]["basis"][0]
    data["handling"]["basis"] = [claim, {**claim, "recipient_kind": "af"}, {**claim, "code": "OSL_10_2"}]

    found = project(referral, data)

    assert found.data is not None
    assert [entry["code"] for entry in found.data["handling"]["basis"]] == ["CONSENT", "OSL_10_2"]


def test_the_original_is_not_touched(catalogue: registry.Registry, example: Any) -> None:
    for message_type in catalogue.list_types():
        data = example(message_type.name)

        project(message_type, data, covered=frozenset({"ID", "ST", "PL", "OU"}))

        assert data == example(message_type.name)


def test_a_plan_of_cuts_is_made_once_per_cover(referral: registry.MessageType, example: Any) -> None:
    view = projection.derive_view(referral, JOBBTORG, None)
    data = example("referral.submitted")

    first = view.project(data, frozenset({"ID", "ST"}), party=frozenset({"amn"}), recipient_kind="jt")
    second = view.project(data, frozenset({"ST", "ID"}), party=frozenset({"amn"}), recipient_kind="jt")

    assert first == second
    assert len(view._plans) == 1


def test_the_schema_of_a_view_has_no_place_for_the_recipients(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        handling = projection.derive_view(message_type, JOBBTORG, None).schema["properties"]["handling"]

        assert "to" not in handling["properties"]
        assert "to" not in handling["required"]
        assert handling["additionalProperties"] is False


def test_a_condition_stays_in_the_view_that_has_all_it_speaks_of(catalogue: registry.Registry) -> None:
    message_type = catalogue.get_type("referral.answered")

    whole = projection.derive_view(message_type, JOBBTORG, None).schema["properties"]["content"]
    part = projection.derive_view(message_type, JOBBTORG, ("/content/decision", "/content/return_reason")).schema

    assert len(whole["allOf"]) == 2
    assert [c["then"]["required"] for c in part["properties"]["content"]["allOf"]] == [["return_reason"]]
