"""The documents that are written from schemas and rules say what those say, and hang together."""

import importlib.util
import re
from collections.abc import Mapping
from types import ModuleType
from xml.etree import ElementTree

import pytest

from hub.reference import catalogue, layout, names, rule_comments
from routing import rulebook as rulebooks
from routing import vocabulary
from schemas import registry
from tests.architecture import project

FOLDER = project.ROOT / "docs" / "reference"
FILES = ("catalogue.md", "lifecycle.md", "lifecycle.svg")
RULES = rulebooks.load()


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reference", project.ROOT / "scripts" / "write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rendered() -> Mapping[str, str]:
    found: Mapping[str, str] = load_generator().render()
    return found


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def anchors(page: str) -> set[str]:
    return set(re.findall(r'<a id="([^"]+)"></a>', page))


@pytest.mark.parametrize("name", FILES)
def test_the_document_says_what_schemas_and_rules_say(rendered: Mapping[str, str], name: str) -> None:
    assert set(rendered) == set(FILES)
    assert rendered[name] == read(name), "run: .venv/bin/python scripts/write_reference.py"


@pytest.mark.parametrize("name", ["catalogue.md", "lifecycle.md"])
def test_every_link_to_a_place_in_a_page_finds_it(name: str) -> None:
    for page, anchor in re.findall(r"\]\(([a-z.-]*)#([^)]+)\)", read(name)):
        assert anchor in anchors(read(page or name)), f"{page or name}#{anchor}"


def test_no_anchor_stands_twice() -> None:
    for name in ("catalogue.md", "lifecycle.md"):
        found = re.findall(r'<a id="([^"]+)"></a>', read(name))
        assert len(found) == len(set(found))


def test_the_catalogue_has_every_version_of_every_type() -> None:
    there = anchors(read("catalogue.md"))
    assert [
        f"{entry.name} {entry.version}"
        for entry in registry.packaged().list_types()
        if catalogue.type_anchor(entry) not in there
    ] == []


def test_every_type_stands_under_a_heading_of_the_rule_files() -> None:
    grouped = [name for group in rule_comments.read_groups(rulebooks.FOLDER) for name in group.types]
    assert sorted(grouped) == sorted(RULES.types)


def test_the_drawing_is_xml_and_has_every_state_and_transition() -> None:
    texts = {element.text for element in ElementTree.fromstring(read("lifecycle.svg")).iter() if element.text}
    words = {word for text in texts for word in re.split(r"[,\s]+", text)}
    assert set(RULES.lifecycle.transitions) <= words
    assert RULES.lifecycle.states | RULES.lifecycle.finsam_states <= texts


def test_what_stands_in_a_box_fits_into_it() -> None:
    # The widest letters that a browser may take: bold, 14 pixels high.
    longest = int((layout.BOX_WIDTH - 12) / 8.4)
    states = {
        "case": RULES.lifecycle.states,
        "finsam": RULES.lifecycle.finsam_states,
    }
    shown = {
        text for machine, each in states.items() for state in each for text in (state, names.STATES[machine][state])
    }
    assert [text for text in shown if len(text) > longest] == []


def test_every_word_of_the_rules_has_a_name() -> None:
    assert set(names.KINDS) == vocabulary.KINDS
    assert set(names.PURPOSES) == vocabulary.PURPOSES
    assert set(names.CASE_STATES) >= RULES.lifecycle.states
    assert set(names.FINSAM_STATES) >= RULES.lifecycle.finsam_states


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ("types*.toml", {check for rule in RULES.types.values() for check in (*rule.checks, *rule.warns)}),
        ("types*.toml", {to.found for rule in RULES.types.values() for way in rule.routes for to in way.rows}),
        ("lifecycle.toml", {effect for step in RULES.lifecycle.transitions.values() for effect in step.effects}),
        ("bases.toml", {need for basis in RULES.bases.values() for need in basis.needs}),
    ],
)
def test_the_rule_files_explain_every_word_that_they_use(files: str, words: set[str]) -> None:
    assert words - set(rule_comments.read_words(rulebooks.FOLDER, files)) == set()
