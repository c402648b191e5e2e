"""The dry run for people: who gets the message, what each sees of it, what is kept back and why."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.web.team import schema, showing
from hub.web.team.composing import Place


@dataclass(frozen=True, slots=True)
class Seat:
    """One recipient. `rows` is the message as it would see it; `withheld` names what it would not."""

    unit_id: str
    name: str
    verdict: str
    reason: str
    basis: str
    withheld: tuple[str, ...]
    person: Mapping[str, Any] | None
    rows: tuple[showing.Row, ...]

    @property
    def gets(self) -> bool:
        return self.verdict in ("deliver", "redact")


@dataclass(frozen=True, slots=True)
class Preview:
    """Everybody who would be reached, or not."""

    seats: tuple[Seat, ...]
    warnings: tuple[str, ...] = ()

    @property
    def reached(self) -> int:
        return sum(seat.gets for seat in self.seats)


def show(place: Place, data: Mapping[str, Any], receipt: Mapping[str, Any]) -> Preview:
    """From the receipt that the message would get."""
    known = place.hub.rulebook.warnings
    warnings = tuple(place.naming.warning(each["code"]) for each in receipt["warnings"] if each["code"] in known)
    return Preview(tuple(_seat(place, data, row) for row in receipt["recipients"]), warnings)


def refused(place: Place, recipients: Iterable[Mapping[str, Any]]) -> Preview:
    """From a refusal: why each of them gets nothing."""
    return Preview(tuple(_seat(place, None, row) for row in recipients))


def _seat(place: Place, data: Mapping[str, Any] | None, row: Mapping[str, Any]) -> Seat:
    naming, document = place.naming, place.message_type.document
    withheld = list(row.get("withheld", ()))
    seen = _cut(data, withheld) if data is not None and row["verdict"] in ("deliver", "redact") else None
    content = document["properties"]["content"]
    basis = (row.get("basis") or {}).get("code")
    return Seat(
        row["unit"],
        naming.unit(row["unit"]),
        row["verdict"],
        naming.refusal(row.get("code")),
        naming.basis(basis) if basis else "",
        list_names(document, withheld, naming.words.language),
        seen.get("person") if seen else None,
        showing.show(document, content, seen.get("content", {}), naming) if seen else (),
    )


def _cut(data: Mapping[str, Any], withheld: Sequence[str]) -> dict[str, Any]:
    """What is left when the pointers' targets are taken away."""
    left: dict[str, Any] = copy.deepcopy(dict(data))
    # The last of a list first, so that the others keep their places.
    for pointer in sorted(withheld, key=_order, reverse=True):
        *way, last = pointer.strip("/").split("/")
        target: Any = left
        for step in way:
            target = _step(target, step)
        if isinstance(target, list) and last.isdigit() and int(last) < len(target):
            del target[int(last)]
        elif isinstance(target, dict):
            target.pop(last, None)
    return left


def _step(target: Any, step: str) -> Any:
    if isinstance(target, list):
        return target[int(step)] if step.isdigit() and int(step) < len(target) else None
    return target.get(step) if isinstance(target, dict) else None


def _order(pointer: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(step), "") if step.isdigit() else (-1, step) for step in pointer.split("/"))


def list_names(document: schema.Node, pointers: Iterable[str], language: str) -> tuple[str, ...]:
    """Each pointer in words; rows of one list together: "Riktningar, nr 2, 3 och 5"."""
    found: dict[str, list[int]] = {}
    for pointer in pointers:
        way, _, last = pointer.rpartition("/")
        is_row = last.isdigit()
        numbers = found.setdefault(name_of(document, way if is_row else pointer, language), [])
        numbers += [int(last) + 1] if is_row else []
    return tuple(
        f"{name}, {_number(language)} {_count_up(sorted(numbers), language)}" if numbers else name
        for name, numbers in found.items()
    )


def _number(language: str) -> str:
    return "nr" if language == "sv" else "no."


def _count_up(numbers: Sequence[int], language: str) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} {'och' if language == 'sv' else 'and'} {last}" if first else last


def name_of(document: schema.Node, pointer: str, language: str) -> str:
    """`/content/items/2` in words: "Punkter, nr 3"."""
    node: schema.Node = document
    parts: list[str] = []
    for step in pointer.strip("/").split("/"):
        node = schema.resolve(document, node)
        if step.isdigit():
            parts.append(f"{_number(language)} {int(step) + 1}")
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(step, {})
            name = schema.title(schema.resolve(document, node), language)
            if name and step not in ("content", "handling"):
                parts.append(name)
    return ", ".join(parts) or pointer
