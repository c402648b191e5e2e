from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas import agreement, bundle, fault_details, registry, tree

SECRET = "199001012385"


def faults(message_type: registry.MessageType, data: object) -> set[tuple[str, str]]:
    return {(fault.pointer, fault.keyword) for fault in message_type.faults(data)}


@pytest.fixture(scope="module")
def referral(catalogue: registry.Registry) -> registry.MessageType:
    return catalogue.get_type("referral.submitted")


def write_type(directory: Path, name: str, version: str, **changes: Any) -> None:
    path = directory / "messages" / name / f"{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "object", "properties": {}, **changes}), encoding="utf-8")


def test_a_type_is_registered_by_being_there(tmp_path: Path) -> None:
    write_type(tmp_path, "thing.done", "1.0", title="Sak gjord")

    found = registry.Registry.load(tmp_path).get_type("thing.done")

    assert (found.name, found.version, found.title_sv) == ("thing.done", "1.0", "Sak gjord")


def test_the_newest_version_answers_when_none_is_named(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "1.0"):
        write_type(tmp_path, "thing.done", version)
    catalogue = registry.Registry.load(tmp_path)

    assert catalogue.get_type("thing.done").version == "1.10"
    assert catalogue.get_type("thing.done", "1.9").version == "1.9"
    assert [entry.version for entry in catalogue.list_types()] == ["1.0", "1.9", "1.10"]


@pytest.mark.parametrize(("name", "version"), [(SECRET, None), ("plan.proposed", "9.0"), ("plan.proposed", "")])
def test_an_unknown_type_or_version_is_refused_without_repeating_it(
    catalogue: registry.Registry, name: str, version: str | None
) -> None:
    with pytest.raises(registry.UnknownSchema) as refused:
        catalogue.get_type(name, version)

    assert str(refused.value) == ""


def test_a_reference_that_leads_nowhere_stops_the_loading(tmp_path: Path) -> None:
    write_type(tmp_path, "thing.done", "1.0", properties={"a": {"$ref": "../../parts/gone.json#/$defs/a"}})

    with pytest.raises(bundle.BrokenSchema):
        registry.Registry.load(tmp_path)


def test_the_packaged_catalogue_is_loaded_once() -> None:
    assert registry.packaged() is registry.packaged()


