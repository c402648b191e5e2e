"""Strict reading of the rule files: a row must be exactly what its dataclass says, and every fault is named.

The dataclass of a row is its schema. Understood are str, bool, int, date, `Literal`, `Word`, unions of these,
`tuple[X, ...]` and `frozenset[X]` (a list), `Mapping[str, X]` (a table) and dataclasses (a table). A field's
metadata may say `key` (its name in the file) or `from_key` (its value is the name of the table it stands in).
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Row = TypeVar("Row")
_NOTHING = object()
_LABELS = ("id", "code", "name", "stadsdel", "purpose")


@dataclass(frozen=True, slots=True)
class RuleFault:
    """One fault: the file's name, the table or row in it, and what is wrong there."""

    file: str
    table: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}: {self.table}: {self.detail}"


class RulesBroken(Exception):
    """The rule files cannot be used."""

    def __init__(self, faults: Iterable[RuleFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Word:
    """Marks a str in a row as one word of the named closed vocabulary: `Annotated[str, Word("kind")]`."""

    vocabulary: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the files the reader stands."""

    file: str
    table: str

    def inside(self, name: str) -> Place:
        return Place(self.file, f"{self.table}.{name}" if self.table else name)

    def fault(self, detail: str) -> RuleFault:
        return RuleFault(self.file, self.table or "file", detail)


@dataclass(slots=True)
class Reading:
    """One reading of a folder of rule files. Faults gather in `faults`; a faulty row is left out."""

    vocabularies: dict[str, frozenset[str]]
    faults: list[RuleFault] = field(default_factory=list)
    contents: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def load_file(self, path: Path, tables: frozenset[str]) -> dict[str, Any]:
        """The file's content, {} when it cannot be read. A table that is not one of `tables` is a fault."""
        place = Place(path.name, "")
        try:
            text = path.read_bytes().decode("utf-8")
            content = tomllib.loads(text)
        except FileNotFoundError:
            self.faults.append(place.fault("the file is missing"))
            return {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.faults.append(place.fault(f"cannot be read: {error}"))
            return {}
        self.faults += [place.inside(key).fault("is an unknown table") for key in content if key not in tables]
        self.contents[path.name] = content
        self.texts[path.name] = text
        return content

    def read_rows(self, shape: type[Row], content: Mapping[str, Any], file: str, table: str) -> list[Row]:
        """The rows of one `[[table]]`, in the order of the file."""
        rows: list[Row] = []
        for number, value in enumerate(self._list_tables(content, file, table), 1):
            row = self.read_row(shape, value, Place(file, f"{table}[{_label(value, number)}]"))
            if row is not None:
                rows.append(row)
        return rows

    def read_table(self, shape: type[Row], content: Mapping[str, Any], file: str, table: str) -> Row | None:
        """One `[table]`; None when it is faulty or missing."""
        place = Place(file, table)
        if table not in content:
            self.faults.append(place.fault("the table is missing"))
            return None
        return self.read_row(shape, content[table], place)

    def list_names(self, content: Mapping[str, Any], table: str, key: str) -> frozenset[str]:
        """The names that rows give themselves: known before the rows, so that one fault breeds no others."""
        rows = content.get(table)
        found = [row.get(key) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return frozenset(name for name in found if isinstance(name, str))

    def read_index(
        self, shape: type[Row], content: Mapping[str, Any], file: str, table: str, key: str
    ) -> Mapping[str, Row]:
        """The rows of one `[[table]]` by their own name; a name given twice is a fault."""
        found: dict[str, Row] = {}
        for row in self.read_rows(shape, content, file, table):
            name = str(getattr(row, key))
            if name in found:
                self.faults.append(Place(file, f"{table}[{name}]").fault("stands there twice"))
            found[name] = row
        return types.MappingProxyType(found)

    def digest(self) -> str:
        """What the files say, without comments and layout, as `sha256:<hex>`."""
        canonical = json.dumps(self.contents, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()

    def raise_faults(self) -> None:
        """Raises `RulesBroken` with everything found so far, if anything was."""
        if self.faults:
            raise RulesBroken(self.faults)

    def _list_tables(self, content: Mapping[str, Any], file: str, table: str) -> list[Any]:
        value = content.get(table, [])
        if isinstance(value, list):
            return value
        self.faults.append(Place(file, table).fault("must be rows, written [[...]]"))
        return []

    def read_row(self, shape: type[Row], value: Any, place: Place, name: str = "") -> Row | None:
        """The row that stands at a place, `name` being its table's own name; None when it is faulty."""
        if not isinstance(value, dict):
            self.faults.append(place.fault("must be a table"))
            return None
        hints = _hints(shape)  # type: ignore[arg-type]  # every class is hashable; mypy doubts it
        given: dict[str, Any] = {}
        known = set()
        for column in fields(shape):  # type: ignore[arg-type]  # every shape is a dataclass; TypeVar cannot say so
            if not column.init:
                continue  # worked out from the others
            if column.metadata.get("from_key"):
                given[column.name] = self._read(hints[column.name], name, place)
                continue
            key = column.metadata.get("key", column.name)
            known.add(key)
            if key in value:
                given[column.name] = self._read(hints[column.name], value[key], place.inside(key))
            elif not _has_default(column):
                self.faults.append(place.fault(f"lacks {key}"))
                given[column.name] = _NOTHING
        self.faults += [place.inside(key).fault("is an unknown key") for key in value if key not in known]
        return None if _NOTHING in given.values() else shape(**given)

    def _read(self, hint: Any, value: Any, place: Place) -> Any:
        """The value as the hint wants it, or `_NOTHING` after noting the fault."""
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self._read_union(get_args(hint), value, place)
        if origin is Annotated:
            return self._read_word(get_args(hint)[1].vocabulary, value, place)
        if origin is Literal:
            return self._read_choice(get_args(hint), value, place)
        if origin in (tuple, frozenset):
            return self._read_list(origin, get_args(hint)[0], value, place)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._read_mapping(get_args(hint)[1], value, place)
        if is_dataclass(hint) and isinstance(hint, type):
            row = self.read_row(hint, value, place)
            return _NOTHING if row is None else row
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            chosen = self._read_choice(tuple(hint), value, place)
            return _NOTHING if chosen is _NOTHING else hint(chosen)
        if type(value) is hint and value != "":
            return value
        self.faults.append(place.fault(f"must be {_WORDS[hint]}"))
        return _NOTHING

    def _read_union(self, hints: tuple[Any, ...], value: Any, place: Place) -> Any:
        wanted = [hint for hint in hints if hint is not type(None)]
        if len(wanted) == 1:
            return self._read(wanted[0], value, place)
        if type(value) in wanted:
            return value
        self.faults.append(place.fault("must be " + " or ".join(_WORDS[hint] for hint in wanted)))
        return _NOTHING

    def _read_word(self, vocabulary: str, value: Any, place: Place) -> Any:
        if isinstance(value, str) and value in self.vocabularies[vocabulary]:
            return value
        self.faults.append(place.fault(f"{value!r} is an unknown {vocabulary}"))
        return _NOTHING

    def _read_choice(self, choices: tuple[Any, ...], value: Any, place: Place) -> Any:
        if value in choices and isinstance(value, str):
            return value
        self.faults.append(place.fault(f"{value!r} is none of {', '.join(choices)}"))
        return _NOTHING

    def _read_list(self, kind: type, hint: Any, value: Any, place: Place) -> Any:
        if not isinstance(value, list):
            self.faults.append(place.fault("must be a list"))
            return _NOTHING
        found = []
        for number, entry in enumerate(value, 1):
            where = place
            if isinstance(entry, dict):
                where = Place(place.file, f"{place.table}[{_label(entry, number)}]")
            found.append(self._read(hint, entry, where))
            if entry in value[: number - 1]:
                self.faults.append(place.fault(f"names {entry!r} twice"))
        return _NOTHING if _NOTHING in found else kind(found)

    def _read_mapping(self, hint: Any, value: Any, place: Place) -> Any:
        if not isinstance(value, dict):
            self.faults.append(place.fault("must be a table"))
            return _NOTHING
        found: dict[str, Any] = {}
        for key, entry in value.items():
            if is_dataclass(hint) and isinstance(hint, type):
                row = self.read_row(hint, entry, place.inside(key), key)
                found[key] = _NOTHING if row is None else row
            else:
                found[key] = self._read(hint, entry, place.inside(key))
        return _NOTHING if _NOTHING in found.values() else types.MappingProxyType(found)


_WORDS: dict[Any, str] = {
    str: "a text that is not empty",
    bool: "true or false",
    int: "a whole number",
    date: "a date",
}


@functools.cache
def _hints(shape: type) -> Mapping[str, Any]:
    """Resolving them costs more than reading a row by them."""
    return get_type_hints(shape, include_extras=True)


def _has_default(column: Field[Any]) -> bool:
    return column.default is not MISSING or column.default_factory is not MISSING


def _label(value: Any, number: int) -> str:
    """How a row is named in a fault: by its own name, else by its number from 1."""
    if isinstance(value, dict):
        for key in _LABELS:
            if isinstance(value.get(key), str):
                return str(value[key])
    return str(number)
