"""Reading a message type's JSON Schema as people's forms and pages need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def resolve(document: Node, node: Node) -> Node:
    """The node with its references followed; what stands beside a reference goes before what it leads to."""
    while "$ref" in node:
        target: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
    return node


def leads_to(node: Node, part: str) -> bool:
    """Whether the node refers to the shared definition `part`, e.g. `basics.local_id`."""
    return str(node.get("$ref", "")).endswith(f"/{part}")


def title(node: Node, language: str) -> str:
    english = node.get("x-en", {})
    return str((english.get("title") if language == "en" else None) or node.get("title", ""))


def description(node: Node, language: str) -> str:
    english = node.get("x-en", {})
    return str((english.get("description") if language == "en" else None) or node.get("description", ""))


def name_of(document: Node, pointer: str, language: str) -> str:
    """A field of the data by the titles on the way to it, such as `Punkter 2: Vad`; the pointer where they end."""
    node = document
    names: list[str] = []
    for step in pointer.split("/")[1:]:
        node = resolve(document, node)
        if step.isdecimal() and "items" in node:
            node = resolve(document, node["items"])
            names[-1:] = [f"{names[-1]} {int(step) + 1}"] if names else []
            continue
        if step not in node.get("properties", {}):
            return pointer
        node = resolve(document, node["properties"][step])
        names.append(title(node, language))
    return ": ".join(name for name in names[1:] or names if name) or pointer
