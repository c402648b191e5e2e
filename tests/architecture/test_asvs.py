"""The table of security requirements names tests that exist, and every row has a test or says why it has none."""

from __future__ import annotations

import re

from tests.architecture import project

PAGE = project.ROOT / "docs" / "reference" / "asvs.md"
ROW = re.compile(r"^\| ([0-9][^|]*) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
WITHOUT = ("*Reason:*", "*Not met:*")
# The levels of the requirements of each section in their order, as published in ASVS 5.0.0.
LEVELS = {
    "1.1": "22",
    "1.2": "1111122223",
    "1.3": "112222222223",
    "1.4": "222",
    "1.5": "123",
    "2.1": "122",
    "2.2": "112",
    "2.3": "12223",
    "2.4": "23",
    "3.1": "3",
    "3.2": "113",
    "3.3": "12223",
    "3.4": "11222233",
    "3.5": "11122333",
    "3.6": "3",
    "3.7": "22333",
    "4.1": "12233",
    "4.2": "23333",
    "4.3": "22",
    "4.4": "1222",
    "5.1": "2",
    "5.2": "112333",
    "5.3": "113",
    "5.4": "222",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "11223333",
    "6.4": "112233",
    "6.5": "22222333",
    "6.6": "2223",
    "6.7": "33",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "223",
    "7.6": "22",
    "8.1": "1233",
    "8.2": "1123",
    "8.3": "133",
    "8.4": "23",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "223",
    "10.3": "22223",
    "10.4": "1111122222233333",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.1": "2233",
    "11.2": "22233",
    "11.3": "11233",
    "11.4": "1222",
    "11.5": "23",
    "11.6": "23",
    "11.7": "33",
    "12.1": "12233",
    "12.2": "11",
    "12.3": "22223",
    "13.1": "2333",
    "13.2": "222223",
    "13.3": "2233",
    "13.4": "1222233",
    "14.1": "22",
    "14.2": "12223333",
    "14.3": "122",
    "15.1": "12233",
    "15.2": "12233",
    "15.3": "1222222",
    "15.4": "3333",
    "16.1": "2",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "2223",
    "17.1": "23",
    "17.2": "22223333",
    "17.3": "22",
}


def numbers_of(*levels: str) -> set[str]:
    return {
        f"{section}.{number}"
        for section, each in LEVELS.items()
        for number, level in enumerate(each, 1)
        if level in levels
    }


def rows() -> list[tuple[str, str]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_every_row_has_a_test_or_a_reason() -> None:
    assert len(rows()) > 80
    assert [number for number, last in rows() if not re.search(r"`tests/", last) and not last.startswith(WITHOUT)] == []


def test_every_test_that_is_named_exists() -> None:
    named = {path for _, last in rows() for path in re.findall(r"`(tests/[^`:]+)", last)}
    assert len(named) > 30
    assert [path for path in sorted(named) if not (project.ROOT / path).is_file()] == []


def told() -> tuple[set[str], set[str]]:
    """The numbers in the tables, and those that do not apply."""
    page, _, rest = PAGE.read_text(encoding="utf-8").partition("## What does not apply")
    in_tables = {number for cell, _ in ROW.findall(page) for number in re.findall(r"[0-9]+\.[0-9]+\.[0-9]+", cell)}
    return in_tables, set(re.findall(r"[0-9]+\.[0-9]+\.[0-9]+", rest))


def test_every_requirement_of_levels_one_and_two_is_met_told_or_does_not_apply() -> None:
    in_tables, elsewhere = told()
    assert len(numbers_of("1", "2")) == 253
    assert numbers_of("1", "2") - in_tables == elsewhere
    assert in_tables <= numbers_of("1", "2", "3")


def test_what_is_of_level_three_says_so() -> None:
    third = {number for cell, _ in rows() for number in re.findall(r"[0-9]+\.[0-9]+\.[0-9]+", cell) if "(L3)" in cell}
    assert third == told()[0] & numbers_of("3")


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


def test_the_table_of_attacks_is_whole_and_names_tests_that_exist() -> None:
    page = (project.ROOT / "tests" / "security" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (S\d+) \|.*\|([^|]+)\|$", page, re.MULTILINE)
    assert [number for number, _ in listed] == [f"S{number}" for number in range(1, 22)]
    for number, cell in listed:
        named = re.findall(r"`((?:tests|bench)/[^`]+)`", cell)
        assert named, number
        assert [path for path in named if not (project.ROOT / path).is_file()] == [], number
