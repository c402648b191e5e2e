"""A message schema as a tree that code can walk: references followed, categories and other marks on the nodes.

Only `properties` and `items` make the tree; conditions (`allOf`, `oneOf` ...) narrow what the tree allows and
add nothing. The marks: `x-category`, `x-facet`, `x-free-text` on leaves; on objects `x-category-from` (the
leaves take the category that this property of the same object names) and `x-party-from` (the element concerns
only the authorities these properties name).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MESSAGE_DATA = "MD"
"""The category of facts about the message itself: they need no basis and every kind of unit may see them."""

Collect = Callable[[Any, set[str]], None]
Texts = Callable[[Any, str, list[tuple[str, str]]], None]


@dataclass(frozen=True, slots=True, eq=False)
class LeafNode:
    """A scalar. `category` is None where the surrounding object's `x-category-from` decides."""

    schema: Mapping[str, Any]
    category: str | None
    facets: frozenset[str]
    free_text: bool


@dataclass(frozen=True, slots=True, eq=False)
class ObjectNode:
    schema: Mapping[str, Any]
    properties: Mapping[str, Node]
    required: frozenset[str]
    category_from: str | None
    category_default: str | None
    party_from: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ArrayNode:
    schema: Mapping[str, Any]
    items: Node
    min_items: int


Node = LeafNode | ObjectNode | ArrayNode


class BrokenReference(Exception):
    """A `$ref` leads nowhere."""


def build(document: Mapping[str, Any]) -> ObjectNode:
    """The tree of a self-contained schema document. Raises `BrokenReference`."""
    node = _build(document, document, _NO_MARKS)
    if not isinstance(node, ObjectNode):
        raise BrokenReference("the root of a message schema is an object")
    return node


