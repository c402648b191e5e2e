"""What a case remembers goes into the store sealed, and comes back as it was."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import case_memory
from hub.vault import SealBroken, Vault
from routing.case import NOTHING_REMEMBERED, Activity, Deadline, Lesson, Memory, Order, Transfer

words = st.text(string.ascii_lowercase + "-", min_size=1, max_size=12)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive)
activities = st.lists(st.builds(Activity, words, words, words, days, days, st.booleans()), max_size=3).map(tuple)
memories = st.builds(
    Memory,
    proposed=st.dictionaries(words, activities, max_size=2),
    in_force=st.dictionaries(words, activities, max_size=2),
    started=st.dictionaries(words, days, max_size=3),
    lessons=st.lists(st.builds(Lesson, st.integers(1, 7), words, words), max_size=3).map(tuple),
    orders=st.dictionaries(words, st.builds(Order, words, words, days, days), max_size=2),
    contact_attempts=st.integers(0, 9),
    reviews_without_plan=st.integers(0, 3),
    interrupted_on=st.none() | days,
    transfer=st.none() | st.builds(Transfer, words, words),
    disqualified=st.frozensets(words, max_size=3),
    initiator=st.none() | words,
    previous_case_id=st.none() | words,
    deadlines=st.lists(
        st.builds(Deadline, words, instants, instants, st.none() | words, st.integers(0, 3)), max_size=3
    ).map(tuple),
    born_on=st.none() | days,
)


@given(memories)
def test_comes_back_as_it_was(memory: Memory) -> None:
    assert case_memory.load(case_memory.dump(memory)) == memory


def test_nothing_remembered_is_almost_nothing_written() -> None:
    assert case_memory.dump(NOTHING_REMEMBERED) == b"{}"


def test_a_field_that_a_memory_gains_has_a_reader() -> None:
    assert set(case_memory._READERS) == set(Memory.__slots__)


def test_a_memory_moved_to_another_case_does_not_open(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "key", create=True)
    _, key = vault.new_data_key("case-1")
    sealed = key.seal(case_memory.dump(Memory(contact_attempts=1)), aad=case_memory.aad("case-1"))
    with pytest.raises(SealBroken):
        key.open(sealed, aad=case_memory.aad("case-2"))
