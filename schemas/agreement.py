"""Do two validators read a schema alike? jsonschema is the reference, jsonschema-rs what every message meets.

Asked of the examples and of what one change makes of them, with the values on which validators are known to
differ: a trailing newline, digits of other scripts, days that do not exist, second 60, whole numbers written
as 1.0.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import jsonschema

from schemas import registry, tree

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 0.5, 10**30),
    *("", " ", "x", "x\n", "\x00", "a" * 501, "\u0661\u0662", "Å", "900101-2385"),
    *("2026-02-28", "2026-02-30", "2026-02-28\n", "20260228", "2026-13-01", "2026-02-28T10:00:00"),
    *("2026-02-28T10:00:00+01:00", "2026-02-28T10:00:60Z", "2026-02-28T24:00:00Z", "2026-02-30T10:00:00Z"),
    *("6F0F5A3E-6c0e-4b0e-9a55-0d1f6a1f0001", "sd-farsta\n", "not_a_code"),
    *([], {}, ["x"], {"x": 1}),
)
"""Values on which validators have been seen to differ, and one of each type."""


def compile_reference(schema: Mapping[str, Any]) -> jsonschema.Draft202012Validator:
    """The reference validator with formats on. jsonschema's own formats depend on what else is installed: not these."""
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date", ValueError)(_is_date)
    checker.checks("date-time", ValueError)(_is_instant)
    checker.checks("uuid")(_is_uuid)
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))


def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() is not None


def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


def find_disagreement(message_type: registry.MessageType) -> str | None:
    """A pointer to the first place where the two validators differ, None when there is none.

    Values are tried on each field's own schema and the shape on whole messages: both together on whole
    messages would take the reference minutes.
    """
    for pointer, leaf, _required in tree.walk(message_type.root):
        if not _agree_on_values(json.dumps(leaf.schema, sort_keys=True)):
            return pointer
    for example in message_type.document.get("examples", ()):
        mutants = list(mutate(example, (None, 0, "x", [], {})))
        verdicts = _agree(message_type.document, (mutant for _pointer, mutant in mutants))
        for (pointer, _mutant), agreed in zip(mutants, verdicts, strict=True):
            if not agreed:
                return pointer
    return None


@lru_cache(maxsize=4096)
def _agree_on_values(schema: str) -> bool:
    """Of one field, as JSON: most fields of a catalogue say the same as many others."""
    field = json.loads(schema)
    return all(_agree(field, [*VALUES, *field.get("enum", ())]))


def _agree(schema: Mapping[str, Any], instances: Iterable[Any]) -> Iterator[bool]:
    fast, reference = registry.compile_validator(schema), compile_reference(schema)
    return (fast.is_valid(instance) == reference.is_valid(instance) for instance in instances)


def mutate(example: Any, values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """The example itself and every copy with one thing removed, replaced by a value or widened, with its place."""
    yield "", example
    for path in list(_paths(example)):
        pointer = "".join(f"/{step}" for step in path)
        yield pointer, _changed(example, path, _remove)
        for value in values:
            yield pointer, _changed(example, path, lambda holder, key, value=value: _set(holder, key, value))
        yield pointer, _changed(example, path, _widen)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, child in children:
        yield (*path, key)
        yield from _paths(child, (*path, key))


def _changed(example: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy as far as the way to the change goes; what lies beside it is the example's own."""
    mutant = copy.copy(example)
    holder = mutant
    for step in path[:-1]:
        holder[step] = copy.copy(holder[step])
        holder = holder[step]
    change(holder, path[-1])
    return mutant


def _remove(holder: Any, key: Any) -> None:
    del holder[key]


def _set(holder: Any, key: Any, value: Any) -> None:
    holder[key] = copy.deepcopy(value)


def _widen(holder: Any, key: Any) -> None:
    """One thing more: an unknown property, the same element again, or a line break at the end."""
    value = holder[key]
    match value:
        case dict():
            holder[key] = {**value, "unknown_property": 1}
        case list():
            holder[key] = [*value, *value]
        case str():
            holder[key] = value + "\n"
        case _:
            holder[key] = str(value)