def merge(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its `$ref` followed; what stands beside the `$ref` goes before what it leads to."""
    merged = dict(schema)
    while (reference := merged.pop("$ref", None)) is not None:
        definition = document.get("$defs", {}).get(str(reference).removeprefix("#/$defs/"))
        if definition is None:
            raise BrokenReference(str(reference))
        merged = {**definition, **merged}
    return merged


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a leaf takes over from the list around it."""

    category: str | None
    facets: frozenset[str]
    free_text: bool


_NO_MARKS = _Marks(None, frozenset(), free_text=False)


def _build(schema: Mapping[str, Any], document: Mapping[str, Any], outer: _Marks) -> Node:
    merged = merge(schema, document)
    facets = merged.get("x-facet", ())
    category = merged.get("x-category", outer.category)
    marks = _Marks(
        category,
        frozenset({facets} if isinstance(facets, str) else facets) or outer.facets,
        merged.get("x-free-text", outer.free_text),
    )
    if "properties" in merged:
        return _build_object(merged, document)
    if "items" in merged:
        return ArrayNode(merged, _build(merged["items"], document, marks), merged.get("minItems", 0))
    return LeafNode(merged, category, marks.facets, marks.free_text)


def _build_object(merged: Mapping[str, Any], document: Mapping[str, Any]) -> ObjectNode:
    category_from = merged.get("x-category-from")
    properties = {name: _build(child, document, _NO_MARKS) for name, child in merged["properties"].items()}
    default = properties[category_from].schema.get("default") if category_from in properties else None
    return ObjectNode(
        merged,
        properties,
        frozenset(merged.get("required", ())),
        category_from,
        default,
        tuple(merged.get("x-party-from", ())),
    )


def walk(node: Node, pointer: str = "", required: bool = True) -> Iterator[tuple[str, LeafNode, bool]]:
    """Every leaf with its pointer ("*" for an item) and whether the object that holds it requires it."""
    match node:
        case LeafNode():
            yield pointer, node, required
        case ArrayNode():
            yield from walk(node.items, f"{pointer}/*", required)
        case ObjectNode():
            for name, child in node.properties.items():
                yield from walk(child, f"{pointer}/{name}", name in node.required)


def compile_collect(node: Node) -> Collect:
    """A function that adds the categories present in a value of this node to a set; MD is left out.

    For values that are valid, or cut from valid ones. Most of a message is leaves and lists of one category,
    which cost one look-up each; only what is mixed is walked.
    """
    match node:
        case LeafNode():
            return _collect_one(node.category)
        case ArrayNode():
            return _collect_items(compile_collect(node.items))
        case ObjectNode(category_from=str()):
            return _collect_dynamic(node)
        case ObjectNode():
            return _collect_object(node)


def _collect_one(category: str | None) -> Collect:
    def collect(_value: Any, found: set[str]) -> None:
        if category not in (None, MESSAGE_DATA):
            found.add(category)

    return collect


def _collect_items(collect_item: Collect) -> Collect:
    def collect(value: Any, found: set[str]) -> None:
        for item in value:
            collect_item(item, found)

    return collect


def _collect_dynamic(node: ObjectNode) -> Collect:
    name, default = node.category_from, node.category_default

    def collect(value: Any, found: set[str]) -> None:
        category = value.get(name, default)
        if value and category not in (None, MESSAGE_DATA):
            found.add(category)

    return collect


def _collect_object(node: ObjectNode) -> Collect:
    leaves: dict[str, str] = {}
    lists: dict[str, str] = {}
    deep: dict[str, Collect] = {}
    for name, child in node.properties.items():
        category = child.category if isinstance(child, LeafNode) else _uniform(child)
        if category == MESSAGE_DATA:
            continue
        if category is None:
            deep[name] = compile_collect(child)
        else:
            (leaves if isinstance(child, LeafNode) else lists)[name] = category

    def collect(value: Any, found: set[str]) -> None:
        for name, child in value.items():
            if (category := leaves.get(name)) is not None:
                found.add(category)
            elif name in deep:
                deep[name](child, found)
            elif child and name in lists:
                found.add(lists[name])

    return collect


def _uniform(node: Node) -> str | None:
    """The one category that any non-empty value of this node carries, or None when it must be walked."""
    match node:
        case LeafNode():
            return node.category
        case ArrayNode(items=ObjectNode(required=required)) if not required:
            return None
        case ArrayNode():
            return _uniform(node.items)
        case ObjectNode(category_from=str()):
            return None
        case ObjectNode():
            if all(category == MESSAGE_DATA for category in _categories(node)):
                return MESSAGE_DATA
            found = {child.category if isinstance(child, LeafNode) else None for child in node.properties.values()}
            return found.pop() if len(found) == 1 else None


def _categories(node: Node) -> Iterator[str | None]:
    return (leaf.category for _pointer, leaf, _required in walk(node))


def compile_texts(node: Node) -> Texts | None:
    """A function that adds the free text of a value of this node to a list, with pointers; None where none can be."""
    match node:
        case LeafNode():
            return _add_text if node.free_text else None
        case ArrayNode():
            inner = compile_texts(node.items)
            return None if inner is None else _texts_of_items(inner)
        case ObjectNode():
            parts = {name: found for name, child in node.properties.items() if (found := compile_texts(child))}
            return _texts_of_object(parts) if parts else None


def _add_text(value: Any, pointer: str, found: list[tuple[str, str]]) -> None:
    found.append((pointer, value))


def _texts_of_items(inner: Texts) -> Texts:
    def texts(value: Any, pointer: str, found: list[tuple[str, str]]) -> None:
        for index, item in enumerate(value):
            inner(item, f"{pointer}/{index}", found)

    return texts


def _texts_of_object(parts: Mapping[str, Texts]) -> Texts:
    def texts(value: Any, pointer: str, found: list[tuple[str, str]]) -> None:
        for name, child in value.items():
            if name in parts:
                parts[name](child, f"{pointer}/{name}", found)

    return texts
