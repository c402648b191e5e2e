from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import agreement, check, registry

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of one packaged type, published, to be broken."""
    shutil.copytree(registry.PACKAGED / "parts", tmp_path / "parts")
    shutil.copytree(registry.PACKAGED / "messages" / "plan.decided", tmp_path / "messages" / "plan.decided")
    check.record_digests(tmp_path)
    return tmp_path


def edit(directory: Path, change: Edit, file: str = "messages/plan.decided/1.0.json") -> None:
    path = directory / file
    schema = json.loads(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), encoding="utf-8")


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["content"]["properties"]
    return found


def details(directory: Path) -> str:
    return "\n".join(f"{fault.file} {fault.pointer} {fault.detail}" for fault in check.check(directory))


@pytest.mark.slow
def test_the_packaged_schemas_are_fit() -> None:
    assert check.check() == []


def test_a_sound_directory_has_no_faults(directory: Path) -> None:
    assert check.check(directory) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.update(type="objekt"), "/type"),
        (lambda s: fields(s)["decision"].pop("x-category"), "/content/decision a leaf needs x-category"),
        (lambda s: fields(s)["decision"].update({"x-category": "XX"}), "no such category"),
        (lambda s: fields(s)["decision"].pop("title"), "/content/decision title and description"),
        (lambda s: fields(s)["decision"].pop("x-en"), "/content/decision title and description"),
        (lambda s: s["properties"]["content"].pop("description"), "/content title and description"),
        (lambda s: s["properties"]["content"].pop("additionalProperties"), "/content an object is closed"),
        (lambda s: s.update(additionalProperties=True), "an object is closed"),
        (lambda s: s["properties"]["content"]["required"].append("gone"), "requires gone"),
        (lambda s: fields(s)["decided_by_role"].update(pattern=r"^\w+$"), "ASCII classes only"),
        (lambda s: fields(s)["decided_by_role"].update(pattern="^[a-zåäö]+$"), "ASCII classes only"),
        (lambda s: fields(s)["decided_by_role"].update(maxLength=5), "the example is not valid"),
        (lambda s: fields(s)["conditions"].update(maxLength=501), "free text is at most 500"),
        (lambda s: fields(s)["conditions"].update(multipleOf=1), "keyword multipleOf"),
        (lambda s: fields(s).update(Name=fields(s)["conditions"]), "lower-case letters"),
        (lambda s: fields(s)["decision"].update(type=["string", "null"]), "one scalar type"),
        (lambda s: fields(s)["conditions"].update({"$ref": "basics.json#/$defs/gone"}), "cannot be compiled"),
        (lambda s: fields(s)["decided_on"].update(format="dat"), "cannot be compiled"),
        (lambda s: s["examples"].clear(), "an example is needed"),
        (lambda s: s["examples"][0]["content"].pop("plan_id"), "the example is not valid"),
        (lambda s: s["examples"][0]["handling"].update(categories=["ID"]), "declares other categories"),
        (lambda s: s["properties"].update(extra=s["properties"]["person"]), "data is handling, content"),
        (lambda s: s["required"].remove("content"), "handling and content are required"),
        (
            lambda s: s["properties"]["content"]["allOf"][0]["then"].update(patternProperties={}),
            "keyword patternProperties is not in use in conditions",
        ),
    ],
)  # fmt: skip
def test_tells_what_is_wrong(directory: Path, change: Edit, told: str) -> None:
    edit(directory, change)

    assert told in details(directory)


def test_a_condition_may_not_make_a_wider_cover_refuse(directory: Path) -> None:
    def ask_about_an_optional_field(schema: dict[str, Any]) -> None:
        fields(schema)["conditions"]["x-category"] = "FN"
        condition = {"if": {"required": ["conditions"]}, "then": {"required": ["returned_reason"]}}
        schema["properties"]["content"]["allOf"].append(condition)

    edit(directory, ask_about_an_optional_field)

    assert "a condition asks about required fields" in details(directory)


def test_a_list_has_an_end(directory: Path) -> None:
    edit(directory, lambda s: s["$defs"]["to"].pop("maxItems"), "parts/handling.json")

    assert "/handling/to a list needs maxItems" in details(directory)


def test_a_file_that_is_not_json_is_named(directory: Path) -> None:
    (directory / "parts" / "codes.json").write_text("{", encoding="utf-8")

    assert "codes.json" in details(directory)


@pytest.mark.parametrize("name", ["messages/plan.decided/1.json", "messages/plan/1.0.json", "messages/Plan.x/1.0.json"])
def test_a_file_has_the_name_of_a_type_and_version(directory: Path, name: str) -> None:
    (directory / name).parent.mkdir(exist_ok=True)
    shutil.copy(directory / "messages/plan.decided/1.0.json", directory / name)

    assert "a schema is messages/" in details(directory)


def test_a_pattern_that_two_validators_read_differently_is_found(directory: Path) -> None:
    edit(directory, lambda s: fields(s)["decided_by_role"].update(pattern="^[a-z]*$"))

    assert "/content/decided_by_role jsonschema and jsonschema-rs read the schema differently" in details(directory)


def test_a_published_version_does_not_change(directory: Path) -> None:
    edit(directory, lambda s: fields(s)["conditions"].update(maxLength=200))

    assert "a published version has changed" in details(directory)
    with pytest.raises(check.PublishedChanged) as refused:
        check.record_digests(directory)
    assert refused.value.versions == ("plan.decided/1.0",)


def test_a_change_of_a_shared_part_changes_the_versions_that_use_it(directory: Path) -> None:
    edit(directory, lambda s: s["$defs"]["person"].update(minProperties=1), "parts/person.json")

    assert "plan.decided/1.0  a published version has changed" in details(directory)


def test_a_published_version_does_not_go_away(directory: Path) -> None:
    (directory / "messages/plan.decided/1.0.json").rename(directory / "messages/plan.decided/1.1.json")

    assert "plan.decided/1.0  a published version is gone" in details(directory)
    with pytest.raises(check.PublishedChanged):
        check.record_digests(directory)


def test_a_new_version_is_recorded_beside_the_old_one(directory: Path) -> None:
    before = check.read_digests(directory)
    shutil.copy(directory / "messages/plan.decided/1.0.json", directory / "messages/plan.decided/1.1.json")
    edit(directory, lambda s: fields(s)["conditions"].update(maxLength=200), "messages/plan.decided/1.1.json")
    assert "plan.decided/1.1  not yet in digests.json" in details(directory)

    added = check.record_digests(directory)

    assert added == ["plan.decided/1.1"]
    assert check.read_digests(directory).items() > before.items()
    assert check.check(directory) == []


def test_the_order_of_names_does_not_change_the_digest() -> None:
    assert check.digest({"a": 1, "b": [1, 2]}) == check.digest({"b": [1, 2], "a": 1})
    assert check.digest({"a": 1}) != check.digest({"a": 2})


def test_every_packaged_version_is_published(catalogue: registry.Registry) -> None:
    digests = {f"{entry.name}/{entry.version}": check.digest(entry.document) for entry in catalogue.list_types()}

    assert check.read_digests(registry.PACKAGED) == digests


def test_the_validators_agree_on_every_field_and_on_changed_messages(catalogue: registry.Registry) -> None:
    for name in ("referral.submitted", "finsam.case-initiated"):
        assert agreement.find_disagreement(catalogue.get_type(name)) is None


@pytest.mark.slow
def test_the_validators_agree_on_whole_messages_with_every_value(catalogue: registry.Registry) -> None:
    for message_type in catalogue.list_types():
        fast = registry.compile_validator(message_type.document)
        reference = agreement.compile_reference(message_type.document)
        for pointer, mutant in agreement.mutate(message_type.document["examples"][0], agreement.VALUES[::3]):
            assert fast.is_valid(mutant) == reference.is_valid(mutant), (message_type.name, pointer)
