"""What a new event, message type or code list needs beside itself: words that people read, in the catalogues."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import hub
from hub.audit.entry import AuditAction
from hub.reference import names
from hub.web import texts
from hub.web.team import schema
from routing import rulebook
from routing.refusals import RefusalCode
from schemas import fault_details
from schemas import registry as registries
from tests.architecture import project

SWEDISH, ENGLISH = texts.read("sv"), texts.read("en")


def test_the_hub_has_one_name_in_swedish() -> None:
    """Navet: what messages are published under names it so, and a published version does not change."""
    other = re.compile(r"\bhubb|\bhub[:-]?(en|ens|ar|arna)\b", re.IGNORECASE)
    endings = {".py", ".toml", ".json", ".html", ".js", ".md"}
    read = [
        path
        for place in (*project.PACKAGES, "docs", "README.md", "CHANGELOG.md")
        for path in ([project.ROOT / place] if "." in place else sorted((project.ROOT / place).rglob("*")))
        if path.suffix in endings and path.is_file()
    ]
    assert len(read) > 300
    found = {str(path.relative_to(project.ROOT)): other.findall(path.read_text("utf-8")) for path in read}
    assert {path for path, words in found.items() if words} == set()
    assert other.search("hubbens databas")
    assert sum("navet" in text for text in SWEDISH.values()) > 20


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


# What is looked at of a unit's connection, and how it can come out (hub/control/connections.py); `_todo` where
# something has to be done.
CHECKS = {
    "unit": ("ok", "fault"),
    "keys": ("ok", "fault", "none"),
    "certificates": ("ok", "fault", "none"),
    "webhook": ("ok", "fault", "none"),
    "inbox": ("ok", "fault"),
}
ADVISED = {check: tuple(f"{state}_todo" for state in states if state != "ok") for check, states in CHECKS.items()}
ADVISED["webhook"] = ("fault_todo",)


def test_whatever_the_rules_name_in_swedish_has_an_english_name_and_nothing_else_has() -> None:
    """One home for each language: the rules in Swedish, the catalogue `rules.en.toml` in English."""
    book = rulebook.load()
    written = tomllib.loads((rulebook.FOLDER / "deadlines.toml").read_text("utf-8"))  # also those that are switched off
    sentences = {*fault_details._SENTENCES, *fault_details._LIMITS, "enum", "const", "type", "format"}
    wanted = {
        "categories": set(book.categories),
        "bases": set(book.bases),
        "purposes": set(names.PURPOSES),
        "kinds": set(names.KINDS),
        "states": {*names.CASE_STATES, *names.FINSAM_STATES},
        "deadlines": {*(row["id"] for row in written["deadline"]), book.deadlines.unread.id},
        "warnings.title": set(book.warnings),
        "refusals.title": {code.value for code in book.refusals},
        "refusals.advice": {code.value for code in book.refusals},
        "faults": sentences,
        "checks": {
            f"{check}.{state}" for check, states in CHECKS.items() for state in (*states, *ADVISED.get(check, ()))
        },
    }
    keys = {f"rules.{part}.{code}" for part, codes in wanted.items() for code in codes}
    assert {key for key in ENGLISH if key.startswith("rules.")} == keys
    assert not any(key.startswith("rules.") for key in SWEDISH)


def test_every_title_and_description_of_a_message_is_there_in_english() -> None:
    registry = registries.packaged()
    bare = {
        f"{entry.name} {entry.version}: {name}"
        for entry in registry.list_types()
        for name in titles_without_english(registry.get_type(entry.name).document)
    }
    assert bare == set()


def titles_without_english(node: object) -> set[str]:
    """Titles and descriptions, at any depth, that stand without an English one beside them."""
    if isinstance(node, list):
        return {name for part in node for name in titles_without_english(part)}
    if not isinstance(node, dict):
        return set()
    english = node.get("x-en", {})
    own = {
        str(node[name]) for name in ("title", "description") if isinstance(node.get(name), str) and name not in english
    }
    parts = [part for key, part in node.items() if key not in ("x-en", "examples")]
    return own | {name for part in parts for name in titles_without_english(part)}


def test_every_look_that_the_log_tells_of_has_words() -> None:
    """A page asks for a reason by the name of the look, and a call records it under one."""
    named = re.compile(r"(?:needs_reason\(|record_look\(\s*request,\s*)\"([a-z_]+)\"")
    looks = {
        name for path in Path(hub.__file__).parent.rglob("*.py") for name in named.findall(path.read_text("utf-8"))
    }
    assert len(looks) > 8
    assert {look for look in looks if f"control.told_words.{look}" not in SWEDISH} == set()
