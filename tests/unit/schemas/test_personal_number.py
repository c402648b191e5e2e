from __future__ import annotations

import traceback
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import luhn

from schemas import personal_number

TODAY = date(2026, 2, 2)
PERSONS = [
    "199001012385",
    "199006022397",
    "199007212393",
    "199107172380",
    "199312162390",
    "199504242398",
    "200001022391",
    "200304302383",
    "200510162381",
    "198705212382",
    "198808112380",
    "201701012393",
]


def parse(text: str, *, allow_test: bool = True, today: date = TODAY) -> personal_number.PersonalNumber:
    return personal_number.parse(text, allow_test=allow_test, today=today)


def real_number(day: str = "19840229", serial: str = "123") -> str:
    """A well-formed number outside the test series, built here so that none stands in the files."""
    return f"{day}{serial}{luhn.calc_check_digit(day[2:] + serial)}"


@pytest.mark.parametrize("text", PERSONS)
def test_reads_the_test_persons(text: str) -> None:
    number = parse(text)

    assert number.canonical == text
    assert number.kind == "personnummer"
    assert number.born_on == date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def test_a_hyphen_before_the_last_four_is_only_writing() -> None:
    assert parse("19900101-2385") == parse("199001012385")


@pytest.mark.parametrize(("text", "born_on"), [("202601612381", date(2026, 1, 1)), ("191401682396", date(1914, 1, 8))])
def test_a_samordningsnummer_has_sixty_added_to_the_day(text: str, born_on: date) -> None:
    number = parse(text)

    assert number.kind == "samordningsnummer"
    assert number.born_on == born_on
    assert number.canonical == text


def test_somebody_above_110_years_is_no_error_here() -> None:
    assert parse("191401682396").age_on(TODAY) == 112


@pytest.mark.parametrize(
    "text",
    [
        "189001019803",
        "202601612393",
        "199001012386",
        "9001012385",
        "900101-2385",
        "900101+2385",
        "19900101+2385",
        "1990-01-01-2385",
        "19900101 2385",
        " 199001012385",
        "199001012385\n",
        "19900101T385",
        "900101T385",
        "199001012385" + "0",
        "",
        "\u0661\u0669\u0669\u0660\u0660\u0661\u0660\u0661\u0662\u0663\u0668\u0665",
        real_number("19900230"),
        real_number("19901301"),
        real_number("19900100"),
        real_number("19900192"),
        real_number("19900160"),
        real_number("00000101"),
        real_number("20260203"),
        real_number("20260263"),
    ],
)
def test_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(personal_number.PersonIdInvalid) as refused:
        parse(text)

    shown = "".join(traceback.format_exception_only(refused.value))
    assert not text or text not in shown
    assert refused.value.__context__ is None


def test_accepts_somebody_born_today() -> None:
    assert parse(real_number("20260202")).age_on(TODAY) == 0


@pytest.mark.parametrize("text", [*PERSONS, "189001019802", "202601612381", "191401682396"])
def test_refuses_test_numbers_where_they_are_not_allowed(text: str) -> None:
    assert personal_number.is_test(parse(text))
    with pytest.raises(personal_number.PersonIdInvalid):
        parse(text, allow_test=False)


@pytest.mark.parametrize("serial", ["237", "240", "123", "980"])
def test_other_series_are_no_test_numbers(serial: str) -> None:
    number = parse(real_number(serial=serial), allow_test=False)

    assert not personal_number.is_test(number)


@pytest.mark.parametrize(
    ("day", "age"), [(date(2006, 1, 1), 15), (date(2006, 1, 2), 16), (date(2026, 1, 1), 35), (date(2000, 1, 2), 10)]
)
def test_age_turns_on_the_birthday(day: date, age: int) -> None:
    born = real_number("19900102")

    assert parse(born).age_on(day) == age


def test_somebody_born_on_leap_day_turns_on_the_first_of_march() -> None:
    number = parse(real_number("20080229"))

    assert number.age_on(date(2024, 2, 29)) == 16
    assert number.age_on(date(2025, 2, 28)) == 16
    assert number.age_on(date(2025, 3, 1)) == 17


def test_the_number_does_not_show_in_the_repr() -> None:
    assert "199001012385" not in repr(parse("199001012385"))
    assert "1990" not in repr(parse("199001012385"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PERSONS), st.integers(2, 11), st.integers(1, 9))
def test_one_wrong_digit_after_the_century_is_always_found(text: str, place: int, shift: int) -> None:
    changed = text[:place] + str((int(text[place]) + shift) % 10) + text[place + 1 :]

    with pytest.raises(personal_number.PersonIdInvalid):
        parse(changed)
