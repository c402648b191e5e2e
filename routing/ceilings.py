"""The ceiling: the most that a kind of recipient may ever see of each category, whatever a basis covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from routing import vocabulary
from routing.rule_files import Place, Reading
from routing.vocabulary import Facet, Purpose

Allowed = Mapping[str, frozenset[str] | None]
"""Category -> None (all of it) or the facets that are open. What is not there is never disclosed."""


@dataclass(frozen=True, slots=True)
class CategoryText:
    """One category of information, in words."""

    code: str
    title_sv: str
    covers_sv: str


@dataclass(frozen=True, slots=True)
class FacetText:
    """A part of a category that may be told where the rest may not."""

    name: str
    covers_sv: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How far one category may reach one kind: all of it for the purposes in `whole_for`, else as `when` says.

    "own" is open only where the message is about the recipient's own activity.
    """

    when: Literal["yes", "finsam", "no", "own"]
    only: frozenset[Facet] | None = None
    whole_for: frozenset[Purpose] = frozenset()

    def is_open(self, purpose: str, *, own: bool) -> bool:
        in_finsam = self.when == "finsam" and purpose == vocabulary.FINSAM_PURPOSE
        return self.when == "yes" or in_finsam or (self.when == "own" and own) or purpose in self.whole_for

    def facets_for(self, purpose: str) -> frozenset[str] | None:
        """The facets that are open, None for all; has a meaning only where the category is open."""
        return None if purpose in self.whole_for else self.only


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The whole table, worked out once for every kind and purpose, with and without what is open for own activity."""

    categories: Mapping[str, CategoryText]
    facets: Mapping[str, FacetText]
    cells: Mapping[str, Mapping[str, Ceiling]]
    open_for: Mapping[tuple[str, str, bool], Allowed]

    def allowed(self, kind: str, purpose: str, *, own: bool = False) -> Allowed:
        """What the kind may see for the purpose; the message data alone where no rule knows the pair."""
        return self.open_for.get((kind, purpose, own), _MESSAGE_DATA_ONLY)


_MESSAGE_DATA_ONLY: Allowed = MappingProxyType({vocabulary.MESSAGE_DATA: None})


def read(reading: Reading, path: Path) -> Ceilings:
    """The ceilings in a file. Gives the words `category` and `facet` to the rest of the reading."""
    content = reading.load_file(path, frozenset({"category", "facet", "ceiling"}))
    codes = reading.list_names(content, "category", "code")
    reading.vocabularies["category"] = codes
    reading.vocabularies["facet"] = reading.list_names(content, "facet", "name")
    columns = content.get("ceiling", {})
    if not isinstance(columns, dict):
        reading.faults.append(Place(path.name, "ceiling").fault("must be a table"))
        columns = {}
    cells = {
        kind: _read_column(reading, columns.get(kind), codes, Place(path.name, f"ceiling.{kind}"))
        for kind in sorted(vocabulary.KINDS | set(columns))
    }
    return Ceilings(
        categories=reading.read_index(CategoryText, content, path.name, "category", "code"),
        facets=reading.read_index(FacetText, content, path.name, "facet", "name"),
        cells=MappingProxyType(cells),
        open_for=_tabulate(cells),
    )


def _read_column(reading: Reading, column: Any, codes: frozenset[str], place: Place) -> Mapping[str, Ceiling]:
    kind = place.table.removeprefix("ceiling.")
    if kind not in vocabulary.KINDS:
        reading.faults.append(place.fault(f"{kind!r} is an unknown kind"))
        return {}
    if not isinstance(column, dict):
        reading.faults.append(place.fault("the kind has no ceiling"))
        return {}
    reading.faults += [place.fault(f"{code!r} is an unknown category") for code in column if code not in codes]
    missing = codes - {vocabulary.MESSAGE_DATA} - set(column)
    reading.faults += [place.fault(f"lacks the category {code}") for code in sorted(missing)]
    found = {}
    for code, cell in column.items():
        # A bare word is short for a table with nothing but that word.
        row = cell if isinstance(cell, dict) else {"when": cell}
        ceiling = reading.read_row(Ceiling, row, place.inside(code))
        if ceiling is not None:
            found[code] = ceiling
    return MappingProxyType(found)


def _tabulate(cells: Mapping[str, Mapping[str, Ceiling]]) -> Mapping[tuple[str, str, bool], Allowed]:
    return MappingProxyType(
        {
            (kind, purpose, own): MappingProxyType(
                {
                    vocabulary.MESSAGE_DATA: None,
                    **{
                        code: cell.facets_for(purpose)
                        for code, cell in column.items()
                        if cell.is_open(purpose, own=own)
                    },
                }
            )
            for kind, column in cells.items()
            for purpose in vocabulary.PURPOSES
            for own in (False, True)
        }
    )
