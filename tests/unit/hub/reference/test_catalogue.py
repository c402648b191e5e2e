"""The catalogue: what each kind of recipient sees, nothing left unsaid, and words from the rule files."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub.reference import catalogue, fields, markdown, names, rule_comments
from hub.reference.fields import Presence, Sight
from routing import rulebook as rulebooks
from routing.rulebook import Rulebook
from schemas import registry

RULES = rulebooks.load()


def sight(name: str, kind: str, pointer: str, rules: Rulebook = RULES, version: str | None = "1.0") -> set[Sight]:
    """What the page says that a kind sees of a field, on any route."""
    message_type = registry.packaged().get_type(name, version)
    shown = fields.list_fields(message_type)
    index = [field.pointer for field in shown].index(pointer)
    columns = fields.list_columns(rules, message_type, shown)
    return {column.sights[index] for column in columns if kind in dict(column.readers)}


@pytest.mark.parametrize(
    ("name", "kind", "pointer", "seen"),
    [
        ("enrolment.confirmed", "sd", "/content/enrolled_on", Sight.WHOLE),
        ("enrolment.confirmed", "af", "/content/af_registration", Sight.WHOLE),
        ("enrolment.confirmed", "af", "/content/enrolled_on", Sight.NOTHING),  # no part of what the route lets it see
        ("finsam.joint-plan-recorded", "sd", "/content/items/*/what", Sight.WHOLE),
        ("finsam.joint-plan-recorded", "fk", "/content/items/*/what", Sight.PART),  # elements about misuse never
        ("plan.proposed", "sd", "/handling/purpose", Sight.WHOLE),
        ("plan.proposed", "sd", "/handling/to/*/unit", Sight.NOTHING),
    ],
)
def test_shows_what_a_kind_of_recipient_can_see(name: str, kind: str, pointer: str, seen: Sight) -> None:
    assert sight(name, kind, pointer) == {seen}


@pytest.mark.parametrize(("own", "seen"), [(None, Sight.NOTHING), ("ordered", Sight.PART), ("always", Sight.WHOLE)])
def test_what_only_own_activity_opens_is_seen_in_part_unless_it_always_is(own: str | None, seen: Sight) -> None:
    assert sight("plan.proposed", "pv", "/content/goal", _toward_a_provider(own)) == {seen}


def _toward_a_provider(own: str | None) -> Rulebook:
    rule = RULES.types["plan.proposed"]
    row = replace(rule.routes[0].rows[0], kinds=("pv",), own=own)
    route = replace(rule.routes[0], rows=(row,), purpose="provider_activity")
    return replace(RULES, types={**RULES.types, rule.name: replace(rule, routes=(route,))})


@pytest.mark.parametrize(
    ("pointer", "presence"),
    [
        ("/content/goal", Presence.ALWAYS),
        ("/content/person_signed/date", Presence.ALWAYS),
        ("/content/activities/*/title", Presence.ALWAYS),  # at least one activity is there
        ("/content/activities/*/funded_by", Presence.OPTIONAL),
        ("/content/period/from", Presence.INSIDE),
        ("/content/deviations/*/kind", Presence.INSIDE),
        ("/person/given_name", Presence.INSIDE),
        ("/handling/basis/*/code", Presence.INSIDE),  # the list is there, and may be empty
    ],
)
def test_says_whether_a_field_has_to_be_there(pointer: str, presence: Presence) -> None:
    found = fields.list_fields(registry.packaged().get_type("plan.proposed", "1.0"))
    assert {field.presence for field in found if field.pointer == pointer} == {presence}


def test_a_condition_that_no_sentence_is_written_for_is_shown_bare() -> None:
    @dataclass(frozen=True)
    class Rule:
        name: str
        moon: str | None = None
        tides: frozenset[str] = frozenset()

    assert names.untold(Rule("a"), {"name"}) == []
    assert names.untold(Rule("a", "full", frozenset({"low", "ebb"})), {"name"}) == [
        "`moon`: `full`",
        "`tides`: `ebb`, `low`",
    ]


def test_a_new_type_in_a_file_of_its_own_gets_its_place(tmp_path: Path) -> None:
    for path in rulebooks.FOLDER.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "types-pilot.toml").write_text('[[type]]\nname = "pilot.noted"\n', encoding="utf-8")
    groups = rule_comments.read_groups(tmp_path)
    assert ("Pilot", ("pilot.noted",)) in [(group.title, group.types) for group in groups]


def test_the_rule_files_own_words_are_taken_over_with_their_continuation(tmp_path: Path) -> None:
    (tmp_path / "types.toml").write_text(
        "#   checks      named checks:\n"
        "#               one_check      the first line\n"
        "#                              and the second\n"
        "#               other_check    another\n"
        "#\n"
        "# One [[type]] per type  of message.\n",
        encoding="utf-8",
    )
    words = rule_comments.read_words(tmp_path, "types*.toml")
    assert words["one_check"] == "the first line and the second"
    assert words["other_check"] == "another"


def test_a_cell_cannot_break_its_table() -> None:
    assert markdown.table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |"


def test_the_same_sources_give_the_same_page() -> None:
    assert catalogue.render(catalogue.packaged()) == catalogue.render(catalogue.packaged())
