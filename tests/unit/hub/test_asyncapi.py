"""The AsyncAPI document: valid by the official schema, whole, and saying the same as the catalogue."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from hub.api import asyncapi
from schemas import registry
from schemas.registry import MessageType
from tests.support import judging

OFFICIAL = Path(__file__).parents[2] / "vendor" / "asyncapi" / "3.0.0.json"
RESERVED = {"hub.receipt"}
TYPES = [entry for entry in registry.packaged().list_types() if entry.name not in RESERVED]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    # As it travels: what JSON cannot say would be seen here.
    found: dict[str, Any] = json.loads(json.dumps(asyncapi.build_document(registry.packaged(), judging.rules())))
    return found


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")), validate_formats=True)


def key(entry: MessageType) -> str:
    return f"{entry.name}-{entry.version}"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    match value:
        case dict():
            yield value
            for inner in value.values():
                yield from objects(inner)
        case list():
            for inner in value:
                yield from objects(inner)


def find(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def test_is_accepted_by_the_official_schema(document: dict[str, Any], official: jsonschema_rs.Draft7Validator) -> None:
    assert [f"{error.instance_path}: {error.message[:200]}" for error in official.iter_errors(document)] == []


@pytest.mark.parametrize(
    "broken",
    [
        {"asyncapi": "2.6.0"},
        {"operations": {"receiveMessage": {"action": "take", "channel": {"$ref": "#/channels/messages"}}}},
        {"channels": {"messages": {"address": 1}}},
        {"servers": {"hub": {"host": "here"}}},
        {"paths": {}},
    ],
)
def test_what_breaks_the_official_schema_is_seen(
    document: dict[str, Any], official: jsonschema_rs.Draft7Validator, broken: dict[str, Any]
) -> None:
    assert not official.is_valid({**document, **broken})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {each["$ref"] for each in objects(document) if isinstance(each.get("$ref"), str)}
    assert len(references) > len(TYPES)
    assert sorted(reference for reference in references if find(document, reference) is None) == []


def test_nothing_stands_beside_a_reference(document: dict[str, Any]) -> None:
    # Draft-07 passes over it: a limit that stood there would be lost.
    assert [each for each in objects(document) if "$ref" in each and len(each) > 1] == []


def test_every_version_of_every_type_comes_in(document: dict[str, Any]) -> None:
    known = {key(entry) for entry in TYPES}
    assert known | {"event", "batch"} == set(document["channels"]["messages"]["messages"])
    assert known <= set(document["components"]["messages"])


@pytest.mark.parametrize("entry", TYPES, ids=key)
def test_a_type_is_told_with_its_swedish_title_and_its_schema(document: dict[str, Any], entry: MessageType) -> None:
    message = document["components"]["messages"][key(entry)]
    assert (message["title"], message["summary"]) == (entry.title_sv, entry.title_en)
    assert message["headers"]["properties"]["ce-type"] == {"const": f"se.samverkan.{entry.name}"}
    assert message["payload"] == {"$ref": f"#/components/schemas/{key(entry)}"}


@pytest.mark.parametrize("entry", TYPES, ids=key)
def test_the_schema_judges_as_the_published_one(document: dict[str, Any], entry: MessageType) -> None:
    portable = jsonschema_rs.Draft7Validator(
        {"$ref": f"#/components/schemas/{key(entry)}", "components": document["components"]}, validate_formats=True
    )
    for example in entry.document["examples"]:
        assert portable.is_valid(example)
        for changed in variants(example):
            assert portable.is_valid(changed) == (not entry.faults(changed)), changed


def variants(example: Any) -> Iterator[Any]:
    """The example with one thing gone, added or exchanged, anywhere in it."""
    match example:
        case dict():
            yield {**example, "not_there": 1}
            for name, value in example.items():
                yield {other: inner for other, inner in example.items() if other != name}
                yield from ({**example, name: changed} for changed in variants(value))
        case list():
            yield example * 60
            yield from ([changed] for inner in example[:1] for changed in variants(inner))
        case str():
            # 450: too long for most texts, but not for the definition that they narrow.
            yield from (7, "", "x" * 450, "x" * 600, "2026-13-45")
        case _:
            yield from ("text", -5, 10**6)


def test_a_sender_is_not_asked_for_what_the_hub_sets(document: dict[str, Any]) -> None:
    attributes = document["components"]["schemas"]["Attributes"]
    assert set(attributes["required"]) == {"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"}
    assert not {"ce-recordedtime", "ce-sequence", "ce-dataref", "ce-deliveryid"} & set(attributes["properties"])


def test_a_claim_check_says_nothing_about_the_person(document: dict[str, Any]) -> None:
    claims = document["components"]["messages"]["claimChecks"]["payload"]
    page = find(document, claims["$ref"])
    told = set(page["properties"]["items"]["items"]["properties"])
    assert told == {"delivery", "message", "type", "source", "subject", "sequence", "recordedtime", "dataref", "state"}


def test_a_type_that_nobody_sends_is_not_promised(document: dict[str, Any]) -> None:
    assert {rule.name for rule in judging.rules().types.values() if rule.reserved} == RESERVED
    assert "hub.receipt" not in json.dumps(document)
