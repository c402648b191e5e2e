"""What a new event, message type or code list needs beside itself: words that people read, in the catalogues."""

from __future__ import annotations

import re
from pathlib import Path

import hub
from hub.audit.entry import AuditAction
from hub.reference import names
from hub.web import texts
from hub.web.team import schema
from routing import rulebook
from routing.refusals import RefusalCode
from schemas import registry as registries

SWEDISH = texts.read("sv")


def test_everything_that_happens_has_words() -> None:
    assert {f"control.actions.{action.value}" for action in AuditAction} - SWEDISH.keys() == set()


def codes_of(document: schema.Node, node: schema.Node) -> set[str]:
    """Every value of a code list in a part of a schema."""
    node = schema.resolve(document, node)
    parts = [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    own = {value for value in node.get("enum", ()) if isinstance(value, str)}
    return own.union(*(codes_of(document, part) for part in parts))


def test_every_code_that_a_message_can_hold_has_words() -> None:
    registry, book = registries.packaged(), rulebook.load()
    named = {*book.categories, *RefusalCode.__members__, *names.KINDS, *names.PURPOSES}
    for entry in registry.list_types():
        document = registry.get_type(entry.name).document
        codes = codes_of(document, document["properties"]["content"])
        assert {code for code in codes - named if f"codes.{code}" not in SWEDISH} == set(), entry.name


def test_every_look_that_the_log_tells_of_has_words() -> None:
    """A page asks for a reason by the name of the look, and a call records it under one."""
    named = re.compile(r"(?:needs_reason\(|record_look\(\s*request,\s*)\"([a-z_]+)\"")
    looks = {
        name for path in Path(hub.__file__).parent.rglob("*.py") for name in named.findall(path.read_text("utf-8"))
    }
    assert len(looks) > 8
    assert {look for look in looks if f"control.told_words.{look}" not in SWEDISH} == set()
