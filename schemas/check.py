"""Is a directory of message schemas fit to be published? Everything that can be known before the first message.

A published version never changes: `digests.json` holds the SHA-256 of every published document, and a version
is only ever added to it. A new optional field is a new minor version, anything else a new major one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from schemas import agreement, bundle, marks, registry, tree

_VERSION = re.compile(r"[1-9][0-9]{0,3}\.(0|[1-9][0-9]{0,3})")
_TYPE = re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)+")


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One thing wrong with a schema: the file (or type/version), the place in `data`, and what to do about it."""

    file: str
    pointer: str
    detail: str


class PublishedChanged(Exception):
    """A published version would change. `versions` names them as type/version."""

    def __init__(self, versions: Sequence[str]) -> None:
        super().__init__("published, and so not to be changed: " + ", ".join(versions))
        self.versions = tuple(versions)


Listed = tuple[str, str, Path]


def check(
    directory: Path | None = None, watched: Callable[[Sequence[Listed]], Iterable[Listed]] = iter
) -> list[SchemaFault]:
    """Every fault of the schemas in a directory (the packaged one when None), empty when they are fit. `watched` is
    handed the versions (name, version, file) and goes through them; a caller can tell from it how far the check is."""
    root = directory or registry.PACKAGED
    found = [fault for path in sorted((root / "parts").glob("*.json")) for fault in _check_file(path)]
    documents: dict[str, Mapping[str, Any]] = {}
    for name, version, path in watched(list(bundle.list_files(root))):
        key = f"{name}/{version}"
        faults = [*_check_name(name, version, key), *_check_file(path)]
        if not faults:
            faults, document = _check_document(name, version, path, root)
            documents.update({key: document} if document else {})
        found += faults
    return found + list(_check_published(root, documents))


def _check_name(name: str, version: str, key: str) -> Iterator[SchemaFault]:
    if not _TYPE.fullmatch(name) or not _VERSION.fullmatch(version):
        yield SchemaFault(key, "", "a schema is messages/<noun>.<past-participle>/<major>.<minor>.json")


def _check_file(path: Path) -> Iterator[SchemaFault]:
    try:
        jsonschema.Draft202012Validator.check_schema(bundle.read(path))
    except bundle.BrokenSchema as error:
        yield SchemaFault(path.name, "", str(error))
    except jsonschema.SchemaError as error:
        yield SchemaFault(path.name, "".join(f"/{step}" for step in error.absolute_path), error.message)


def _check_document(
    name: str, version: str, path: Path, root: Path
) -> tuple[list[SchemaFault], Mapping[str, Any] | None]:
    key = f"{name}/{version}"
    try:
        message_type = registry.load_type(name, version, path, root)
    except (bundle.BrokenSchema, tree.BrokenReference, ValueError) as error:
        return [SchemaFault(key, "", f"cannot be compiled: {error}")], None
    faults = [SchemaFault(key, pointer, detail) for pointer, detail in marks.check_node(message_type.root)]
    faults += _check_shape(message_type, key)
    faults += _check_examples(message_type, key)
    return faults, message_type.document


def _check_shape(message_type: registry.MessageType, key: str) -> Iterator[SchemaFault]:
    names = set(message_type.root.properties)
    if not {"handling", "content"} <= names <= {"handling", "person", "content"}:
        yield SchemaFault(key, "", "data is handling, content and perhaps person")
    if not {"handling", "content"} <= message_type.root.required:
        yield SchemaFault(key, "", "handling and content are required")


def _check_examples(message_type: registry.MessageType, key: str) -> Iterator[SchemaFault]:
    examples = message_type.document.get("examples", ())
    if not examples:
        yield SchemaFault(key, "/examples", "an example is needed")
    for example in examples:
        faults = message_type.faults(example)
        for fault in faults:
            yield SchemaFault(key, fault.pointer, f"the example is not valid: {fault.detail}")
        if not faults and sorted(message_type.categories_in(example)) != sorted(example["handling"]["categories"]):
            yield SchemaFault(key, "/handling/categories", "the example declares other categories than it has")
    where = agreement.find_disagreement(message_type)
    if where is not None:
        yield SchemaFault(key, where, "jsonschema and jsonschema-rs read the schema differently here")


def _check_published(root: Path, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[SchemaFault]:
    published = read_digests(root)
    for key, document in sorted(documents.items()):
        if key not in published:
            yield SchemaFault(key, "", "not yet in digests.json: record it")
        elif published[key] != digest(document):
            yield SchemaFault(key, "", "a published version has changed: make a new version")
    present = {f"{name}/{version}" for name, version, _path in bundle.list_files(root)}
    for key in sorted(published.keys() - present):
        yield SchemaFault(key, "", "a published version is gone: versions stay served")


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the bundled document in canonical form: sorted names, no white space, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_digests(directory: Path) -> dict[str, str]:
    """type/version -> digest of every published version; empty when nothing was published."""
    path = directory / "digests.json"
    return {key: str(value) for key, value in bundle.read(path).items()} if path.exists() else {}


def record_digests(directory: Path | None = None) -> Sequence[str]:
    """Publishes the versions that are new, and names them. Raises `PublishedChanged`, and then writes nothing."""
    root = directory or registry.PACKAGED
    published = read_digests(root)
    now = {
        f"{name}/{version}": digest(bundle.load_document(name, version, path, root))
        for name, version, path in bundle.list_files(root)
    }
    changed = sorted(key for key in published if now.get(key) != published[key])
    if changed:
        raise PublishedChanged(changed)
    text = json.dumps(now, indent=2, sort_keys=True)
    (root / "digests.json").write_text(text + "\n", encoding="utf-8")
    return sorted(now.keys() - published.keys())
