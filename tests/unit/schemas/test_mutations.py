"""A hundred changed messages of every type: both validators say the same of each, and no fault repeats its text.

`schemas check` asks the same of one change at a time, each field by itself. Here up to three changes meet in one
whole message, so that conditions meet fields that are wrong, and every version in the catalogue is asked.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import pytest

from schemas import agreement, bundle, registry, tree

Change = Callable[[random.Random, Any, Mapping[str, Any]], Any]
Path = tuple[str | int, ...]

EVERY_DAY, ALL = 20, 100
CANARY = "kanariefågel-73194628501"
CANARY_NUMBER = 73194628501
NOTHING = object()
"""What a change gives for a value that is to go."""

OTHER_DIGITS = str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")
# Most have the right form: only the format can tell.
INSTANTS = ("2026-02-28T23:59:60Z", "2026-02-30T10:00:00Z", "2026-02-28T24:00:00Z", "2026-02-28T10:00:00.5+14:00")
DATES = ("2026-02-30", "2026-13-01", "2023-02-29", "1900-02-29", "2026-00-10", "20260228", "2024-02-29", "2026-02-28")


# -- changes: each gives another value for one place, or the same where it does not apply ------------------------------


def delete(_draw: random.Random, _value: Any, _schema: Mapping[str, Any]) -> Any:
    return NOTHING


def retype(draw: random.Random, _value: Any, _schema: Mapping[str, Any]) -> Any:
    return draw.choice([None, True, 0, 1.5, CANARY, CANARY_NUMBER, [], {}, [CANARY], {CANARY: CANARY}])


def put_another_code(draw: random.Random, value: Any, schema: Mapping[str, Any]) -> Any:
    return draw.choice(schema.get("enum", [value]))


def put_a_wrong_code(draw: random.Random, value: Any, schema: Mapping[str, Any]) -> Any:
    if "enum" not in schema:
        return value
    return draw.choice([CANARY, "", f"{value}\n", f" {value}", str(value).swapcase(), [value], CANARY_NUMBER])


def put_to_the_limit(draw: random.Random, value: Any, schema: Mapping[str, Any]) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return draw.choice([schema.get("minimum", value), schema.get("maximum", value), float(value)])
        case str() if value:
            return value[0] * draw.choice([schema.get("minLength", 1), schema.get("maxLength", 1)])
        case list() if value:
            return _as_long(value, draw.choice([schema.get("minItems", 0), schema.get("maxItems", len(value))]))
        case _:
            return value


def put_past_the_limit(draw: random.Random, value: Any, schema: Mapping[str, Any]) -> Any:
    match value:
        case int():
            return draw.choice(
                [schema.get("minimum", 0) - 1, schema.get("maximum", 0) + 1, CANARY_NUMBER, 10**30, -0.5]
            )
        case str() if value:
            return draw.choice(["", value[0] * (schema.get("maxLength", 1000) + 1)])
        case list() if value:
            return _as_long(value, draw.choice([0, schema.get("maxItems", 100) + 1]))
        case _:
            return value


def add_a_property(draw: random.Random, value: Any, _schema: Mapping[str, Any]) -> Any:
    return {**value, draw.choice([CANARY, "", "unknown_property"]): CANARY} if isinstance(value, dict) else value


def put_another_form(draw: random.Random, value: Any, schema: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or not schema.keys() & {"format", "pattern"}:
        return value
    others = {"date": DATES, "date-time": INSTANTS}.get(schema.get("format", ""), ())
    return draw.choice([*others, f"{value}\n", value.upper(), value.replace("-", ""), CANARY])


def put_other_digits(_draw: random.Random, value: Any, _schema: Mapping[str, Any]) -> Any:
    return value.translate(OTHER_DIGITS) if isinstance(value, str) else value


def lengthen(draw: random.Random, value: Any, _schema: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    return value + draw.choice([" ", "å", "\U0001f600", "\x00", "\n", "1", CANARY]) * draw.choice([1, 2, 40, 5000])


def nest(draw: random.Random, value: Any, _schema: Mapping[str, Any]) -> Any:
    nested = value
    for _level in range(draw.choice([1, 1, 40])):
        nested = draw.choice([[nested], {CANARY: nested}, {"value": nested}])
    return nested


def rearrange(draw: random.Random, value: Any, _schema: Mapping[str, Any]) -> Any:
    if not isinstance(value, list) or not value:
        return value
    return draw.choice([value[::-1], value[1:], [*value, value[0]], [*value, None], [*value, value]])


CHANGES: Sequence[Change] = (
    *(delete, retype, put_another_code, put_a_wrong_code, put_to_the_limit, put_past_the_limit),
    *(add_a_property, put_another_form, put_other_digits, lengthen, nest, rearrange),
)


def _as_long(items: list[Any], length: int) -> list[Any]:
    return list(islice(cycle(items), min(length, 600)))


# -- changed messages --------------------------------------------------------------------------------------------------


def mutate(message_type: registry.MessageType, count: int) -> Iterator[tuple[str, Any]]:
    """The places that changed and the changed message, the same at every run."""
    draw = random.Random(f"{message_type.name}/{message_type.version}")
    examples = message_type.document["examples"]
    for change in islice(cycle(CHANGES), count):
        data, pointers = draw.choice(examples), []
        for next_change in (change, *draw.sample(CHANGES, draw.choice([0, 0, 0, 1, 2]))):
            pointer, data = _apply(next_change, draw, data, message_type.root)
            pointers.append(f"{pointer} ({next_change.__name__})")
        yield ", ".join(pointers), data


def _apply(change: Change, draw: random.Random, data: Any, root: tree.Node) -> tuple[str, Any]:
    places = list(_places(data, root))
    draw.shuffle(places)
    for path, value, schema in places:
        changed = change(draw, value, schema)
        # By their writing: 1, 1.0 and true are equal to Python.
        if repr(changed) != repr(value):
            return "".join(f"/{step}" for step in path), _put(data, path, changed)
    return _apply(retype, draw, data, root)


def _places(value: Any, node: tree.Node | None, path: Path = ()) -> Iterator[tuple[Path, Any, Mapping[str, Any]]]:
    yield path, value, {} if node is None else node.schema
    children = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for key, child in children:
        yield from _places(child, _find_child(node, key), (*path, key))


def _find_child(node: tree.Node | None, key: str | int) -> tree.Node | None:
    match node:
        case tree.ObjectNode():
            return node.properties.get(str(key))
        case tree.ArrayNode():
            return node.items
        case _:
            return None


def _put(data: Any, path: Path, value: Any) -> Any:
    whole = {"data": copy.deepcopy(data)}
    holder: Any = whole
    *way, last = ("data", *path)
    for step in way:
        holder = holder[step]
    if value is NOTHING:
        del holder[last]
    else:
        holder[last] = copy.deepcopy(value)
    return whole.get("data")


def _sing(value: Any) -> Any:
    """The same message with the canary in each of its texts."""
    match value:
        case str():
            return CANARY + value
        case list():
            return [_sing(item) for item in value]
        case dict():
            return {name: _sing(item) for name, item in value.items()}
        case _:
            return value


# -- what holds --------------------------------------------------------------------------------------------------------

VERSIONS = [found[:2] for found in bundle.list_files(registry.PACKAGED)]
EVERY_TYPE = pytest.mark.parametrize(("name", "version"), VERSIONS, ids=map("/".join, VERSIONS))
SOME_AND_ALL = pytest.mark.parametrize("count", [EVERY_DAY, pytest.param(ALL, marks=pytest.mark.slow)])


@pytest.fixture
def message_type(catalogue: registry.Registry, name: str, version: str) -> registry.MessageType:
    return catalogue.get_type(name, version)


@EVERY_TYPE
@SOME_AND_ALL
def test_both_validators_say_the_same_of_every_mutation(message_type: registry.MessageType, count: int) -> None:
    reference = agreement.compile_reference(message_type.document)
    disagreements, valid = [], 0
    for pointers, mutant in mutate(message_type, count):
        faults = message_type.faults(mutant)
        error = next(reference.iter_errors(mutant), None)
        valid += not faults
        if faults and error is None:
            disagreements.append(f"{pointers}: jsonschema-rs alone: {faults[0].pointer} {faults[0].keyword}")
        elif error is not None and not faults:
            disagreements.append(f"{pointers}: jsonschema alone: {error.json_path} {error.validator}")

    assert disagreements == []
    # Neither all refused nor all valid: the mutations reach both sides of the border.
    assert 1 <= valid <= count // 2


@EVERY_TYPE
@SOME_AND_ALL
def test_a_fault_of_a_mutation_repeats_nothing_of_the_message(message_type: registry.MessageType, count: int) -> None:
    for pointers, mutant in mutate(message_type, count):
        shown = repr((message_type.faults(mutant), message_type.faults(_sing(mutant))))

        assert CANARY not in shown, pointers
        assert str(CANARY_NUMBER) not in shown, pointers


def test_mutations_are_the_same_at_every_run(catalogue: registry.Registry) -> None:
    newest = catalogue.list_types()[-1]

    assert list(mutate(newest, ALL)) == list(mutate(newest, ALL))
