"""A message's content as rows of title and value, in the order of its schema: only what is there is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.web import times
from hub.web.naming import Naming
from hub.web.team import schema
from hub.web.team.schema import Node

_HIDDEN = frozenset({"plan_id", "item_id", "consent_id", "case_id", "request_id"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """One field. Either `text`, or the rows of its parts; a list has one `Row` without title per item."""

    title: str
    text: str = ""
    rows: tuple[Row, ...] = ()
    is_list: bool = False


def show(document: Node, node: Node, value: Any, naming: Naming) -> tuple[Row, ...]:
    """The rows of an object."""
    node = schema.resolve(document, node)
    found = []
    for name, part in node.get("properties", {}).items():
        if isinstance(value, Mapping) and name in value and name not in _HIDDEN:
            found.append(_row(document, part, value[name], naming))
    return tuple(found)


def _row(document: Node, node: Node, value: Any, naming: Naming) -> Row:
    node = schema.resolve(document, node)
    title = schema.title(node, naming.words.language)
    if isinstance(value, list):
        items = schema.resolve(document, node.get("items", {}))
        if "properties" in items:
            rows = tuple(Row("", rows=show(document, items, item, naming)) for item in value)
            return Row(title, rows=rows, is_list=True)
        told = ", ".join(_text(items, item, naming) for item in value)
        return Row(title, told[:1].upper() + told[1:])
    if isinstance(value, Mapping):
        return Row(title, rows=show(document, node, value, naming))
    return Row(title, naming.label(value) if "enum" in node else _text(node, value, naming))


def _text(node: Node, value: Any, naming: Naming) -> str:
    if node.get("x-free-text"):
        return str(value)
    return naming.code(value) if "enum" in node else say(value, naming)


def say(value: Any, naming: Naming) -> str:
    """A value in words: yes and no, days, times, units, codes."""
    if isinstance(value, bool):
        return naming.words("team.yes" if value else "team.no")
    if not isinstance(value, str):
        return str(value)
    if naming.hub.directory.find_unit(value):
        return naming.unit(value)
    if _DATE.fullmatch(value):
        return times.day_in_words(date.fromisoformat(value), naming.words)
    if len(value) > 15 and value[10:11] == "T":
        try:
            return times.exact(datetime.fromisoformat(value), naming.words)
        except ValueError:
            return value
    return naming.code(value) if re.fullmatch(r"[A-Z]{2}|[a-z][a-z0-9_]*", value) else value
