"""Invented persons for load: numbers in the range that Skatteverket keeps for tests (birth numbers 238 and 239)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

FIRST, LAST = date(1940, 1, 1), date(2006, 12, 31)
BIRTH_NUMBERS = ("238", "239")


def list_numbers() -> Iterator[str]:
    """Some 48,000 numbers of 12 digits with right check digits, each once."""
    for birth_number in BIRTH_NUMBERS:
        day = FIRST
        while day <= LAST:
            digits = f"{day:%Y%m%d}{birth_number}"
            yield digits + check_digit(digits[2:])
            day += timedelta(days=1)


def check_digit(nine: str) -> str:
    """The Luhn digit of the nine that a personal number ends with before it."""
    total = 0
    for index, char in enumerate(nine):
        product = int(char) * (2 - index % 2)
        total += product // 10 + product % 10
    return str(-total % 10)
