"""Personnummer and samordningsnummer (folkbokföringslagen 1991:481 18 §; lag 2022:1697 om samordningsnummer).

Both are birth date, individual number and a check digit (Luhn over the last ten digits); a samordningsnummer
adds 60 to the day. Canonical are twelve digits. The ten-digit forms are refused, since "-" and "+" there
depend on the day they are read, and so are temporary numbers of health care ("T"). A number above 110 years
is right here: how old somebody may be is a rule of each route, not of the number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from stdnum import exceptions, luhn

Kind = Literal["personnummer", "samordningsnummer"]

_WRITTEN = re.compile(r"([0-9]{8})-?([0-9]{4})")


class PersonIdInvalid(Exception):
    """The text is no number that the hub accepts. Never holds the number."""

    def __init__(self) -> None:
        super().__init__("not a personnummer or samordningsnummer in twelve digits")


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """A number whose date and check digit hold. `canonical` stays out of the repr, so that no log line carries it."""

    canonical: str = field(repr=False)
    born_on: date = field(repr=False)
    kind: Kind

    def age_on(self, day: date) -> int:
        """Whole years; somebody born on 29 February turns a year older on 1 March in other years."""
        before_birthday = (day.month, day.day) < (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - before_birthday


def parse(text: str, *, allow_test: bool, today: date) -> PersonalNumber:
    """Twelve digits, with or without a hyphen before the last four. Raises `PersonIdInvalid`.

    `allow_test` admits the numbers of Skatteverket's public test series (`is_test`).
    """
    found = _read(text)
    if found is None or found.born_on > today:
        raise PersonIdInvalid
    if not allow_test and is_test(found):
        raise PersonIdInvalid
    return found


def is_test(number: PersonalNumber) -> bool:
    """True for Skatteverket's test numbers: last four digits 2380-2399, or 9800-9899 for a birth year before 1900.

    Skatteverket publishes the numbers one by one (open data: "Testpersonnummer", "Testsamordningsnummer"). The bounds
    are our reading of them, for the older numbers of a single one (189001019802): a real number inside them would
    be refused outside tests, and would be seen at once.
    """
    last_four = int(number.canonical[8:])
    return 2380 <= last_four <= 2399 or (number.born_on.year < 1900 and 9800 <= last_four <= 9899)


def _read(text: str) -> PersonalNumber | None:
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    day_part, last_four = written.groups()
    kind: Kind = "personnummer"
    birth = day_part
    if int(day_part[6:]) > 60:
        kind, birth = "samordningsnummer", f"{day_part[:6]}{int(day_part[6:]) - 60:02d}"
    try:
        # The library's personnummer.validate() knows no samordningsnummer: it takes 61 for a day of the month.
        luhn.validate(day_part[2:] + last_four)
        return PersonalNumber(day_part + last_four, date.fromisoformat(birth), kind)
    except (exceptions.ValidationError, ValueError):
        return None