def test_a_published_document_stands_alone(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        document = message_type.document

        assert document["$id"] == f"/schemas/{message_type.name}/{message_type.version}"
        text = json.dumps(document)
        assert ".json#" not in text
        assert jsonschema.Draft202012Validator(document).is_valid(document["examples"][0])


def test_every_example_is_valid_and_declares_its_categories(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        for example in message_type.document["examples"]:
            assert message_type.faults(example) == ()
            assert sorted(message_type.categories_in(example)) == example["handling"]["categories"]


def test_an_example_shows_every_field_of_its_content(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        content = message_type.document["examples"][0]["content"]
        # These exclude each other, or belong to another answer than the one shown.
        rest = {"return_reason", "returned_reason", "oral_reason", "parties", "change_of", "change_reason", "case_id"}
        rest |= {"answer", "responsible_unit", "can_participate"}
        rest |= {"missing", "declined_reason", "video_ref", "close_proposal"}
        rest |= {"witnessed_by_role"}

        assert set(message_type.document["properties"]["content"]["properties"]) - set(content) <= rest


def test_lists_every_fault_with_its_place(referral: registry.MessageType, example: Any) -> None:
    data = example("referral.submitted", work_extent="75", note="a" * 501, earliest_start="2026-02-30")
    del data["content"]["reporting_request"]["until"]
    data["content"]["contact"]["interpreter"] = "yes"
    data["handling"]["to"] = []
    data["handling"]["basis"][0]["code"] = 7
    data["content"]["sfi_schedule"][0]["weekday"] = 8
    data["unknown"] = 1

    assert faults(referral, data) == {
        ("/content/work_extent", "enum"),
        ("/content/note", "maxLength"),
        ("/content/earliest_start", "format"),
        ("/content/reporting_request/until", "required"),
        ("/content/contact/interpreter", "type"),
        ("/handling/to", "minItems"),
        ("/handling/basis/0/code", "enum"),
        ("/handling/basis/0/code", "type"),
        ("/content/sfi_schedule/0/weekday", "maximum"),
        ("", "additionalProperties"),
    }


def test_unknown_properties_are_refused_at_every_depth(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        example = message_type.document["examples"][0]
        for pointer, mutant in agreement.mutate(example, ()):
            if json.dumps(mutant) != json.dumps(example) and "unknown_property" in json.dumps(mutant):
                assert (pointer, "additionalProperties") in faults(message_type, mutant)


def test_a_fault_repeats_nothing_of_the_message(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        for _pointer, mutant in agreement.mutate(message_type.document["examples"][0], [SECRET, {SECRET: SECRET}]):
            assert SECRET not in repr(message_type.faults(mutant))


@pytest.mark.slow
def test_every_fault_has_a_sentence_of_its_own(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        for _pointer, mutant in agreement.mutate(message_type.document["examples"][0], agreement.VALUES):
            for fault in message_type.faults(mutant):
                assert fault.detail.endswith(".")
                assert fault.detail != "Uppgiften stämmer inte med schemat."
                assert fault.pointer == "" or fault.pointer.startswith("/")


def test_a_message_with_very_many_faults_is_answered_with_some(referral: registry.MessageType, example: Any) -> None:
    data = example("referral.submitted", functional_needs=[None] * 5000)

    assert len(referral.faults(data)) == registry.MOST_FAULTS


@pytest.mark.parametrize("data", [None, 1, "x", [], True])
def test_data_is_an_object(referral: registry.MessageType, data: object) -> None:
    assert faults(referral, data) == {("", "type")}


def test_a_pointer_names_the_way_to_a_fault() -> None:
    assert fault_details.pointer_of(["content", "items", 0, "what"]) == "/content/items/0/what"
    assert fault_details.pointer_of([]) == ""


@pytest.mark.parametrize(
    ("name", "changes", "gone"),
    [
        ("referral.submitted", {"functional_needs": None}, {"FN"}),
        ("referral.submitted", {"functional_needs": []}, {"FN"}),
        ("referral.submitted", {"support_ongoing": []}, {"SO"}),
        ("referral.submitted", {"education_level": None, "sfi_schedule": None}, {"ED"}),
        ("referral.submitted", {"contact": None}, {"CO"}),
        ("finsam.joint-plan-recorded", {"items": [{"by_party_kind": "af", "due": "2026-05-01"}]}, {"FN", "HE", "SU"}),
    ],
)
def test_categories_are_those_of_the_fields_that_are_there(
    catalogue: registry.Registry, example: Any, name: str, changes: dict[str, Any], gone: set[str]
) -> None:
    message_type = catalogue.get_type(name)

    before = message_type.categories_in(example(name))
    after = message_type.categories_in(example(name, **changes))

    assert before - after == gone
    assert after < before


def test_a_false_answer_is_there_too(referral: registry.MessageType, example: Any) -> None:
    assert "BE" in referral.categories_in(example("referral.submitted", receives_support=False))


def test_facts_about_the_message_are_no_category(catalogue: registry.Registry, example: Any) -> None:
    for message_type in catalogue.list_types():
        assert tree.MESSAGE_DATA not in message_type.categories_in(example(message_type.name))


def test_free_text_is_found_wherever_it_stands(catalogue: registry.Registry, example: Any) -> None:
    data = example("plan.proposed")
    data["handling"]["basis"][0]["ground"] = "Skäl"
    data["handling"]["case_ref"] = "FS-1"

    found = dict(catalogue.get_type("plan.proposed").free_text_in(data))

    assert found["/content/activities/1/title"] == "Praktik i storkök"
    assert found["/content/deviations/0/ground"] == "Praktiken börjar två veckor senare."
    assert found["/handling/basis/0/ground"] == "Skäl"
    assert found["/handling/case_ref"] == "FS-1"
    assert "/content/activities/1/service_code" not in found


def test_leaves_tell_what_a_type_carries(referral: registry.MessageType) -> None:
    leaves = {leaf.pointer: leaf for leaf in referral.leaves}

    number = leaves["/person/personal_number"]
    assert (number.category, number.facets, number.required) == ("ID", frozenset({"number"}), True)
    assert leaves["/content/work_extent"].facets == {"extent"}
    assert leaves["/content/receives_support"].facets == {"flag"}
    assert leaves["/content/support_ongoing/*/responsible_unit"].facets == {"flag"}
    assert leaves["/content/functional_needs/*"].free_text
    assert not leaves["/content/note"].required
    assert leaves["/handling/purpose"].category == "MD"


def test_only_dynamic_leaves_are_without_a_category(catalogue: registry.Registry) -> None:
    dynamic = {
        (message_type.name, leaf.pointer.rpartition("/")[0])
        for message_type in catalogue.list_types()
        for leaf in message_type.leaves
        if leaf.category is None
    }

    assert dynamic == {
        ("finsam.case-initiated", "/content/parts/*"),
        ("finsam.followup-recorded", "/content/per_item/*"),
        ("finsam.joint-plan-recorded", "/content/items/*"),
        ("mapping.shared", "/content/parts/*"),
        ("mapping.shared", "/content/responsibility/*"),
        ("support-need.flagged", "/content/need"),
    }


def test_no_type_carries_crime_or_other_persons(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        assert {leaf.category for leaf in message_type.leaves}.isdisjoint({"CJ", "TP"})
