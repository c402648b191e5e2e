from __future__ import annotations

import contextlib
import json
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import strict_json

SECRET = "199001012385"
# How fast a shared machine draws says nothing about what holds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

REFUSED = [
    (b'{"a": 1, "a": 2}', "duplicate_key"),
    (b'{"deep": [{"a": 1, "b": 2, "a": 1}]}', "duplicate_key"),
    (b'{"a": 1, "\\u0061": 2}', "duplicate_key"),
    ('{"Å": 1, "A\u030a": 2}'.encode(), "duplicate_key"),
    ('{"Å": 1, "A\\u030a": 2}'.encode(), "duplicate_key"),
    (b"NaN", "not_a_number"),
    (b'{"a": [NaN]}', "not_a_number"),
    (b"Infinity", "not_a_number"),
    (b"[-Infinity]", "not_a_number"),
    (b"1e400", "not_a_number"),
    (b"-1e400", "not_a_number"),
    (b"9007199254740993", "not_a_number"),
    (b"9" * 5000, "not_a_number"),
    (b"[" * 65 + b"]" * 65, "too_deep"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
    (b"[" * 2000 + b"]" * 2000, "too_deep"),
    (b"[" * 500_000, "too_deep"),
    (b'"\xff"', "encoding"),
    (b'"\xed\xa0\x80"', "encoding"),
    (b'"\xc0\xaf"', "encoding"),
    (b'\xef\xbb\xbf{"a": 1}', "encoding"),
    ('{"a": 1}'.encode("utf-16"), "encoding"),
    (b'"\\ud800"', "lone_surrogate"),
    (b'{"\\udfff": 1}', "lone_surrogate"),
    (b'["\\ude00\\ud83d"]', "lone_surrogate"),
    (b"", "syntax"),
    (b"   ", "syntax"),
    (b"[1,]", "syntax"),
    (b'{"a": 1,}', "syntax"),
    (b"{'a': 1}", "syntax"),
    (b"{a: 1}", "syntax"),
    (b"01", "syntax"),
    (b"+1", "syntax"),
    (b"1.", "syntax"),
    (b".5", "syntax"),
    (b"0x10", "syntax"),
    (b"True", "syntax"),
    (b'"a\nb"', "syntax"),
    (b'"a\x00b"', "syntax"),
    (b'"\\x41"', "syntax"),
    (b"1 2", "syntax"),
    (b"{} //", "syntax"),
    (b'{"a": 1', "syntax"),
    ("\u00a0[1]".encode(), "syntax"),
    ("[\u0661]".encode(), "syntax"),
]


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_refuses_what_two_readers_could_understand_differently(raw: bytes, reason: str) -> None:
    with pytest.raises(strict_json.NotJson) as refused:
        strict_json.loads(raw)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "raw",
    [
        f'{{"personal_number": "{SECRET}", "personal_number": 1}}',
        f'{{"personal_number": "{SECRET}",}}',
        f'["{SECRET}", NaN]',
        f'["{SECRET}", "\\ud800"]',
    ],
)
def test_the_refusal_holds_nothing_of_the_input(raw: str) -> None:
    with pytest.raises(strict_json.NotJson) as refused:
        strict_json.loads(raw.encode())

    error = refused.value
    assert SECRET not in "".join(traceback.format_exception(error))
    assert error.__context__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b" \t\r\n[1, -0.5, 1e3, true, false, null]\n", [1, -0.5, 1000.0, True, False, None]),
        (b"9007199254740991", 2**53 - 1),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u0000"', "\x00"),
        ('"O\'Brien-Åström"'.encode(), "O'Brien-Åström"),
        ('"\u0645\u062d\u0645\u062f"'.encode(), "\u0645\u062d\u0645\u062f"),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
    ],
)
def test_reads_what_is_json(raw: bytes, value: object) -> None:
    assert strict_json.loads(raw) == value


@pytest.mark.parametrize("raw", ['{"name": "A\u030asa"}', '{"name": "A\\u030asa"}', '{"na\\u006de": "\u212bsa"}'])
def test_a_decomposed_letter_equals_the_composed_one(raw: str) -> None:
    assert strict_json.loads(raw.encode()) == {"name": "Åsa"}


def test_accepts_nesting_up_to_the_limit() -> None:
    assert strict_json.loads(b"[" * 64 + b"]" * 64) is not None


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(strict_json.loads(b"[" + b",".join([b"[]"] * 500) + b"]")) == 500


@UNHURRIED
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="ascii")),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
        max_leaves=20,
    )
)
def test_gives_back_what_another_writer_wrote(value: object) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value


@UNHURRIED
@given(st.binary(max_size=60))
def test_never_fails_in_another_way(raw: bytes) -> None:
    with contextlib.suppress(strict_json.NotJson):
        strict_json.loads(raw)
