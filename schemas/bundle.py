"""From the files to self-contained documents: what a message schema refers to in `parts/` is carried along in `$defs`.

A reference reads `../../parts/person.json#/$defs/person` in a message, `codes.json#/$defs/category` or
`#/$defs/name` in a part, so that editors follow it; in the bundled document it reads `#/$defs/person.person`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class BrokenSchema(Exception):
    """A schema file cannot be read or refers to what is not there. The text names the file."""


def list_files(directory: Path) -> Iterator[tuple[str, str, Path]]:
    """Type, version and file of every message schema: `messages/<type>/<version>.json`, sorted."""
    for path in sorted((directory / "messages").glob("*/*.json")):
        yield path.parent.name, path.stem, path


def load_document(name: str, version: str, path: Path, directory: Path) -> dict[str, Any]:
    """The message schema as published, with `$id` `/schemas/<type>/<version>`. Raises `BrokenSchema`."""
    bundler = _Bundler(directory / "parts")
    body = bundler.rewrite(read(path), "")
    document: dict[str, Any] = {"$schema": DIALECT, "$id": f"/schemas/{name}/{version}"}
    document.update({key: value for key, value in body.items() if key != "$schema"})
    if bundler.found:
        document["$defs"] = dict(sorted(bundler.found.items()))
    return document


def read(path: Path) -> dict[str, Any]:
    """One schema file. Raises `BrokenSchema`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BrokenSchema(f"{path.name}: {error}") from error
    if not isinstance(found, dict):
        raise BrokenSchema(f"{path.name}: not a JSON object")
    return found


class _Bundler:
    """Collects the definitions that one document reaches."""

    def __init__(self, parts: Path) -> None:
        self.found: dict[str, Any] = {}
        self._parts = parts
        self._files: dict[str, Mapping[str, Any]] = {}

    def rewrite(self, schema: Any, part: str) -> Any:
        match schema:
            case dict():
                return {
                    key: self._carry(value, part) if key == "$ref" else self.rewrite(value, part)
                    for key, value in schema.items()
                    if key != "$defs"
                }
            case list():
                return [self.rewrite(item, part) for item in schema]
            case _:
                return schema

    def _carry(self, reference: str, part: str) -> str:
        file, _, fragment = reference.partition("#/$defs/")
        owner = Path(file).stem or part
        key = f"{owner}.{fragment}"
        if key not in self.found:
            self.found[key] = {}
            self.found[key] = self.rewrite(self._definition(owner, fragment, reference), owner)
        return f"#/$defs/{key}"

    def _definition(self, owner: str, fragment: str, reference: str) -> Any:
        if owner not in self._files:
            self._files[owner] = read(self._parts / f"{owner}.json")
        definitions = self._files[owner].get("$defs", {})
        if fragment not in definitions:
            raise BrokenSchema(f"{owner}.json: nothing stands at {reference}")
        return definitions[fragment]
