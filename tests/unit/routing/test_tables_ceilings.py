"""Every cell of the agreed table of categories and kinds, asked of the rulebook for every purpose."""

from __future__ import annotations

import tomllib

import pytest

from routing import vocabulary
from tests.support import judging, tables

REGISTRY_PURPOSE = "consent_administration"


def cells() -> list[tuple[str, str, str]]:
    table = tomllib.loads((tables.FOLDER / "ceilings.toml").read_text(encoding="utf-8"))["table"]
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [(row[0], kind, cell) for row in rows for kind, cell in zip(head[1:], row[1:], strict=True)]


def is_open(cell: str, purpose: str, *, own: bool) -> bool:
    letters = cell.partition(":")[0]
    return (
        "Y" in letters
        or ("F" in letters and purpose == "finsam_joint_planning")
        or ("o" in letters and own)
        or ("C" in letters and purpose == REGISTRY_PURPOSE)
    )


def parts(cell: str, purpose: str) -> frozenset[str] | None:
    letters, _, named = cell.partition(":")
    if not named or ("C" in letters and purpose == REGISTRY_PURPOSE):
        return None
    return frozenset(named.split("+"))


@pytest.mark.parametrize("own", [False, True], ids=["", "own"])
@pytest.mark.parametrize(("category", "kind", "cell"), cells())
def test_a_category_reaches_a_kind_as_far_as_agreed(category: str, kind: str, cell: str, own: bool) -> None:
    for purpose in sorted(vocabulary.PURPOSES):
        allowed = judging.rules().allowed(kind, purpose, own=own)
        assert (category in allowed) == is_open(cell, purpose, own=own), purpose
        if category in allowed:
            assert allowed[category] == parts(cell, purpose), purpose


def test_the_table_has_every_category_and_every_kind_once() -> None:
    found = [(category, kind) for category, kind, _ in cells()]
    codes = set(judging.rules().categories) - {vocabulary.MESSAGE_DATA}
    assert sorted(found) == sorted((code, kind) for code in codes for kind in vocabulary.KINDS)


@pytest.mark.parametrize("kind", sorted(vocabulary.KINDS))
def test_facts_about_the_message_itself_are_open_to_everybody(kind: str) -> None:
    for purpose in vocabulary.PURPOSES:
        assert judging.rules().allowed(kind, purpose)[vocabulary.MESSAGE_DATA] is None
