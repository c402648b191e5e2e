"""A validator's error as a fault that may be shown: where, which keyword, and a sentence made of our own words.

The validator's own message repeats the value it stumbled on. Nothing of that is used here: a sentence is
built of the keyword and of what the schema says. An unknown property's name came from outside too, so the
fault points at its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema_rs

_LONGEST_LIST = 40


def pointer_of(path: Sequence[str | int]) -> str:
    """An RFC 6901 pointer. Names of the catalogue hold neither "~" nor "/"; the envelope has none of its own."""
    return "".join(f"/{step}" for step in path)


def describe(error: jsonschema_rs.ValidationError) -> tuple[str, str, str]:
    """Pointer, keyword and detail (Swedish) of one error. A missing property is pointed at where it should stand."""
    keyword = _KEYWORDS.get(error.kind.name, error.kind.name)
    path = list(error.instance_path)
    if keyword == "required":
        path.append(error.kind.value)
    return pointer_of(path), keyword, _detail(keyword, error.kind)


_KEYWORDS = {
    "falseSchema": "false",
    "oneOfMultipleValid": "oneOf",
    "oneOfNotValid": "oneOf",
    "constant": "const",
}

_SENTENCES = {
    "required": "Uppgiften saknas.",
    "additionalProperties": "Här finns en uppgift som inte hör hit.",
    "false": "Uppgiften får inte finnas här.",
    "pattern": "Texten har inte rätt form.",
    "oneOf": "Precis ett av alternativen ska anges.",
    "anyOf": "Inget av alternativen är uppfyllt.",
    "not": "Uppgiften får inte se ut så.",
    "uniqueItems": "Samma rad står flera gånger.",
    "contains": "En rad som krävs saknas i listan.",
    "dependentRequired": "Uppgiften saknas.",
}

_LIMITS = {
    "minLength": "Texten ska ha minst {} tecken.",
    "maxLength": "Texten får ha högst {} tecken.",
    "minItems": "Listan ska ha minst {} rader.",
    "maxItems": "Listan får ha högst {} rader.",
    "minimum": "Talet ska vara minst {}.",
    "maximum": "Talet får vara högst {}.",
    "exclusiveMinimum": "Talet ska vara större än {}.",
    "exclusiveMaximum": "Talet ska vara mindre än {}.",
    "minProperties": "Minst {} uppgifter ska anges.",
    "maxProperties": "Högst {} uppgifter får anges.",
}

_FORMATS = {
    "date": "Ska vara ett datum som finns, ÅÅÅÅ-MM-DD.",
    "date-time": "Ska vara en tidpunkt med tidszon, ÅÅÅÅ-MM-DDTTT:MM:SS+01:00.",
    "uuid": "Ska vara ett UUID.",
}

_TYPES = {
    "string": "en text",
    "integer": "ett heltal",
    "number": "ett tal",
    "boolean": "true eller false",
    "array": "en lista",
    "object": "ett objekt",
    "null": "null",
}


def _detail(keyword: str, kind: jsonschema_rs.ValidationErrorKind) -> str:
    value: Any = kind.value
    if keyword in _LIMITS:
        return _LIMITS[keyword].format(value)
    match keyword:
        case "enum":
            return f"Ska vara någon av koderna {', '.join(map(_code, value[:_LONGEST_LIST]))}."
        case "const":
            return f"Ska vara {_code(value)}."
        case "type":
            return f"Ska vara {' eller '.join(_TYPES.get(name, name) for name in value)}."
        case "format":
            return _FORMATS.get(value, "Texten har inte rätt form.")
        case _:
            return _SENTENCES.get(keyword, "Uppgiften stämmer inte med schemat.")


def _code(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
