"""What makes a directory unusable although each of its rows can be read: rows that do not fit each other.

Validity is checked at every edge, that is on each day on which some row begins or has just ended; between two
edges nothing changes, so that every day is covered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TypeVar

from routing.directory_entries import Alias, Catchment, Dated, Entries, Seat, Unit, fold, spans
from routing.rule_files import Place, RuleFault

Row = TypeVar("Row", Catchment, Seat, Alias)


def find_faults(rows: Entries) -> list[RuleFault]:
    """Every fault; [] when the directory can be used."""
    units = {unit.unit_id: unit for unit in rows.units}
    return [
        *_units_named_twice(rows),
        *_validity_backwards(rows),
        *_successors(rows, units),
        *_kinds_in_place(rows, units),
        *_rows_beyond_units(rows, units),
        *_overlaps(rows),
        *_catchment_gaps(rows),
    ]


def _unit(unit: Unit) -> Place:
    return Place("units.toml", f"unit[{unit.unit_id}]")


def _catchment(row: Catchment) -> Place:
    return Place("catchments.toml", f"catchment[{row.stadsdel}]")


def _seat(row: Seat) -> Place:
    return Place("teams.toml", f"seat[{row.team}/{row.unit_id}]")


def _alias(row: Alias) -> Place:
    return Place("aliases.toml", f"alias[{row.name}]")


def _units_named_twice(rows: Entries) -> Iterator[RuleFault]:
    seen: dict[str, Unit] = {}
    for unit in rows.units:
        if unit.unit_id in seen:
            yield _unit(unit).fault("the unit stands there twice, so that its validity overlaps")
        seen[unit.unit_id] = unit


def _validity_backwards(rows: Entries) -> Iterator[RuleFault]:
    dated: list[tuple[Place, date | None, date | None]] = [
        *((_unit(row), row.valid_from, row.valid_to) for row in rows.units),
        *((_catchment(row), row.valid_from, row.valid_to) for row in rows.catchments),
        *((_seat(row), row.valid_from, row.valid_to) for row in rows.seats),
        *((_alias(row), row.valid_from, row.valid_to) for row in rows.aliases),
    ]
    for place, begins, ends in dated:
        if begins is not None and ends is not None and ends < begins:
            yield place.fault("ends before it begins")


def _successors(rows: Entries, units: Mapping[str, Unit]) -> Iterator[RuleFault]:
    for unit in rows.units:
        if unit.successors and unit.valid_to is None:
            yield _unit(unit).fault("has successors but no last day")
        if unit.unit_id in _reached_from(unit, units):
            yield _unit(unit).fault("succeeds itself")


def _reached_from(unit: Unit, units: Mapping[str, Unit]) -> set[str]:
    reached: set[str] = set()
    waiting = list(unit.successors)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += units[name].successors
    return reached


def _kinds_in_place(rows: Entries, units: Mapping[str, Unit]) -> Iterator[RuleFault]:
    for catchment in rows.catchments:
        for name, kind in ((catchment.stadsdel, "sd"), (catchment.jobbtorg, "jt")):
            if units[name].kind != kind:
                yield _catchment(catchment).fault(f"{name} is of kind {units[name].kind}, not {kind}")
    for seat in rows.seats:
        for name, kind in ((seat.team, "team"), (seat.unit_id, seat.kind)):
            if units[name].kind != kind:
                yield _seat(seat).fault(f"{name} is of kind {units[name].kind}, not {kind}")
    for unit in rows.units:
        if unit.alternate is not None and units[unit.alternate].kind != unit.kind:
            yield _unit(unit).fault(f"its alternate {unit.alternate} is of another kind")


def _rows_beyond_units(rows: Entries, units: Mapping[str, Unit]) -> Iterator[RuleFault]:
    for catchment in rows.catchments:
        for name in (catchment.stadsdel, catchment.jobbtorg):
            if not _lies_within(catchment, units[name]):
                yield _catchment(catchment).fault(f"is valid on days on which {name} is not open")
    for seat in rows.seats:
        for name in (seat.team, seat.unit_id):
            if not _lies_within(seat, units[name]):
                yield _seat(seat).fault(f"is valid on days on which {name} is not open")


def _lies_within(row: Dated, unit: Unit) -> bool:
    begins, ends = row.valid_from or date.min, row.valid_to or date.max
    return (unit.valid_from or date.min) <= begins and ends <= (unit.valid_to or date.max)


def _overlaps(rows: Entries) -> Iterator[RuleFault]:
    yield from _overlapping(rows.catchments, lambda row: row.stadsdel, _catchment, "two catchments")
    yield from _overlapping(rows.aliases, lambda row: fold(row.name), _alias, "two units")
    yield from _overlapping(rows.seats, lambda row: f"{row.team}/{row.unit_id}", _seat, "the same seat twice")
    # A stadsdel or a jobbtorg sits in one team; the state's and the region's units may sit in all.
    local = [seat for seat in rows.seats if seat.kind in ("sd", "jt")]
    yield from _overlapping(local, lambda row: row.unit_id, _seat, "two teams", apart=lambda row: row.team)


def _overlapping(
    rows: Iterable[Row],
    key: Callable[[Row], str],
    place: Callable[[Row], Place],
    what: str,
    apart: Callable[[Row], str] | None = None,
) -> Iterator[RuleFault]:
    """Rows with the same key that are valid on the same day; with `apart` only if they differ in that."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for earlier in groups[key(row)]:
            day = max(row.valid_from or date.min, earlier.valid_from or date.min)
            differs = apart is None or apart(row) != apart(earlier)
            if differs and spans(row, day) and spans(earlier, day):
                since = "always" if day == date.min else str(day)
                yield place(row).fault(f"has {what} on one day (since {since})")
                break
        groups[key(row)].append(row)


def _catchment_gaps(rows: Entries) -> Iterator[RuleFault]:
    """A stadsdel without a jobbtorg, or the opposite, on a day since the first catchment began."""
    if not rows.catchments:
        return
    first = min(row.valid_from or date.min for row in rows.catchments)
    for day in sorted(_edges(rows, first)):
        served = {row.stadsdel for row in rows.catchments if spans(row, day)}
        serving = {row.jobbtorg for row in rows.catchments if spans(row, day)}
        for unit in rows.units:
            if not unit.is_open(day):
                continue
            if unit.kind == "sd" and unit.unit_id not in served:
                yield _unit(unit).fault(f"is open but in no catchment on {day}")
            if unit.kind == "jt" and unit.unit_id not in serving:
                yield _unit(unit).fault(f"is open but has no catchment on {day}")


def _edges(rows: Entries, first: date) -> set[date]:
    edges = {first}
    validity = [(row.valid_from, row.valid_to) for row in rows.units]
    validity += [(row.valid_from, row.valid_to) for row in rows.catchments]
    for begins, ends in validity:
        if begins is not None:
            edges.add(begins)
        if ends is not None and ends < date.max:
            edges.add(ends + timedelta(days=1))
    return {edge for edge in edges if edge >= first}
