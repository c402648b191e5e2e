"""Forms from JSON Schema: fields with Swedish titles out of a schema, and content for a message out of what came back.

What a person has typed is kept as it was sent (`Given`: names such as `content.items.0.what`, each with its values), so
that a form which comes back with faults, gets another row, or is a draft, shows just what was there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.web.naming import Naming
from hub.web.team import schema
from hub.web.team.schema import Node
from routing.consent import STOCKHOLM

Given = Mapping[str, Sequence[str]]

# Ids and versions are the hub's to give and a form's to carry along.
CARRIED: Final = frozenset({"plan_id", "item_id", "version", "consent_id"})
# Shared definitions of a value that names somebody, with those who can be named.
_NAMED: Final[Mapping[str, Callable[[Naming], tuple[tuple[str, str], ...]]]] = {
    "basics.unit_id": lambda naming: naming.list_units(),
    "basics.stadsdel_id": lambda naming: naming.list_units("sd"),
    "basics.authority_id": lambda naming: naming.list_authorities(),
}
_LONG_TEXT: Final = 120
_MOST_ROWS: Final = 30
_FEW: Final = 4


class Absent:
    """Nothing was filled in."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Field:
    """One field or group of a form. `kind` chooses how it is drawn."""

    name: str
    kind: str
    title: str = ""
    hint: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    folded: tuple[Field, ...] = ()
    faults: tuple[str, ...] = ()
    longest: int | None = None
    caption: str = ""
    can_grow: bool = False

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Form:
    """What forms of one type are drawn from."""

    document: Node
    naming: Naming
    given: Given
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    captions: Mapping[str, str] = field(default_factory=dict)

    def draw(self, node: Node, name: str, *, required: bool = True) -> Field:
        """The field of a schema's node."""
        named = next((list_them for part, list_them in _NAMED.items() if schema.leads_to(node, part)), None)
        node = schema.resolve(self.document, node)
        language = self.naming.words.language
        common: dict[str, Any] = {
            "name": name,
            "title": schema.title(node, language),
            "hint": schema.description(node, language),
            "required": required,
            "faults": tuple(self.faults.get(name, ())),
            "caption": self.captions.get(name, ""),
        }
        if name.rpartition(".")[2] in CARRIED:
            return Field(**{**common, "kind": "carried", "values": tuple(self.given.get(name, ()))})
        if named is not None:
            values = tuple(self.given.get(name, ()))
            return Field(**common, kind="select", options=named(self.naming), values=values)
        match node.get("type"):
            case "object":
                return self._object(node, name, common)
            case "array":
                return self._array(node, name, common)
            case _:
                return self._leaf(node, name, common)

    def _object(self, node: Node, name: str, common: dict[str, Any]) -> Field:
        needed = node.get("required", ())
        parts = [
            self.draw(part, f"{name}.{key}", required=key in needed)
            for key, part in node.get("properties", {}).items()
            if f"{name}.{key}" not in self.left_out
        ]
        shown = tuple(part for part in parts if part.name not in self.folded)
        folded = tuple(part for part in parts if part.name in self.folded)
        return Field(**common, kind="group", fields=shown, folded=folded)

    def _array(self, node: Node, name: str, common: dict[str, Any]) -> Field:
        items = schema.resolve(self.document, node.get("items", {}))
        if "enum" in items:
            options = tuple((code, self.naming.label(code)) for code in items["enum"])
            return Field(**common, kind="choices", options=options, values=tuple(self.given.get(name, ())))
        least = max(int(node.get("minItems", 0)), 1 if common["required"] else 0)
        count = max(least, count_rows(self.given, name))
        # As it stands there: what it refers to says who can be named.
        rows = tuple(self.draw(node["items"], f"{name}.{index}") for index in range(min(count, _MOST_ROWS)))
        can_grow = count < min(int(node.get("maxItems", _MOST_ROWS)), _MOST_ROWS)
        return Field(**common, kind="list", fields=rows, can_grow=can_grow)

    def _leaf(self, node: Node, name: str, common: dict[str, Any]) -> Field:
        values = tuple(self.given.get(name, ()))
        if not values and "default" in node and name not in self.given:
            values = (str(node["default"]),)
        kind, options = _kind_of(node, self.naming)
        if kind == "radio" and len(options) > _FEW:
            kind = "select"
        return Field(**common, kind=kind, options=options, values=values, longest=node.get("maxLength"))

    def read(self, node: Node, name: str) -> Any:
        """What was filled in, as JSON; `ABSENT` when nothing was."""
        node = schema.resolve(self.document, node)
        match node.get("type"):
            case "object":
                return self._read_object(node, name)
            case "array":
                return self._read_array(node, name)
            case _:
                text = next((value.strip() for value in self.given.get(name, ()) if value.strip()), "")
                return _read_leaf(node, text) if text else ABSENT

    def _read_object(self, node: Node, name: str) -> Any:
        properties = node.get("properties", {})
        parts = {key: self.read(part, f"{name}.{key}") for key, part in properties.items()}
        found = {key: value for key, value in parts.items() if value is not ABSENT}
        is_row = name.rpartition(".")[2].isdigit()
        # A row in which nobody has written has what it began with, and no more; a category says nothing by itself.
        told = set(found) - CARRIED - {"category"}
        return found if told or (found and not is_row) else ABSENT

    def _read_array(self, node: Node, name: str) -> Any:
        items = schema.resolve(self.document, node.get("items", {}))
        if "enum" in items:
            return list(self.given.get(name, ())) or ABSENT
        rows = [self.read(items, f"{name}.{index}") for index in range(count_rows(self.given, name))]
        told = [row for row in rows if row is not ABSENT]
        if "item_id" in items.get("properties", {}):
            _number(told)
        return told or ABSENT


