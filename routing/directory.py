"""The directory: which units there are on which day, who succeeds whom, catchments, teams, agreements.

Days are days in Stockholm, and both ends count: a unit that is valid to 2023-06-30 is open that day. An open
end is None. The facts are the files in `directory/`; those that nobody has verified say so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from routing import directory_entries as entries
from routing import directory_faults, vocabulary
from routing.deadline_rules import Due
from routing.directory_entries import Agreement, Alias, Catchment, Dated, Entries, Required, Seat, Unit
from routing.rule_files import Reading

__all__ = ["Agreement", "Alias", "Catchment", "Directory", "Required", "Seat", "Unit", "load"]

FOLDER = Path(__file__).parent / "directory"


class Directory:
    """All units on all days. `digest` names exactly this content."""

    def __init__(self, rows: Entries, digest: str) -> None:
        self.digest = digest
        self.entries = rows
        self._units = {unit.unit_id: unit for unit in rows.units}
        self._catchments = _group(rows.catchments, "stadsdel")
        self._seats_of = _group(rows.seats, "team")
        self._seats_held = _group(rows.seats, "unit_id")
        self._aliases = defaultdict(list)
        for alias in rows.aliases:
            self._aliases[entries.fold(alias.name)].append(alias)
        self._authorities = _group(rows.units, "authority")
        self._names = {
            name: frozenset({name, *(unit.unit_id for unit in units)}) for name, units in self._authorities.items()
        }
        # Asked with every message, and most directories have none.
        self._special = tuple(each for each in rows.agreements if each.deadlines or each.field_lists)

    def find_unit(self, unit_id: str) -> Unit | None:
        """The unit, open or closed."""
        return self._units.get(unit_id)

    def find_by_name(self, name: str, on: date) -> Unit | None:
        """The unit with this id, open or closed; else the unit that bears the alias.

        An alias of a closed unit leads to its successor, if it has only one.
        """
        unit = self._units.get(name)
        if unit is not None:
            return unit
        for alias in self._aliases.get(entries.fold(name), ()):
            if entries.spans(alias, on):
                return self._follow(self._units[alias.unit_id], on)
        return None

    def _follow(self, unit: Unit, on: date) -> Unit | None:
        # A chain of successors has no circle: the files are refused if it has.
        while not unit.is_open(on):
            if unit.valid_to is None or on <= unit.valid_to or len(unit.successors) != 1:
                return None
            unit = self._units[unit.successors[0]]
        return unit

    def find_catchment(self, stadsdel_id: str, on: date) -> str | None:
        """The jobbtorg to which the stadsdel belongs that day."""
        for row in self._catchments.get(stadsdel_id, ()):
            if entries.spans(row, on):
                return row.jobbtorg
        return None

    def find_team_for(self, unit_id: str, on: date) -> str | None:
        """The FINSAM team of a stadsdel or a jobbtorg; None for a unit in no team, or in several."""
        teams = {seat.team for seat in self._seats_held.get(unit_id, ()) if entries.spans(seat, on)}
        return teams.pop() if len(teams) == 1 else None

    def list_seats(self, team_id: str, kind: str, on: date) -> Sequence[str]:
        """The units that hold a seat of this kind in the team, in the order of the file."""
        seats = self._seats_of.get(team_id, ())
        return [seat.unit_id for seat in seats if seat.kind == kind and entries.spans(seat, on)]

    def list_units(self, on: date | None = None) -> Sequence[Unit]:
        """All units in the order of the file, or those that are open that day."""
        return [unit for unit in self.entries.units if on is None or unit.is_open(on)]

    def list_authority_units(self, authority: str, on: date) -> Sequence[Unit]:
        """The units of an authority that are open that day, in the order of the file."""
        return [unit for unit in self._authorities.get(authority, ()) if unit.is_open(on)]

    def find_authority(self, name: str) -> str | None:
        """The authority with this id, or the authority of the unit with this id."""
        if name in self._authorities:
            return name
        unit = self._units.get(name)
        return unit.authority if unit is not None else None

    def names_of(self, authority: str) -> frozenset[str]:
        """Every name that `find_authority` takes for this one."""
        return self._names.get(authority, frozenset({authority}))

    def needs_agreement(self, sender_kind: str, recipient_kind: str, purpose: str) -> bool:
        return any(pair.joins(sender_kind, recipient_kind, purpose) for pair in self.entries.required)

    def find_agreement(self, sender_kind: str, recipient_kind: str, purpose: str, on: date) -> str | None:
        """The first agreement that is in force between the two kinds for the purpose that day."""
        found = (
            agreement.agreement_id
            for agreement in self.entries.agreements
            if agreement.joins(sender_kind, recipient_kind, purpose) and entries.spans(agreement, on)
        )
        return next(found, None)

    def has_agreement(self, sender_kind: str, recipient_kind: str, purpose: str, on: date) -> bool:
        """True when an agreement is in force that day, or none is needed."""
        if not self.needs_agreement(sender_kind, recipient_kind, purpose):
            return True
        return self.find_agreement(sender_kind, recipient_kind, purpose, on) is not None

    def agreed_deadlines(self, sender_kind: str, kinds: Collection[str], purpose: str, on: date) -> Mapping[str, Due]:
        """What agreements between the sender and those who get it say of deadlines, by id; of several the first."""
        found: dict[str, Due] = {}
        for agreement in self._agreed(sender_kind, kinds, purpose, on):
            found = {**agreement.deadlines, **found}
        return found

    def agreed_field_lists(
        self, type_name: str, sender_kind: str, kinds: Collection[str], purpose: str, on: date
    ) -> tuple[str, ...]:
        """The states of a list of fields that an agreement names for the type; () where none does."""
        agreed = self._agreed(sender_kind, kinds, purpose, on)
        return next((each.field_lists[type_name] for each in agreed if type_name in each.field_lists), ())

    def _agreed(self, sender_kind: str, kinds: Collection[str], purpose: str, on: date) -> Iterator[Agreement]:
        for agreement in self._special:
            joins = any(agreement.joins(sender_kind, kind, purpose) for kind in kinds)
            if joins and entries.spans(agreement, on):
                yield agreement


def _group(rows: Iterable[Dated], key: str) -> Mapping[str, tuple[Dated, ...]]:
    found: dict[str, list[Dated]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return {name: tuple(group) for name, group in found.items()}


def load(directory: Path | None = None) -> Directory:
    """The directory in a folder (None: the one that is delivered).

    Raises `rule_files.RulesBroken` with every fault: rows that cannot be read, references to units that do
    not exist, validity that overlaps or leaves a stadsdel without a catchment, successors in a circle.
    """
    reading = Reading(dict(vocabulary.WORDS))
    rows = entries.read(reading, directory or FOLDER)
    if not reading.faults:
        reading.faults += directory_faults.find_faults(rows)
    reading.raise_faults()
    return Directory(rows, reading.digest())
