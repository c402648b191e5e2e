"""The table of security requirements names tests that exist, and every row has a test or says why it has none."""

from __future__ import annotations

import re

from tests.architecture import project

PAGE = project.ROOT / "docs" / "reference" / "asvs.md"
ROW = re.compile(r"^\| ([0-9][^|]*) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
WITHOUT = ("*Reason:*", "*Not met:*")


def rows() -> list[tuple[str, str]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_every_row_has_a_test_or_a_reason() -> None:
    assert len(rows()) > 80
    assert [number for number, last in rows() if not re.search(r"`tests/", last) and not last.startswith(WITHOUT)] == []


def test_every_test_that_is_named_exists() -> None:
    named = {path for _, last in rows() for path in re.findall(r"`(tests/[^`:]+)", last)}
    assert len(named) > 30
    assert [path for path in sorted(named) if not (project.ROOT / path).is_file()] == []


def test_no_requirement_stands_twice() -> None:
    numbers = [number for cell, _ in rows() for number in re.findall(r"[0-9]+\.[0-9]+\.[0-9]+", cell)]
    assert len(numbers) == len(set(numbers))


def test_every_chapter_that_applies_is_there() -> None:
    chapters = {cell.split(".")[0] for cell, _ in rows()}
    assert chapters == {str(number) for number in range(1, 17)}


def test_the_threat_model_names_tests_that_exist() -> None:
    page = (project.ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[^`]+\.py)`", page))
    assert len(named) > 5
    assert [path for path in sorted(named) if not (project.ROOT / path).is_file()] == []
