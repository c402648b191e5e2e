"""Every text of the corpus is refused for its reason, or read as another reader reads it, and soon."""

from __future__ import annotations

import json
import time
import unicodedata
from itertools import chain
from typing import get_args

import orjson
import pytest

from schemas import strict_json
from schemas.strict_json import Reason
from tests.unit.schemas.json_corpus import ACCEPTED, REFUSED

# A tenth of this is enough on an idle machine; what is quadratic takes minutes.
MOST_SECONDS = 2.0

CASES = [
    pytest.param(raw, reason, id=f"{reason}: {name}")
    for reason, texts in REFUSED.items()
    for name, raw in texts.items()
]


@pytest.mark.parametrize(("raw", "reason"), CASES)
def test_a_text_of_the_corpus_is_refused_for_its_reason(raw: bytes, reason: Reason) -> None:
    started = time.process_time()

    with pytest.raises(strict_json.NotJson) as refused:
        strict_json.loads(raw)

    assert refused.value.reason == reason
    assert time.process_time() - started < MOST_SECONDS


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED)
def test_a_text_that_is_json_is_read_as_another_reader_reads_it(raw: bytes) -> None:
    started = time.process_time()
    value = strict_json.loads(raw)
    took = time.process_time() - started

    # By their writing: 1, 1.0 and true are equal to Python.
    assert repr(value) == repr(json.loads(raw))
    assert took < MOST_SECONDS


def test_every_reason_to_refuse_has_texts() -> None:
    assert set(REFUSED) == set(get_args(Reason))
    assert len(CASES) >= 200


def test_no_text_stands_twice() -> None:
    texts = [*chain.from_iterable(group.values() for group in REFUSED.values()), *ACCEPTED.values()]

    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("reason", ["syntax", "encoding", "lone_surrogate"])
def test_another_strict_reader_refuses_what_is_no_json(reason: Reason) -> None:
    taken = [name for name, raw in REFUSED[reason].items() if _is_taken_elsewhere(raw)]

    assert taken == []


@pytest.mark.parametrize("reason", ["duplicate_key", "too_many_marks"])
def test_the_hub_alone_refuses_what_is_grammatical_and_ambiguous(reason: Reason) -> None:
    assert all(map(_is_taken_elsewhere, REFUSED[reason].values()))


def _is_taken_elsewhere(raw: bytes) -> bool:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return True


def test_thirty_marks_in_a_row_are_put_in_order_and_more_are_not() -> None:
    thirty = "a" + "\u0301\u0323" * 15

    # Two rows beside each other are not one.
    assert strict_json.loads(f'"{thirty}{thirty}"'.encode()) == unicodedata.normalize("NFC", thirty) * 2
    with pytest.raises(strict_json.NotJson):
        strict_json.loads(f'"{thirty}\u0323"'.encode())
