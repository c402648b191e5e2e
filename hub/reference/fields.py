"""The fields of a message type in the order of its schema, and what each kind of recipient sees of them at most."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from routing.rulebook import RecipientRule, Route, Rulebook
from schemas import tree, views
from schemas.registry import MessageType


class Sight(StrEnum):
    """What a kind of recipient sees of a field."""

    WHOLE = "ja"
    PART = "del"
    NOTHING = "nej"


class Presence(StrEnum):
    """Whether a field has to be there: in every message, in every object that holds it, or not at all."""

    ALWAYS = "yes"
    INSIDE = "inside"
    OPTIONAL = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf. `by_element` are the categories that elements of its list may have where each names its own."""

    pointer: str
    schema: Mapping[str, Any]
    category: str | None
    facets: tuple[str, ...]
    by_element: tuple[str, ...]
    presence: Presence
    free_text: bool


def list_fields(message_type: MessageType) -> list[Field]:
    return list(_walk(message_type.root, "", Presence.ALWAYS, ()))


def _walk(node: tree.Node, pointer: str, presence: Presence, by_element: tuple[str, ...]) -> Iterator[Field]:
    match node:
        case tree.LeafNode():
            facets = tuple(sorted(node.facets))
            codes = by_element if node.category is None else ()
            yield Field(pointer, node.schema, node.category, facets, codes, presence, node.free_text)
        case tree.ArrayNode():
            inner = presence if node.min_items or presence is Presence.OPTIONAL else Presence.INSIDE
            yield from _walk(node.items, f"{pointer}/*", inner, by_element)
        case tree.ObjectNode():
            codes = _categories_of(node) if node.category_from else by_element
            for name, child in node.properties.items():
                yield from _walk(child, f"{pointer}/{name}", _presence(node, name, presence), codes)


def _presence(node: tree.ObjectNode, name: str, holder: Presence) -> Presence:
    if name not in node.required:
        return Presence.OPTIONAL
    return Presence.ALWAYS if holder is Presence.ALWAYS else Presence.INSIDE


def _categories_of(node: tree.ObjectNode) -> tuple[str, ...]:
    assert node.category_from is not None
    return tuple(node.properties[node.category_from].schema.get("enum", ()))


@dataclass(frozen=True, slots=True)
class Column:
    """What several (kind, route number) see alike: one answer for each field."""

    readers: tuple[tuple[str, int], ...]
    sights: tuple[Sight, ...]


def list_columns(rulebook: Rulebook, message_type: MessageType, fields: Sequence[Field]) -> list[Column]:
    """One column for all recipients that see the same, in the order of the routes."""
    found: dict[tuple[Sight, ...], list[tuple[str, int]]] = {}
    rule = rulebook.find_type(message_type.name)
    for number, route in enumerate(rule.routes if rule else (), start=1):
        for kind, recipient in route.recipients.items():
            seen = _see(rulebook, message_type, recipient, route)
            sights = tuple(seen.get(field.pointer, Sight.NOTHING) for field in fields)
            found.setdefault(sights, []).append((kind, number))
    return [Column(tuple(readers), sights) for sights, readers in found.items()]


def _see(rulebook: Rulebook, message_type: MessageType, recipient: RecipientRule, route: Route) -> Mapping[str, Sight]:
    """Pointer -> sight, for what is seen. What only the recipient's own activity opens is seen in part."""
    plain, own = (
        _sights(message_type, rulebook.allowed(recipient.kind, route.purpose, own=own), recipient.sees)
        for own in (False, True)
    )
    match recipient.own:
        case None:
            return plain
        case "always":
            return own
        case _:
            return {pointer: plain.get(pointer, Sight.PART) for pointer in own}


def _sights(message_type: MessageType, allowed: views.Allowed, sees: Sequence[str] | None) -> Mapping[str, Sight]:
    return dict(_look(views.cut(message_type.root, allowed, sees), "", Sight.WHOLE))


def _look(view: views.NodeView, pointer: str, sight: Sight) -> Iterator[tuple[str, Sight]]:
    match view:
        case views.LeafView():
            yield pointer, sight
        case views.ArrayView():
            yield from _look(view.items, f"{pointer}/*", sight)
        case views.ObjectView():
            inner = Sight.PART if _loses_elements(view) else sight
            for name, child in view.properties.items():
                yield from _look(child, f"{pointer}/{name}", inner)


def _loses_elements(view: views.ObjectView) -> bool:
    """True where some elements of a list do not reach the recipient: those of another category, or about others."""
    node = view.source
    if node.party_from:
        return True
    return node.category_from is not None and not set(_categories_of(node)) <= view.admitted


def describe_form(field: Field, lists: Mapping[tuple[str, ...], str]) -> str:
    """What may stand in a field; `lists` gives the name of a code list by its codes."""
    schema = field.schema
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        codes = tuple(map(str, schema["enum"]))
        if codes in lists:
            return f"[{lists[codes]}](#codes-{lists[codes]})"
        return ", ".join(f"`{code}`" for code in codes)
    if field.free_text:
        return f"free text, at most {schema['maxLength']} characters"
    return _FORMS.get(schema.get("format", ""), "") or _FORMS[str(schema.get("type"))]


_FORMS = {
    "date": "date",
    "date-time": "instant",
    "uuid": "id",
    "boolean": "yes or no",
    "integer": "whole number",
    "number": "number",
    "string": "short text",
}


def below(fields: Collection[Field], start: str) -> list[Field]:
    return [field for field in fields if field.pointer.startswith(start)]
