"""Reading JSON without mercy: what two readers could understand differently is refused (RFC 8259, RFC 7493).

Every parser tried keeps the last of two equal keys in silence, so a consent flag given twice would mean one
thing to the sender's program and another to ours. Strings come out in Unicode form NFC: a decomposed "Å"
equals a composed one.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Literal

Reason = Literal["syntax", "encoding", "duplicate_key", "not_a_number", "too_deep", "lone_surrogate", "too_many_marks"]

MAX_DEPTH = 64
# RFC 7493 2.2: beyond this, readers that keep numbers as doubles see another number.
MAX_INTEGER = 2**53 - 1
# UAX 15 (stream-safe text) allows 30. Python sorts a row of marks in quadratic time (CPython gh-149079).
MAX_MARKS = 30


class NotJson(Exception):
    """The bytes are not the JSON that the hub accepts. Never holds text of the input."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def loads(raw: bytes) -> Any:
    """The value of a JSON document. Raises `NotJson`; nesting deeper than 64 is refused."""
    found = _read(raw)
    # Raised here, outside every except clause: the parser's own error carries the document with it.
    if isinstance(found, _Fault):
        raise NotJson(found.reason)
    return found.value


class _Fault(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class _Read:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _read(raw: bytes) -> _Read | _Fault:
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            return _Fault("encoding")
        value = _DECODER.decode(text)
        # Fewer brackets than the limit cannot nest deeper than it: nothing to walk.
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(value)
        # Delimiters compose with no mark, so text in NFC without escapes holds strings in NFC. What is not in NFC
        # is composed string by string: in the text a mark after "\n" would make another letter of the n.
        plain = "\\u" not in text and (_is_latin(text) or unicodedata.is_normalized("NFC", text))
        return _Read(value if plain else _compose(value))
    except _Fault as fault:
        return _Fault(fault.reason)
    except UnicodeDecodeError:
        return _Fault("encoding")
    except RecursionError:
        return _Fault("too_deep")
    except ValueError:
        return _Fault("syntax")


def _is_latin(text: str) -> bool:
    """Whether Latin-1 has every character: such text is in NFC, and asking so costs a fiftieth."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Fault("duplicate_key")
    return found


def _read_integer(digits: str) -> int:
    # The length first: turning very long digits into a number costs quadratic time.
    if len(digits) > 17 or abs(value := int(digits)) > MAX_INTEGER:
        raise _Fault("not_a_number")
    return value


def _read_float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _Fault("not_a_number")
    return value


def _refuse_constant(_name: str) -> Any:
    raise _Fault("not_a_number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_int=_read_integer,
    parse_float=_read_float,
    parse_constant=_refuse_constant,
)


def _check_depth(value: Any) -> None:
    level = [value]
    depth = 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        if depth > MAX_DEPTH:
            raise _Fault("too_deep")
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]


def _compose(value: Any) -> Any:
    """The value with every string in form NFC."""
    match value:
        case str():
            return _compose_text(value)
        case list():
            return [_compose(item) for item in value]
        case dict():
            return _read_object([(_compose_text(name), _compose(item)) for name, item in value.items()])
        case _:
            return value


def _compose_text(text: str) -> str:
    if text.isascii() or _is_latin(text):  # what senders escape is a letter here and there
        return text
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _Fault("lone_surrogate")
    if unicodedata.is_normalized("NFC", text):
        return text
    _check_marks(text)
    return unicodedata.normalize("NFC", text)


def _check_marks(text: str) -> None:
    row = 0
    for char in text:
        # By category: a few marks of combining class 0 come apart into marks that are sorted.
        row = row + 1 if unicodedata.category(char).startswith("M") else 0
        if row > MAX_MARKS:
            raise _Fault("too_many_marks")
