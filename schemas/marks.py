"""What a message schema needs beyond being JSON Schema: marks on leaves, texts in two languages, closed objects.

The keywords are a closed list, so that the views derived from a schema (`views`) understand all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from schemas import tree

CATEGORIES = frozenset(
    ["ID", "CO", "ST", "BE", "LM", "ED", "WO", "PL", "AT", "AR", "SO", "HE", "WA", "SU", "CJ", "FN", "OU", "TP"]
)
"""The information categories of the ceilings and consents. MD stands beside them."""

LONGEST_FREE_TEXT = 500

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# \d, \w, \s, \b mean Unicode to Python and ASCII to others; \p, \z, \Z and \A are not known everywhere.
_PARTED_ESCAPE = re.compile(r"\\[dDwWsSbBpPzZAhHRXQ]")
_TEXTS = frozenset({"title", "description", "x-en"})
_KEYWORDS = {
    "leaf": _TEXTS
    | {"type", "enum", "const", "default", "format", "pattern", "minLength", "maxLength"}
    | {"minimum", "maximum", "exclusiveMinimum"}
    | {"x-category", "x-facet", "x-free-text"},
    "array": _TEXTS | {"type", "items", "minItems", "maxItems", "uniqueItems", "x-category", "x-facet"},
    "object": _TEXTS
    | {"type", "properties", "required", "additionalProperties", "minProperties", "allOf", "oneOf"}
    | {"x-category-from", "x-party-from"},
    "root": {"$schema", "$id", "$defs", "examples"},
}
_CONDITION_KEYWORDS = (
    {"if", "then", "else", "not", "allOf", "anyOf", "oneOf", "properties", "required", "items", "contains"}
    | {"const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)  # fmt: skip

Found = Iterator[tuple[str, str]]
"""Pairs of a pointer template and a sentence on what is wrong there."""


def check_node(node: tree.Node, pointer: str = "", *, dynamic: bool = False) -> Found:
    """Everything wrong with a node and what is below it."""
    yield from _check_texts(node.schema, pointer)
    match node:
        case tree.LeafNode():
            yield from _check_keywords(node.schema, "leaf", pointer)
            yield from _check_leaf(node, pointer, dynamic)
        case tree.ArrayNode():
            yield from _check_keywords(node.schema, "array", pointer)
            if "maxItems" not in node.schema:
                yield pointer, "a list needs maxItems"
            yield from check_node(node.items, f"{pointer}/*", dynamic=dynamic)
        case tree.ObjectNode():
            yield from _check_object(node, pointer)


def _check_texts(schema: Mapping[str, Any], pointer: str) -> Found:
    english = schema.get("x-en")
    texts = [schema.get("title"), schema.get("description")]
    texts += [english.get("title"), english.get("description")] if isinstance(english, dict) else [None]
    if not all(isinstance(text, str) and text for text in texts):
        yield pointer, "title and description are needed in Swedish and, in x-en, in English"


def _check_keywords(schema: Mapping[str, Any], kind: str, pointer: str) -> Found:
    known = _KEYWORDS[kind] | (_KEYWORDS["root"] if pointer == "" else set())
    for keyword in sorted(schema.keys() - known):
        yield pointer, f"keyword {keyword} is not in use here"


def _check_leaf(leaf: tree.LeafNode, pointer: str, dynamic: bool) -> Found:
    schema = leaf.schema
    if leaf.category is None and not dynamic:
        yield pointer, "a leaf needs x-category"
    elif leaf.category is not None and leaf.category not in CATEGORIES | {tree.MESSAGE_DATA}:
        yield pointer, f"no such category: {leaf.category}"
    if schema.get("type") not in ("string", "integer", "number", "boolean"):
        yield pointer, "a leaf needs one scalar type"
    if schema.get("type") == "string" and not schema.keys() & {"maxLength", "enum", "const"}:
        yield pointer, "a text needs maxLength"
    if leaf.free_text and schema.get("maxLength", 0) > LONGEST_FREE_TEXT:
        yield pointer, f"free text is at most {LONGEST_FREE_TEXT} characters"
    pattern = schema.get("pattern", "")
    if not pattern.isascii() or _PARTED_ESCAPE.search(pattern):
        yield pointer, "a pattern uses ASCII classes only"


def _check_object(node: tree.ObjectNode, pointer: str) -> Found:
    yield from _check_keywords(node.schema, "object", pointer)
    if node.schema.get("type") != "object" or node.schema.get("additionalProperties") is not False:
        yield pointer, "an object is closed: type object and additionalProperties false"
    for name in sorted(node.required - node.properties.keys()):
        yield pointer, f"requires {name}, which it does not have"
    for name in node.party_from:
        if name not in node.properties:
            yield pointer, f"x-party-from names {name}, which it does not have"
    yield from _check_category_from(node, pointer)
    for keyword in ("allOf", "oneOf"):
        for condition in node.schema.get(keyword, ()):
            yield from _check_condition(condition, node, pointer)
    for name, child in node.properties.items():
        if not _NAME.fullmatch(name):
            yield pointer, f"name {name}: lower-case letters, digits and underscores only"
        yield from check_node(child, f"{pointer}/{name}", dynamic=node.category_from is not None)


def _check_category_from(node: tree.ObjectNode, pointer: str) -> Found:
    name = node.category_from
    if name is None:
        return
    source = node.properties.get(name)
    codes = source.schema.get("enum", ()) if source is not None else ()
    if not codes or not set(codes) <= CATEGORIES:
        yield pointer, "x-category-from names a property whose enum is a list of categories"
    if name not in node.required and node.category_default not in codes:
        yield pointer, "the property that x-category-from names is required or has a default"
    if any(isinstance(child, tree.ObjectNode) for child in node.properties.values()):
        yield pointer, "an object with x-category-from holds leaves only"


def _check_condition(condition: Mapping[str, Any], node: tree.ObjectNode, pointer: str) -> Found:
    for keyword in sorted(set(_keywords_of(condition)) - _CONDITION_KEYWORDS):
        yield pointer, f"keyword {keyword} is not in use in conditions"
    # A condition on a field that may fall for lack of cover would let a wider cover refuse what a narrower
    # one lets through.
    named = set(condition.get("if", {}).get("required", ()))
    spoken_of = named | set(condition.get("then", {}).get("required", ()))
    categories = {
        leaf.category
        for name in spoken_of & node.properties.keys()
        for _pointer, leaf, _required in tree.walk(node.properties[name])
    }
    if not named <= node.required and len(categories) > 1:
        yield pointer, "a condition asks about required fields, or speaks of one category only"


def _keywords_of(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        return
    for keyword, value in condition.items():
        yield keyword
        match keyword:
            case "properties":
                for inner in value.values():
                    yield from _keywords_of(inner)
            case "allOf" | "anyOf" | "oneOf":
                for inner in value:
                    yield from _keywords_of(inner)
            case "if" | "then" | "else" | "not" | "items" | "contains":
                yield from _keywords_of(value)
