"""What one kind of recipient may see of a message type for one purpose: the tree cut by the ceiling, and a schema.

A forbidden field does not exist in a view: it is absent from the schema, not blank. Conditions of the
message's schema are kept when all they speak of is in the view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import bundle, tree

Allowed = Mapping[str, frozenset[str] | None]
"""Category -> None: all of it; a set of facets: only leaves with one of these facets; absent: nothing."""

SENDERS_ONLY = frozenset({"to", "conflict_of_interest"})
"""What of `handling` goes no further than the hub: who else is told, and who must not handle the case."""


@dataclass(frozen=True, slots=True, eq=False)
class LeafView:
    source: tree.LeafNode


@dataclass(frozen=True, slots=True, eq=False)
class ObjectView:
    """`required` is cut to what the view has. `admitted` are the categories that a dynamic element may have."""

    source: tree.ObjectNode
    properties: Mapping[str, NodeView]
    required: frozenset[str]
    admitted: frozenset[str]
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class ArrayView:
    source: tree.ArrayNode
    items: NodeView
    whole: bool


NodeView = LeafView | ObjectView | ArrayView


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of a view: a pointer template ("*" for items), and its category, or those that it can have."""

    pointer: str
    categories: frozenset[str]


def is_whole(view: NodeView) -> bool:
    """True when the ceiling takes nothing away below here, whatever the message says."""
    return isinstance(view, LeafView) or view.whole


def cut(root: tree.ObjectNode, allowed: Allowed, sees: Sequence[str] | None) -> ObjectView:
    """The view of a whole message. `handling` loses what is the sender's only; `content` stays though it be empty."""
    properties: dict[str, NodeView] = {}
    for name, child in root.properties.items():
        cutter = _Cutter(allowed, sees if name == "content" else None)
        found = cutter.cut(child, f"/{name}", None)
        if found is None and name == "content" and isinstance(child, tree.ObjectNode):
            found = ObjectView(child, {}, frozenset(), frozenset(), whole=False)
        if found is not None:
            properties[name] = _without(found, SENDERS_ONLY) if name == "handling" else found
    return _object(root, properties, frozenset())


def _without(view: NodeView, names: frozenset[str]) -> NodeView:
    if not isinstance(view, ObjectView):
        return view
    left = {key: child for key, child in view.properties.items() if key not in names}
    return _object(view.source, left, view.admitted)


def _object(node: tree.ObjectNode, properties: Mapping[str, NodeView], admitted: frozenset[str]) -> ObjectView:
    whole = (
        len(properties) == len(node.properties)
        and node.category_from is None
        and not node.party_from
        and all(is_whole(child) for child in properties.values())
    )
    return ObjectView(node, properties, node.required.intersection(properties), admitted, whole)


@dataclass(frozen=True, slots=True)
class _Cutter:
    allowed: Allowed
    sees: Sequence[str] | None

    def cut(self, node: tree.Node, pointer: str, dynamic: tree.ObjectNode | None) -> NodeView | None:
        """The part of a node that may be seen, None when that is nothing."""
        match node:
            case tree.LeafNode():
                return LeafView(node) if self._admits(node, pointer, dynamic) else None
            case tree.ArrayNode():
                items = self.cut(node.items, f"{pointer}/*", dynamic)
                return None if items is None else ArrayView(node, items, is_whole(items))
            case tree.ObjectNode():
                return self._cut_object(node, pointer)

    def _cut_object(self, node: tree.ObjectNode, pointer: str) -> ObjectView | None:
        admitted = self._admitted(node)
        if node.category_from is not None and not admitted:
            return None
        within = node if node.category_from is not None else None
        properties: dict[str, NodeView] = {
            name: found
            for name, child in node.properties.items()
            if (found := self.cut(child, f"{pointer}/{name}", within)) is not None
        }
        if properties and node.category_from is not None:
            # An element without its category would pass for one of the default category.
            source = node.properties[node.category_from]
            assert isinstance(source, tree.LeafNode)
            properties[node.category_from] = LeafView(source)
        return _object(node, properties, admitted) if properties else None

    def _admits(self, leaf: tree.LeafNode, pointer: str, dynamic: tree.ObjectNode | None) -> bool:
        if self.sees is not None and not any(_is_at_or_below(pointer, seen) for seen in self.sees):
            return False
        if leaf.category is None:
            # Which category it has is known only in the message; there the whole element stays or goes.
            return dynamic is not None
        if leaf.category == tree.MESSAGE_DATA:
            return True
        if leaf.category not in self.allowed:
            return False
        facets = self.allowed[leaf.category]
        return facets is None or not facets.isdisjoint(leaf.facets)

    def _admitted(self, node: tree.ObjectNode) -> frozenset[str]:
        """The categories that elements of a dynamic object may have. A part of a category carries no whole element."""
        if node.category_from is None:
            return frozenset()
        codes = node.properties[node.category_from].schema.get("enum", ())
        return frozenset(code for code in codes if self.allowed.get(code, frozenset()) is None)