def _number(rows: list[dict[str, Any]]) -> None:
    """Gives each row that has none an id that no other has."""
    taken = {row["item_id"] for row in rows if "item_id" in row}
    free = (f"p{number}" for number in itertools.count(1) if f"p{number}" not in taken)
    for row in rows:
        if "item_id" not in row:
            row["item_id"] = next(free)


def _kind_of(node: Node, naming: Naming) -> tuple[str, tuple[tuple[str, str], ...]]:
    if "enum" in node:
        return "radio", tuple((str(code), naming.label(code)) for code in node["enum"])
    if node.get("const") is True:
        return "tick", ()
    match node.get("type"), node.get("format"):
        case "boolean", _:
            return "radio", (("yes", naming.words("team.yes")), ("no", naming.words("team.no")))
        case (("integer" | "number"), _):
            return "number", ()
        case _, "date":
            return "date", ()
        case _, "date-time":
            return "instant", ()
    return ("long" if int(node.get("maxLength", 0)) > _LONG_TEXT else "text"), ()


def _read_leaf(node: Node, text: str) -> Any:
    """What cannot be read is handed on as it is: the schema then says what is wrong, at its place."""
    kind, form = node.get("type"), node.get("format")
    if kind == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if kind in ("integer", "number"):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if form == "date-time":
        return _read_local(text)
    if all(isinstance(code, int) for code in node.get("enum", ("",))) and text.isdigit():
        return int(text)
    return text


def _read_local(text: str) -> str:
    """A time of day as the browser gives it, in Stockholm."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).isoformat(timespec="seconds")
    except ValueError:
        return text


def count_rows(given: Given, name: str) -> int:
    """How many rows of a list were on the form."""
    prefix = f"{name}."
    indices = [key.removeprefix(prefix).split(".")[0] for key in given if key.startswith(prefix)]
    return max((int(index) + 1 for index in indices if index.isdigit() and len(index) < 4), default=0)


def add_row(given: Given, name: str) -> dict[str, Sequence[str]]:
    """The same with one more row."""
    count = count_rows(given, name)
    return {**given, f"{name}.{max(count, 1)}.": ("",)}


def drop_row(given: Given, name: str, index: int) -> dict[str, Sequence[str]]:
    """The same without that row; later ones move up."""
    kept: dict[str, Sequence[str]] = {}
    prefix = f"{name}."
    for key, values in given.items():
        number, dot, rest = key.removeprefix(prefix).partition(".")
        if not key.startswith(prefix) or not number.isdigit():
            kept[key] = values
        elif int(number) != index:
            kept[f"{prefix}{int(number) - (int(number) > index)}{dot}{rest}"] = values
    return kept


def fill(content: Any, name: str) -> dict[str, Sequence[str]]:
    """JSON as a form would send it: the opposite of `Form.read`, for what is filled in beforehand."""
    match content:
        case Mapping():
            parts = [fill(value, f"{name}.{key}") for key, value in content.items()]
        case list() if content and isinstance(content[0], Mapping):
            parts = [fill(value, f"{name}.{index}") for index, value in enumerate(content)]
        case list():
            return {name: tuple(map(str, content))}
        case bool():
            return {name: ("yes" if content else "no",)}
        case _:
            return {name: (str(content),)}
    return {key: value for part in parts for key, value in part.items()}
