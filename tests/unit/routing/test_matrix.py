"""The rules as a table, and what another rulebook would let through."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from routing import matrix, rulebook
from tests.support import events, judging


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(rulebook.FOLDER, tmp_path / "rules")


def change(folder: Path, file: str, this: str, that: str) -> rulebook.Rulebook:
    text = (folder / file).read_text("utf-8")
    assert this in text
    (folder / file).write_text(text.replace(this, that, 1), "utf-8")
    return rulebook.load(folder)


def fields(type_name: str, recipient: str, basis: str) -> set[str]:
    every = matrix.list_arrivals(judging.rules(), events.catalogue(), type_name)
    (found,) = [each for each in every if (each.way.recipient, each.way.basis) == (recipient, basis)]
    return set(found.fields)


def test_a_statutory_list_arrives_at_a_stadsdel_only() -> None:
    ways = [each.way for each in matrix.list_arrivals(judging.rules(), events.catalogue(), "af.status-notified")]
    assert {(way.sender, way.recipient, way.basis) for way in ways} == {("af", "sd", "SOL_15_11")}


def test_the_ceiling_and_the_basis_both_take_fields_away() -> None:
    assert "/person/personal_number" not in fields("provider.order-placed", "pv", "CONSENT")
    by_statute = next(
        set(each.fields)
        for each in matrix.list_arrivals(judging.rules(), events.catalogue(), "case.transferred")
        if each.way.basis == "SOL_15_8"
    )
    assert not [pointer for pointer in by_statute if pointer.startswith("/content/open_items")]


def test_the_same_rules_differ_in_nothing(folder: Path) -> None:
    same = rulebook.load(folder)
    assert list(matrix.compare(judging.rules(), same, events.catalogue())) == []
    assert list(matrix.compare_steps(judging.rules(), same)) == []


def test_a_sender_more_opens_ways(folder: Path) -> None:
    wider = change(folder, "types.toml", 'senders = ["sd"]\nrefused', 'senders = ["sd", "af"]\nrefused')
    found = list(matrix.compare(judging.rules(), wider, events.catalogue()))
    assert {(each.change, each.way.type, each.way.sender) for each in found} == {("opened", "referral.submitted", "af")}
    back = list(matrix.compare(wider, judging.rules(), events.catalogue()))
    assert {each.change for each in back} == {"closed"}


def test_a_ceiling_that_opens_shows_the_fields_that_would_arrive(folder: Path) -> None:
    wider = change(folder, "categories.toml", 'BE = { when = "yes", only = ["flag"] }', 'BE = "no"')
    found = list(matrix.compare(judging.rules(), wider, events.catalogue()))
    referral = next(each for each in found if each.way.type == "referral.submitted")
    assert (referral.change, referral.more, referral.fewer) == ("changed", (), ("/content/receives_support",))


@pytest.mark.parametrize(
    ("file", "this", "that", "line"),
    [
        ("settings.toml", "minimum_age = 16", "minimum_age = 18", "setting minimum_age: 16 -> 18"),
        (
            "types.toml",
            'checks = ["minimum_age", "no_open_case"]',
            'checks = ["minimum_age"]',
            "type referral.submitted: checks",
        ),
        ("lifecycle.toml", 'effects = ["attempt_counted"]', "effects = []", "transition t4"),
    ],
)
def test_what_else_decides_is_told_line_by_line(folder: Path, file: str, this: str, that: str, line: str) -> None:
    assert line in list(matrix.compare_steps(judging.rules(), change(folder, file, this, that)))
