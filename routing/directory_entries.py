"""The rows of the directory's files, as they stand there."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from routing import deadline_rules
from routing.deadline_rules import Due
from routing.rule_files import Place, Reading
from routing.vocabulary import Kind, Purpose, UnitId


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: a door that messages go to. `alternate` takes over when the unit is disqualified (jäv).

    `successors` are the units that took over when it closed; messages are not forwarded to them, since
    another authority then holds the secrecy.
    """

    unit_id: UnitId = field(metadata={"key": "id"})
    kind: Kind
    authority: str
    name: str
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[UnitId, ...] = ()
    functions: tuple[str, ...] = ()
    alternate: UnitId | None = None
    verified: bool = True

    def is_open(self, on: date) -> bool:
        return spans(self, on)


@dataclass(frozen=True, slots=True)
class Catchment:
    """The jobbtorg to which a stadsdel's people belong."""

    stadsdel: UnitId
    jobbtorg: UnitId
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A unit's place in a FINSAM team."""

    team: UnitId
    kind: Kind
    unit_id: UnitId = field(metadata={"key": "unit"})
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a unit, as old systems write it."""

    name: str
    unit_id: UnitId = field(metadata={"key": "unit"})
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Required:
    """Between a kind of the one list and one of the other nothing goes without an agreement, either way."""

    kinds: frozenset[Kind]
    toward: frozenset[Kind] = field(metadata={"key": "with"})
    except_for: frozenset[Purpose] = frozenset()

    def joins(self, one: str, other: str, purpose: str) -> bool:
        return purpose not in self.except_for and _joins(self.kinds, self.toward, one, other)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement on cooperation that is in force (SoL 2025:400 7:3); it opens both directions.

    `deadlines` takes the place of the rules' own times, by their ids. `field_lists` names, by type, the states of a
    statutory list of fields that count between the two.
    """

    agreement_id: str = field(metadata={"key": "id"})
    title_sv: str
    kinds: frozenset[Kind]
    toward: frozenset[Kind] = field(metadata={"key": "with"})
    source: str
    purposes: frozenset[Purpose] = frozenset()
    deadlines: Mapping[str, Due] = field(default_factory=_nothing)
    field_lists: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    valid_from: date | None = None
    valid_to: date | None = None
    verified: bool = True

    def joins(self, one: str, other: str, purpose: str) -> bool:
        """Whether it opens the way between these kinds for the purpose (no purposes named: for any)."""
        return (not self.purposes or purpose in self.purposes) and _joins(self.kinds, self.toward, one, other)


Dated = TypeVar("Dated", Unit, Catchment, Seat, Alias, Agreement)


def spans(row: Dated, on: date) -> bool:
    return (row.valid_from is None or row.valid_from <= on) and (row.valid_to is None or on <= row.valid_to)


def _joins(kinds: frozenset[str], toward: frozenset[str], one: str, other: str) -> bool:
    return (one in kinds and other in toward) or (other in kinds and one in toward)


@dataclass(frozen=True, slots=True)
class Entries:
    """The rows of the files, in their order."""

    units: tuple[Unit, ...]
    catchments: tuple[Catchment, ...]
    seats: tuple[Seat, ...]
    aliases: tuple[Alias, ...]
    required: tuple[Required, ...]
    agreements: tuple[Agreement, ...]


def fold(name: str) -> str:
    """A name as names are compared: "Enskede-Årsta", "ENSKEDE ARSTA" and "enskede-arsta" are the same."""
    letters = unicodedata.normalize("NFD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return "-".join(plain.replace("/", " ").replace("-", " ").split())


def read(reading: Reading, folder: Path) -> Entries:
    """The rows of every file; what cannot be read is in the reading's faults."""
    contents = {
        name: reading.load_file(folder / f"{name}.toml", tables)
        for name, tables in {
            "units": frozenset({"unit"}),
            "catchments": frozenset({"catchment"}),
            "teams": frozenset({"seat"}),
            "aliases": frozenset({"alias"}),
            "agreements": frozenset({"required", "agreement"}),
        }.items()
    }
    reading.vocabularies["unit"] = reading.list_names(contents["units"], "unit", "id")
    agreements = tuple(reading.read_rows(Agreement, contents["agreements"], "agreements.toml", "agreement"))
    for agreement in agreements:
        for name, due in agreement.deadlines.items():
            place = Place("agreements.toml", f"agreement[{agreement.agreement_id}].deadlines.{name}")
            deadline_rules.check_due(reading, due, place)
    return Entries(
        units=tuple(reading.read_rows(Unit, contents["units"], "units.toml", "unit")),
        catchments=tuple(reading.read_rows(Catchment, contents["catchments"], "catchments.toml", "catchment")),
        seats=tuple(reading.read_rows(Seat, contents["teams"], "teams.toml", "seat")),
        aliases=tuple(reading.read_rows(Alias, contents["aliases"], "aliases.toml", "alias")),
        required=tuple(reading.read_rows(Required, contents["agreements"], "agreements.toml", "required")),
        agreements=agreements,
    )
