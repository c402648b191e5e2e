"""The last guard before a log line leaves: nothing that looks like a personal number, nothing that steers a
terminal.

A guard for slips, not a licence: code that knows a person never hands the person's data to a logger. It
cannot see names or a number in words, and it does take some innocent ten-digit numbers for personal ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

NUMBER: Final = "[number]"
_DEEPEST: Final = 8
_HARMLESS: Final = frozenset({type(None), bool, float})
_SEPARATOR: Final = r"(?:[\s\-+./_\u2010-\u2015\u2212]|%2[0BDbd])?"
# Year (two or four digits), month, day (from 61 for a samordningsnummer), four digits. No check digit is
# asked for: a number that was mistyped is still somebody's.
_PERSONAL_NUMBER: Final = (
    rf"(?<![0-9])(?:1[89]|20)?[0-9]{{2}}{_SEPARATOR}(?:0[1-9]|1[0-2]){_SEPARATOR}"
    rf"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01]){_SEPARATOR}[0-9]{{4}}(?![0-9])"
)
# Ids and digests are full of digits by chance and are what an operator searches for; they stay whole.
_IDENTIFIER: Final = (
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16})(?![0-9A-Za-z])"
)
_KEPT_OR_NUMBER: Final = re.compile(rf"({_IDENTIFIER})|{_PERSONAL_NUMBER}", re.ASCII)
_TEN_DIGITS_LONG: Final = 10**9
_TEN_DIGITS: Final = re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){9}")


def clean_text(text: str) -> str:
    """The text without personal numbers, and with every character that is not printable written as its
    code."""
    if _TEN_DIGITS.search(text) is not None:
        text = _KEPT_OR_NUMBER.sub(lambda match: match[1] or NUMBER, text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _code_of(char) for char in text)


def clean(value: object, depth: int = 0) -> Any:
    """The value as plain JSON data with every text cleaned. An object of an unknown class becomes its class's
    name, since nobody knows what its text form would tell."""
    # The common cases first: a line is written for every request.
    if type(value) is str:
        return clean_text(value)
    if type(value) in _HARMLESS or (type(value) is int and -_TEN_DIGITS_LONG < value < _TEN_DIGITS_LONG):
        return value
    match value:
        case Enum():
            return clean(value.value, depth)
        case int():
            return value if clean_text(str(value)) == str(value) and abs(value) < 2**63 else NUMBER
        case str():
            return clean_text(value)
        case datetime() | date():
            return value.isoformat()
        case UUID() | PurePath():
            return clean_text(str(value))
        case Mapping() | list() | tuple() | Set() if depth < _DEEPEST:
            return _clean_items(value, depth + 1)
        case _:
            return f"<{type(value).__name__}>"


def _clean_items(value: object, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean(item, depth) for key, item in value.items()}
    assert isinstance(value, list | tuple | Set)
    return [clean(item, depth) for item in value]


def _code_of(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
