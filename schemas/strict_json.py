"""Reading JSON without mercy: what two readers could understand differently is refused (RFC 8259, RFC 7493).

Every parser tried keeps the last of two equal keys in silence, so a consent flag given twice would mean one
thing to the sender's program and another to ours. Strings come out in Unicode form NFC: a decomposed "Å"
equals a composed one.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Literal

Reason = Literal["syntax", "encoding", "duplicate_key", "not_a_number", "too_deep", "lone_surrogate"]

MAX_DEPTH = 64
# RFC 7493 2.2: beyond this, readers that keep numbers as doubles see another number.
MAX_INTEGER = 2**53 - 1


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
        # No delimiter of JSON composes with a following mark, so the whole text may be normalised at once.
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
        value = _DECODER.decode(text)
        # Fewer brackets than the limit cannot nest deeper than it: nothing to walk.
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(value)
        return _Read(_unescape(value) if "\\u" in text else value)
    except _Fault as fault:
        return _Fault(fault.reason)
    except UnicodeDecodeError:
        return _Fault("encoding")
    except RecursionError:
        return _Fault("too_deep")
    except ValueError:
        return _Fault("syntax")


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


def _unescape(value: Any) -> Any:
    """Does for strings written with escapes what the text as a whole could not show."""
    match value:
        case str():
            return _unescape_text(value)
        case list():
            return [_unescape(item) for item in value]
        case dict():
            return _read_object([(_unescape_text(name), _unescape(item)) for name, item in value.items()])
        case _:
            return value


def _unescape_text(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _Fault("lone_surrogate")
    return unicodedata.normalize("NFC", text)
