"""The catalogue of message types: registered by being there as files, compiled once, asked for every message.

`messages/<type>/<version>.json` is a type; adding one takes no Python. Validation runs in jsonschema-rs with
formats on.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs

from schemas import bundle, fault_details, tree

PACKAGED = Path(__file__).parent

# A body of 1 MiB can hold half a million faults; nobody reads more than these, and each costs memory.
MOST_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a message: where (RFC 6901), by which keyword, and a sentence in Swedish. No values."""

    pointer: str
    keyword: str
    detail: str


class UnknownSchema(Exception):
    """The catalogue has no such type or version. Never holds the name that was asked for."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field of a type. `pointer` is a template with "*" for items; `required` is said by the object that holds it.

    `category` is None where a sibling field decides it in each message.
    """

    pointer: str
    category: str | None
    facets: frozenset[str]
    required: bool
    free_text: bool


@dataclass(frozen=True, slots=True, eq=False)
class MessageType:
    """One version of one message type. Compared by identity: a registry holds each once."""

    name: str
    version: str
    title_sv: str
    title_en: str
    description_sv: str
    description_en: str
    document: Mapping[str, Any] = field(repr=False)
    leaves: tuple[Leaf, ...] = field(repr=False)
    root: tree.ObjectNode = field(repr=False)
    _validator: jsonschema_rs.Draft202012Validator = field(repr=False)
    _collect: tree.Collect = field(repr=False)
    _texts: tree.Texts | None = field(repr=False)

    def faults(self, data: Any) -> tuple[Fault, ...]:
        """All faults (at most 1,000) in the order of their pointers, () when valid. Takes what `strict_json` gives."""
        if self._validator.is_valid(data):
            return ()
        errors = islice(self._validator.iter_errors(data), MOST_FAULTS)
        return tuple(sorted({Fault(*fault_details.describe(error)) for error in errors}, key=_place))

    def categories_in(self, data: Mapping[str, Any]) -> frozenset[str]:
        """The categories of the fields that this message has, without MD. `data` is valid, or cut from valid data."""
        found: set[str] = set()
        self._collect(data, found)
        return frozenset(found)

    def free_text_in(self, data: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Pointer and text of every free-text field that this message has. `data` is valid."""
        found: list[tuple[str, str]] = []
        if self._texts is not None:
            self._texts(data, "", found)
        return found


def _place(fault: Fault) -> tuple[str, str]:
    return fault.pointer, fault.keyword


class Registry:
    """Every type and version of one directory. Immutable after loading."""

    def __init__(self, types: Sequence[MessageType]) -> None:
        self._types = tuple(sorted(types, key=lambda entry: (entry.name, version_key(entry.version))))
        self._by_version = {(entry.name, entry.version): entry for entry in self._types}
        self._newest = {entry.name: entry for entry in self._types}

    @classmethod
    def load(cls, directory: Path | None = None) -> Registry:
        """Reads and compiles `messages/` and `parts/` of the directory, the packaged ones when None.

        Raises `bundle.BrokenSchema` or `tree.BrokenReference`.
        """
        root = directory or PACKAGED
        return cls([load_type(*found, root) for found in bundle.list_files(root)])

    def get_type(self, name: str, version: str | None = None) -> MessageType:
        """The version asked for, the newest when None. Raises `UnknownSchema`."""
        found = self._newest.get(name) if version is None else self._by_version.get((name, version))
        if found is None:
            raise UnknownSchema
        return found

    def has_type(self, name: str) -> bool:
        """True when there is any version of it."""
        return name in self._newest

    def list_types(self) -> Sequence[MessageType]:
        """Every version of every type, by name and then from old to new."""
        return self._types


def version_key(version: str) -> tuple[int, ...]:
    """Orders "1.10" after "1.9"."""
    return tuple(int(part) for part in version.split("."))


def load_type(name: str, version: str, path: Path, directory: Path) -> MessageType:
    """One message type from its file. Raises `bundle.BrokenSchema` or `tree.BrokenReference`."""
    document = bundle.load_document(name, version, path, directory)
    root = tree.build(document)
    english = document.get("x-en", {})
    return MessageType(
        name=name,
        version=version,
        title_sv=document.get("title", name),
        title_en=english.get("title", name),
        description_sv=document.get("description", ""),
        description_en=english.get("description", ""),
        document=document,
        leaves=tuple(
            Leaf(pointer, leaf.category, leaf.facets, required, leaf.free_text)
            for pointer, leaf, required in tree.walk(root)
        ),
        root=root,
        _validator=compile_validator(document),
        _collect=tree.compile_collect(root),
        _texts=tree.compile_texts(root),
    )


def compile_validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The fast validator with formats on; an unknown format is an error of the schema, not a thing to pass over."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema), validate_formats=True, ignore_unknown_formats=False, offline=True
    )


@functools.cache
def packaged() -> Registry:
    """The registry of the packaged files, loaded at the first call and kept."""
    return Registry.load()