def _is_at_or_below(pointer: str, seen: str) -> bool:
    return pointer == seen or pointer.startswith(seen + "/")


def write_schema(view: ObjectView) -> dict[str, Any]:
    """The view as a self-contained JSON Schema."""
    return {"$schema": bundle.DIALECT, **_write(view)}


_REWRITTEN = (
    "properties",
    "required",
    "items",
    "$schema",
    "$id",
    "$defs",
    "examples",
    *("allOf", "oneOf", "anyOf"),
)


def _write(view: NodeView) -> dict[str, Any]:
    kept = {key: value for key, value in view.source.schema.items() if key not in _REWRITTEN}
    match view:
        case LeafView():
            return {**view.source.schema}
        case ArrayView():
            return {**kept, "items": _write(view.items)}
        case ObjectView():
            kept["properties"] = {name: _write(child) for name, child in view.properties.items()}
            _narrow_codes(kept["properties"], view)
            if view.required:
                kept["required"] = [name for name in view.source.schema["required"] if name in view.required]
            kept.update(_conditions(view))
            return kept


def _narrow_codes(properties: dict[str, Any], view: ObjectView) -> None:
    """The list of an element's possible categories would tell of those that this recipient never gets."""
    name = view.source.category_from
    if name in properties:
        codes = [code for code in properties[name].get("enum", ()) if code in view.admitted]
        properties[name] = {**properties[name], "enum": codes}


def _conditions(view: ObjectView) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for keyword in ("allOf", "oneOf", "anyOf"):
        parts = view.source.schema.get(keyword, ())
        kept = [part for part in parts if _speaks_within(part, view)]
        # An alternative less would forbid what the message's own schema allows.
        if kept and (keyword == "allOf" or len(kept) == len(parts)):
            found[keyword] = kept
    return found


def _speaks_within(condition: Any, view: NodeView) -> bool:
    """True when the view has everything that a condition names."""
    if not isinstance(condition, dict):
        return True
    return all(_keyword_within(keyword, value, view) for keyword, value in condition.items())


def _keyword_within(keyword: str, value: Any, view: NodeView) -> bool:
    match keyword, view:
        case "properties", ObjectView():
            return all(
                name in view.properties and _speaks_within(inner, view.properties[name])
                for name, inner in value.items()
            )
        case "required", ObjectView():
            return view.properties.keys() >= set(value)
        case (("items" | "contains"), ArrayView()):
            return _speaks_within(value, view.items)
        case (("if" | "then" | "else" | "not"), _):
            return _speaks_within(value, view)
        case (("allOf" | "oneOf" | "anyOf"), _):
            return all(_speaks_within(inner, view) for inner in value)
        case _:
            return True


def list_leaves(view: NodeView, pointer: str = "", dynamic: frozenset[str] | None = None) -> Iterator[Shown]:
    """Every field of a view, as a pointer template with the categories that it can have there."""
    match view:
        case LeafView():
            category = view.source.category
            yield Shown(pointer, (dynamic or frozenset()) if category is None else frozenset({category}))
        case ArrayView():
            yield from list_leaves(view.items, f"{pointer}/*", dynamic)
        case ObjectView():
            within = view.admitted if view.source.category_from is not None else dynamic
            for name, child in view.properties.items():
                yield from list_leaves(child, f"{pointer}/{name}", within)
