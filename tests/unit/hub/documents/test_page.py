"""The frame of every document: no letter is lost, nothing runs off the page, the same input gives the same bytes."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import pytest

from hub.documents import page
from hub.documents.page import MISSING, Page
from tests.support import pdf_text

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAMES = ["Åsa Öberg-Ärlig", "Łukasz Żółć", "Nguyễn Thị Hồng Đặng", "Ștefan Țepeș", "Þórr", "Šárka Čapková", "Ğülşen"]


def document() -> Page:
    return Page("Registerutdrag", made_at=AT, footer="Samverkansnavet")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_name_is_shown_whole(name: str, form: str) -> None:
    made = document()
    made.paragraph(unicodedata.normalize(form, name))
    assert name in pdf_text.read(made.finish()).replace("\n", "")


def test_a_letter_that_the_font_lacks_is_seen_to_be_missing() -> None:
    made = document()
    made.fields([("Namn", "王 Wang")])
    assert f"{MISSING} Wang" in pdf_text.read(made.finish())


def test_what_steers_is_not_drawn() -> None:
    assert page.fit("a\x1b[31m\x85b\nc") == f"a{MISSING}[31m{MISSING}b\nc"


def test_a_table_repeats_its_titles_on_every_page_and_loses_no_row() -> None:
    made = document()
    made.rows(["nummer", "text"], [[f"rad-{number}", "ord " * (number % 40)] for number in range(200)], [1, 3])
    text = pdf_text.read(made.finish())
    assert text.split("\n").count("nummer") == made.page_no() > 3
    assert [f"rad-{number}" for number in range(200)] == re.findall(r"rad-\d+", text)


def test_a_word_longer_than_its_column_is_broken() -> None:
    made = document()
    made.rows(["a", "b"], [["x" * 300, "y"]], [1, 9])
    lines = [line for line in pdf_text.read(made.finish()).split("\n") if set(line) == {"x"}]
    assert sum(map(len, lines)) == 300
    assert len(lines) > 10


def test_pages_are_numbered_and_say_what_they_are() -> None:
    made = document()
    made.paragraph("rad\n" * 120)
    text = pdf_text.read(made.finish())
    assert [f"sida {number}" in text for number in (1, 2, 3)] == [True] * 3
    assert text.count("Samverkansnavet") == made.page_no()


def test_the_same_words_at_the_same_time_make_the_same_bytes() -> None:
    one, other = document(), document()
    for made in (one, other):
        made.heading("Uppgifter")
        made.tick("Ja", ticked=True)
        made.signatures("Namnteckning", "Handläggare")
    assert one.finish() == other.finish()
