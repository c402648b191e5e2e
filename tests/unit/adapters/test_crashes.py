"""Wherever the adapter dies, after the next start each message is at the hub once and each delivery is one file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.filedrop import folder
from hub.client.errors import HubUnavailable
from tests.unit.adapters.box import Box, shorthand
from tests.unit.adapters.fake_hub import delivery, delivery_id, refused
from tests.unit.adapters.fate import Death, Fate, MortalOs

KILLED = 9


def fill(root: Path) -> Box:
    box = Box(root)
    box.put("a.json", shorthand("one"))
    box.put("b.json", b"{ no json", second=1)
    box.put("c.json", shorthand("no"), second=2)
    box.put("d.json", shorthand("two"), second=3)
    box.put(f"{delivery_id(9)}.handled.json", {"outcome": "handled"}, second=4)
    return with_deliveries(box)


def with_deliveries(box: Box) -> Box:
    box.hub.deliveries = [delivery(1), delivery(2), delivery(3)]
    box.hub.verdicts["send no"] = refused(403, "NO_BASIS")
    box.hub.verdicts[f"fetch {delivery_id(2)}"] = refused(410, "EXPIRED")
    return box


@contextmanager
def fated(box: Box, fate: Fate) -> Iterator[None]:
    box.hub.step = fate.step
    with mock.patch.object(folder, "os", MortalOs(fate)):
        yield


def live_and_die(box: Box, at: int | None) -> Fate:
    fate = Fate(at)
    with fated(box, fate):
        try:
            box.run()
        except Death:
            assert at is not None
    return fate


def check(box: Box) -> None:
    assert [event["data"]["words"] for event in box.hub.accepted] == ["one", "two"]
    assert len({event["id"] for event in box.hub.accepted}) == 2
    assert box.names("in") == []
    assert box.names("in/sent") == sorted(
        f"{stem}{ending}" for stem in ("a", "d", f"{delivery_id(9)}.handled") for ending in (".json", ".receipt.json")
    )
    assert box.names("in/refused") == ["c.json", "c.problem.json"]
    assert box.names("in/bad") == ["b.json", "b.problem.json"]
    assert box.names("out") == [f"{number:08d}-plan.proposed-{delivery_id(number)}.json" for number in (1, 3)]
    assert box.hub.acked == {delivery_id(number) for number in (1, 2, 3)}
    assert box.hub.reports == {delivery_id(9): ["handled", None]}
    assert box.names("state/outgoing") == []
    assert box.names("state/received") == []


def count_moments() -> int:
    with tempfile.TemporaryDirectory() as root:
        return len(live_and_die(fill(Path(root)), None).moments)


def test_there_are_moments_to_die_in() -> None:
    assert count_moments() > 100


@pytest.mark.slow
def test_a_death_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for moment in range(count_moments()):
        root = tmp_path / str(moment)
        root.mkdir()
        box = fill(root)
        live_and_die(box, moment)
        live_and_die(box, None)
        check(box)


@pytest.mark.slow
def test_a_process_that_dies_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for moment in range(count_moments()):
        root = tmp_path / str(moment)
        root.mkdir()
        box = fill(root)
        child = os.fork()
        if child == 0:  # pragma: no cover - the child is gone before it could tell
            with fated(box, Fate(moment, lambda: os._exit(KILLED))):
                box.run()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
        live_and_die(box, None)
        check(box)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 160), max_size=6))
def test_any_row_of_deaths_loses_and_doubles_nothing(moments: list[int]) -> None:
    with tempfile.TemporaryDirectory() as root:
        box = fill(Path(root))
        for moment in moments:
            live_and_die(box, moment)
        live_and_die(box, None)
        check(box)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 160), st.sampled_from(["send", "inbox", "fetch", "ack", "handled"])), max_size=5)
)
def test_deaths_and_an_unsteady_hub_lose_and_double_nothing(story: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        box = fill(Path(root))
        for moment, call in story:
            box.hub.verdicts[call] = [HubUnavailable("503")]
            live_and_die(box, moment)
            box.hub.verdicts.pop(call, None)
        live_and_die(box, None)
        live_and_die(box, None)
        check(box)


def test_the_same_names_used_again_after_any_death_are_new_messages(tmp_path: Path) -> None:
    for moment in range(0, count_moments(), 3):
        root = tmp_path / str(moment)
        root.mkdir()
        box = fill(root)
        live_and_die(box, moment)
        live_and_die(box, None)
        box.put("a.json", shorthand("one"))
        live_and_die(box, None)
        words = [event["data"]["words"] for event in box.hub.accepted]
        assert words == ["one", "two", "one"]
        assert box.names("in") == []


def test_nothing_is_renamed_before_it_is_synced_and_nothing_is_sent_before_its_entry_is(box: Box) -> None:
    box.put("a.json", shorthand())
    fate = live_and_die(box, None)
    before = fate.moments[: fate.moments.index("send")]
    written = [step for step in before if not step.startswith("unlink")]
    assert written[-6:] == ["create", "create done", "sync", "rename", "rename done", "sync"]


def test_a_file_that_replaced_another_is_sent_wherever_one_dies(tmp_path: Path) -> None:
    for moment in range(60):
        root = tmp_path / str(moment)
        root.mkdir()
        box = Box(root)
        box.put("a.json", shorthand("old"))
        fate = Fate(moment)

        def replace_and_step(name: str, box: Box = box, fate: Fate = fate) -> None:
            if name == "send answered" and len(box.hub.accepted) == 1:
                box.put("a.json", shorthand("new"), second=7)
            fate.step(name)

        with mock.patch.object(folder, "os", MortalOs(fate)), contextlib.suppress(Death):
            box.hub.step = replace_and_step
            box.run()
        for _ in range(2):
            live_and_die(box, None)
        words = [event["data"]["words"] for event in box.hub.accepted]
        assert words in (["old", "new"], ["old"], ["new"])
        assert ("new" in words) == ("send answered" in fate.moments)
        assert box.names("in") == []
