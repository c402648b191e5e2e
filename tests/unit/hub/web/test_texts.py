"""The catalogues: whole in both languages, and nothing asked for that is not there."""

from __future__ import annotations

import re
import string
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.web import texts, times
from tests.architecture import project

SWEDISH = texts.read("sv")
# What the rules say themselves in Swedish is no text of the pages' own (tests/architecture/test_words.py).
ENGLISH = {key: text for key, text in texts.read("en").items() if not key.startswith("rules.")}
NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
USED = re.compile(r"""\b(?:t|words)(?:\.find|\.count)?\(\s*["']([a-z_.A-Z]+)["']""")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    assert SWEDISH.keys() == ENGLISH.keys()


@pytest.mark.parametrize("key", sorted(SWEDISH))
def test_a_text_has_the_same_places_in_both(key: str) -> None:
    assert places(SWEDISH[key]) == places(ENGLISH.get(key, ""))


def test_every_text_that_a_page_asks_for_is_there() -> None:
    known = SWEDISH.keys() | {key.rpartition(".")[0] for key in SWEDISH}
    files = [*(project.ROOT / "hub" / "web").rglob("*.html"), *(project.ROOT / "hub" / "web").rglob("*.py")]
    asked = {key for file in files for key in USED.findall(file.read_text(encoding="utf-8"))}
    assert len(asked) > 20
    begun = tuple(key for key in asked if key.endswith(("_", ".")))  # the page adds a value to it
    assert all(any(key.startswith(each) for key in SWEDISH) for each in begun)
    assert asked - known - set(begun) == set()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(seconds=-5), "nyss"),
        (timedelta(seconds=-70), "för en minut sedan"),
        (timedelta(minutes=-59), "för 59 minuter sedan"),
        (timedelta(hours=-2), "i dag 17.00"),
        (timedelta(hours=1), "i dag 20.00"),
        (timedelta(days=-1), "i går 19.00"),
        (timedelta(hours=6), "i morgon 01.00"),
        (timedelta(days=3), "om 3 dagar"),
        (timedelta(days=-3), "för 3 dagar sedan"),
        (timedelta(days=40), "5 januari 2027"),
    ],
)
def test_times_are_said_as_people_say_them(after: timedelta, said: str) -> None:
    assert times.said(NOW + after, NOW, texts.load("sv")) == said


def test_the_exact_time_is_there_in_stockholms_hours() -> None:
    tag = times.tag(NOW, NOW, texts.load("sv"))
    assert tag == (
        '<time datetime="2026-11-26T18:00:00+00:00" title="torsdag 26 november 2026 kl. 19:00:00">nyss</time>'
    )
    assert "Thursday 26 November 2026 at 19:00:00" in times.tag(NOW, NOW, texts.load("en"))


def test_a_day_is_said_whole_when_it_is_far() -> None:
    assert times.say_day(date(2026, 3, 2), date(2026, 11, 26), texts.load("sv")) == "2 mars 2026"
