"""The shape of `rules/retention.toml`: how long the hub keeps what (gallring)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from routing.rule_files import Place, Reading
from routing.vocabulary import TypeName

_LONGEST_DELIVERED = 30
_LONGEST_DAYS = 366
_LONGEST_MONTHS = 60
_LONGEST_YEARS = 30


@dataclass(frozen=True, slots=True)
class Bodies:
    """Days that a body is kept: nobody has taken it over, everybody has, its delivery was given up."""

    undelivered_days: int
    delivered_days: int
    dead_letter_days: int


@dataclass(frozen=True, slots=True)
class BodyOfType:
    """A type whose delivered bodies have a time of their own."""

    type: TypeName
    delivered_days: int


@dataclass(frozen=True, slots=True)
class Cases:
    """Months after the closing, and after the last message about a person without a case."""

    followed_up_months: int
    longest_months: int
    person_months: int


@dataclass(frozen=True, slots=True)
class Years:
    years: int


@dataclass(frozen=True, slots=True, eq=False)
class RetentionRules:
    """All times of gallring."""

    bodies: Bodies
    delivered_days_of: Mapping[str, int]
    cases: Cases
    consent_years: int
    metadata_years: int

    def delivered_days(self, type_name: str) -> int:
        return self.delivered_days_of.get(type_name, self.bodies.delivered_days)

    @property
    def shortest_days(self) -> int:
        """No body is due earlier after its acceptance."""
        rest = (self.bodies.undelivered_days, self.bodies.dead_letter_days, self.bodies.delivered_days)
        return min(*rest, *self.delivered_days_of.values())


def read(reading: Reading, path: Path) -> RetentionRules | None:
    """Reads the file; faults gather in `reading`, and then there may be no rules. The types must be known by then."""
    content = reading.load_file(path, frozenset({"bodies", "body", "cases", "consents", "metadata"}))
    bodies = reading.read_table(Bodies, content, path.name, "bodies")
    own = reading.read_index(BodyOfType, content, path.name, "body", "type")
    cases = reading.read_table(Cases, content, path.name, "cases")
    consents = reading.read_table(Years, content, path.name, "consents")
    metadata = reading.read_table(Years, content, path.name, "metadata")
    if bodies is None or cases is None or consents is None or metadata is None:
        return None
    delivered = [bodies.delivered_days, *(row.delivered_days for row in own.values())]
    _limit(reading, Place(path.name, "bodies"), delivered, _LONGEST_DELIVERED, "delivered_days")
    undelivered = [bodies.undelivered_days, bodies.dead_letter_days]
    _limit(reading, Place(path.name, "bodies"), undelivered, _LONGEST_DAYS, "days", least=1)
    months = [cases.followed_up_months, cases.longest_months, cases.person_months]
    _limit(reading, Place(path.name, "cases"), months, _LONGEST_MONTHS, "months")
    if cases.longest_months < cases.followed_up_months:
        reading.faults.append(Place(path.name, "cases").fault("longest_months is shorter than followed_up_months"))
    _limit(reading, Place(path.name, "consents"), [consents.years, metadata.years], _LONGEST_YEARS, "years")
    return RetentionRules(
        bodies=bodies,
        delivered_days_of=MappingProxyType({name: row.delivered_days for name, row in own.items()}),
        cases=cases,
        consent_years=consents.years,
        metadata_years=metadata.years,
    )


def _limit(reading: Reading, place: Place, numbers: list[int], most: int, what: str, *, least: int = 0) -> None:
    if any(not least <= number <= most for number in numbers):
        reading.faults.append(place.fault(f"{what} must be from {least} to {most}"))
