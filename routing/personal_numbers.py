"""Personal numbers and coordination numbers in running text, in whatever way they are written.

Two rules. Six digits and four with at most a sign or some spaces between them are always taken for a number: no
check digit is asked for, because a mistyped number is still somebody's. Longer rows of digits and telephone numbers
are taken too. Digits that are spaced out in another way (by spaces, dots, dashes) must be a day of birth and have
the right check digit, or else every second timetable would be one.

Dates, hours and sums that stand one after the other can make such a number by chance, and are left out first. It
follows that a day of birth followed by four digits written as an hour ("1990-01-01 09.15") is read as a day and an
hour. Numbers in words are not recognised.
"""

from __future__ import annotations

import re

LENGTH = 10
_DAY_IN_COORDINATION_NUMBER = 60
_CENTURIES = frozenset({"18", "19", "20"})

_DASHES = r"\-\u2010-\u2015\u2212"
_BETWEEN = rf"\s+._·•{_DASHES}"
_CLOSE = re.compile(rf"[0-9]{{6,}}[\s+/_{_DASHES}]{{0,3}}[0-9]{{4,}}")
_SPACED = re.compile(rf"[0-9](?:[{_BETWEEN}]*[0-9])*")
_DIGIT = re.compile("[0-9]")

_MONTH = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])"
_DAY_OF_MONTH = r"(?:0[1-9]|[12][0-9]|3[01])"
_DATE = rf"{_MONTH}-{_DAY_OF_MONTH}"
_HOUR = r"(?:[01][0-9]|2[0-4])"
_TIME = rf"{_HOUR}[.:][0-5][0-9]"
# Never a single hyphen without spaces: that is how a number is written.
_UNTIL = rf"(?:\s[{_DASHES}]\s|[–—]|--)"
_AFTER_A_DATE = "|".join(
    (
        rf"(?:{_UNTIL}|\s){_DATE}",
        rf"{_UNTIL}[01][0-9]-{_DAY_OF_MONTH}(?![0-9])",
        rf"\s{_TIME}(?![0-9])",
        rf"\s{_HOUR}[{_DASHES}]{_HOUR}(?![0-9])",
        rf"(?![{_BETWEEN}]*[0-9])",
    )
)
_HARMLESS = tuple(
    re.compile(rf"(?<![0-9])(?<![0-9]-){words}")
    for words in (
        r"[0-9]{1,3}\s[0-9]{3}(?=\s?(?:kr|sek|:-))",
        rf"{_TIME}\s?[{_DASHES}]\s?{_TIME}(?![0-9])",
        rf"{_MONTH}{_UNTIL}{_MONTH}(?![0-9])",
        rf"{_DATE}(?={_AFTER_A_DATE})",
    )
)


def find_spans(text: str) -> list[tuple[int, int]]:
    """Where numbers stand in a folded text, in order and without overlap; takes linear time."""
    if len(_DIGIT.findall(text)) < LENGTH:
        return []
    for pattern in _HARMLESS:
        text = pattern.sub(lambda found: "x" * len(found[0]), text)
    spans = [found.span() for found in _CLOSE.finditer(text)]
    for found in _SPACED.finditer(text):
        spans += _find_spaced(text, [at.start() for at in _DIGIT.finditer(text, *found.span())])
    return _merge(spans)


def _find_spaced(text: str, places: list[int]) -> list[tuple[int, int]]:
    digits = "".join(text[at] for at in places)
    found = []
    for first in range(len(digits) - LENGTH + 1):
        if _is_number(digits[first : first + LENGTH]):
            with_century = first - 2 if digits[max(first - 2, 0) : first] in _CENTURIES else first
            found.append((places[with_century], places[first + LENGTH - 1] + 1))
    return found


def _is_number(digits: str) -> bool:
    month, day = int(digits[2:4]), int(digits[4:6])
    if day > _DAY_IN_COORDINATION_NUMBER:
        day -= _DAY_IN_COORDINATION_NUMBER
    return 1 <= month <= 12 and 1 <= day <= 31 and _has_check_digit(digits)


def _has_check_digit(digits: str) -> bool:
    """The check digit of Luhn: every second digit doubled, the sum of all their digits a multiple of ten."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[0::2])
    return (doubled + sum(int(digit) for digit in digits[1::2])) % 10 == 0


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
