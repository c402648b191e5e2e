"""Personal numbers in running text: found in every spelling, and not seen in days, hours and sums."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import folding, personal_numbers, screening

UNHURRIED = settings(deadline=None)


def marked(text: str) -> list[str]:
    """What is taken for a number, as it stands in the text."""
    return [text[start:end] for start, end in spans(text)]


def spans(text: str) -> list[tuple[int, int]]:
    folded = folding.fold(text)
    return [folded.locate(*span) for span in personal_numbers.find_spans(folded.text)]


@pytest.mark.parametrize(
    "number",
    [
        "900101-2385",
        "9001012385",
        "19900101-2385",
        "199001012385",
        "900101+2385",
        "900101 - 2385",
        "900101\u20132385",
        "900101/2385",
        "900101.2385",
        "1990-01-01-2385",
        "1990-01-01 2385",
        "1990-01-01 23 85",
        "1990.01.01.2385",
        "90 01 01 23 85",
        "9 0 0 1 0 1 2 3 8 5",
        "1-9-9-0-0-1-0-1-2-3-8-5",
        "9.0.0.1.0.1.2.3.8.5",
        "900101\n2385",
        "900101\u00a02385",
        "９００１０１－２３８５",
        "٩٠٠١٠١٢٣٨٥",
        "𝟗𝟎𝟎𝟏𝟎𝟏𝟐𝟑𝟖𝟓",
        "⑨⓪⓪①⓪①②③⑧⑤",
        "9\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e310123\ufe0f\u20e385",
        "9\u200b0\u200b0\u200b1\u200b0\u200b1\u200b2\u200b3\u200b8\u200b5",
        "9001\u00ad01\u2060-\ufeff2385",
        "9001\u3164012\x7f385",
        "900101 \u200b \u200b - 2385",
        "19900161-2389",  # somebody's with a mistyped digit
        "900161 23 82",  # a coordination number: sixty added to the day
    ],
)
def test_a_number_is_found_in_every_spelling(number: str) -> None:
    text = f"Se {number}, tack"
    assert screening.names_a_number(text)
    assert marked(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "från 2026-03-02 till 2026-08-31",
        # These would be numbers by their digits alone.
        "2026-01-01 - 2026-04-11",
        "2026-01-01 – 2026-04-11",
        "2026-01-01--2026-04-11",
        "2026-01-04 2026-01-11 2026-01-18",
        "2026-01-03 – 02-12",
        "2026-01 – 2027-04",
        "2026-03-01 09.15",
        "2026-03-01 10-12",
        "tisdag 08.00-10.30 12.00-14.00",
        # These would not.
        "2026-03-02 09:00-11:30 2026-03-04 13:00-15:30",
        "2026-03-02 12 500 kr",
        "12 500 kr",
        "10 000 kr 12 000 kr 13 500 kr",
        "2026-W10, 2026-W11",
        "vecka 10, 11, 12, 13 och 14 2026",
        "order 123456789",
        "dnr AMN 2017-0090",
        "dnr 331-267/2008",
        "ring 08-508 00 000",
        "kortnummer 12 345 67 89",
    ],
)
def test_days_hours_sums_and_short_numbers_are_no_personal_number(text: str) -> None:
    assert not screening.names_a_number(text)


def test_spaced_out_digits_need_a_day_of_birth_and_the_check_digit() -> None:
    assert screening.names_a_number("90 01 01 23 85")
    assert not screening.names_a_number("90 01 01 23 84")
    # The check digits are right; the month is 13, the day 32.
    assert not screening.names_a_number("90 13 01 23 81")
    assert not screening.names_a_number("90 01 32 23 88")


def test_digits_close_together_need_neither() -> None:
    assert marked("901332 - 2384") == ["901332 - 2384"]
    assert not screening.names_a_number("901332 -- 2384")


def test_a_number_beside_a_date_is_found() -> None:
    assert marked("2026-03-02 1990-01-01-2385") == ["1990-01-01-2385"]
    assert screening.names_a_number("1970-01-02-2005-10-01")


def test_two_numbers_are_two_hits() -> None:
    assert marked("900101-2385 och 19900602-2397") == ["900101-2385", "19900602-2397"]


def with_check_digit(nine: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(nine))
    return nine + str(-total % 10)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number with or without its century, spelled with one sign that may stand between any two digits."""
    born_on = draw(st.dates(date(1920, 1, 1), date(2010, 12, 31)))
    day = born_on.day + draw(st.sampled_from([0, 60]))
    ten = with_check_digit(f"{born_on:%y%m}{day:02}{draw(st.integers(0, 999)):03}")
    digits = draw(st.sampled_from([ten, f"{born_on:%Y}"[:2] + ten]))
    zero = ord(draw(st.sampled_from("0٠۰०０𝟎")))
    sign = draw(st.sampled_from([" ", "-", ".", "\u200b", "\u00ad", "–", "\u00a0", " - ", "\u200b-\u200d"]))
    everywhere = [True] * (len(digits) - 1)
    gaps = draw(st.just(everywhere) | st.lists(st.booleans(), min_size=len(everywhere), max_size=len(everywhere)))
    spelled = [chr(zero + int(digit)) for digit in digits]
    return spelled[0] + "".join(sign * gap + digit for gap, digit in zip(gaps, spelled[1:], strict=True))


@UNHURRIED
@given(st.text(max_size=40), numbers(), st.text(max_size=40))
def test_a_number_anywhere_is_found_whole(before: str, number: str, after: str) -> None:
    text = before + number + after
    covered = {at for start, end in spans(text) for at in range(start, end)}
    digits = [at for at in range(len(before), len(before) + len(number)) if text[at].isdigit()]
    # The century may stay outside, where digits before it have made another number of it.
    assert set(digits[-10:]) <= covered
    assert screening.names_a_number(text)


NO_DIGITS = st.characters(exclude_categories=("Nd", "Nl", "No")).filter(
    lambda char: not any(letter.isdigit() for letter in unicodedata.normalize("NFKC", char))
)


@UNHURRIED
@given(st.text(NO_DIGITS))
def test_a_text_without_digits_names_no_number(text: str) -> None:
    assert not screening.names_a_number(text)


DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31)).map(str)
HOURS = st.times().map(lambda hour: f"{hour:%H.%M}") | st.times().map(lambda hour: f"{hour:%H:%M}")
HARMLESS = st.one_of(
    DAYS,
    HOURS,
    st.tuples(DAYS, st.sampled_from([" ", " - ", " – ", "–", "--", " till "]), DAYS).map("".join),
    st.tuples(HOURS, st.sampled_from(["-", "–"]), HOURS).map("".join),
    st.tuples(DAYS, HOURS).map(" ".join),
    st.integers(1000, 999_999).map(lambda crowns: f"{crowns:,} kr".replace(",", " ")),
    st.integers(0, 999_999_999).map(str),
    st.dates().map(lambda day: "{}-W{:02}".format(*day.isocalendar())),
)


@UNHURRIED
@given(st.lists(HARMLESS, max_size=8).map(", ".join))
def test_lists_of_days_hours_and_sums_name_no_number(text: str) -> None:
    assert not screening.names_a_number(text)
