"""Group commit: one transaction at a time, everything of it or nothing, and each sender gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.commit_group import ATTEMPTS, CommitGroup, GroupCommitted, Overloaded
from hub.store.port import Contended, StoreUnavailable


@dataclass(frozen=True)
class Note:
    """A command that leaves its text behind, or raises."""

    text: str
    fault: Exception | None = None


@dataclass
class Pages:
    """Stands for a ledger: what a group has decided so far."""

    changes: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)


class Group:
    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault
        self.written: list[str] = []

    def write(self, changes: list[str]) -> None:
        if self.fault is not None:
            raise self.fault
        self.written += changes


class Shelf:
    """A store that commits when it is told to, and fails when it is told to."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.rolled_back = 0
        self.begun = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.begin_fault: Exception | None = None
        self.write_fault: Exception | None = None
        self.commit_fault: BaseException | None = None
        self.contended = 0

    def begin(self) -> Group:
        if self.begin_fault is not None:
            raise self.begin_fault
        self.begun += 1
        return Group(self.write_fault)

    async def commit(self, group: Group) -> None:
        self.entered.set()
        await self.gate.wait()
        if self.contended:
            self.contended -= 1
            raise Contended
        if self.commit_fault is not None:
            raise self.commit_fault
        self.committed.append(group.written)

    async def ask(self, work: Callable[[], Any]) -> Any:
        return work()

    def roll_back(self, group: Group) -> None:
        self.rolled_back += 1


class SealLikeBroken(Exception):
    """Stands for a row that was altered."""


class NoteTaking:
    def prepare(self, pages: Pages, commands: Sequence[Note]) -> None:
        if any(command.text == "unreadable" for command in commands):
            raise SealLikeBroken
        pages.prepared += [command.text for command in commands]

    def handle(self, pages: Pages, command: Note) -> str:
        if command.fault is not None:
            raise command.fault
        seen = len(pages.changes)
        pages.changes.append(command.text)
        return f"{command.text} after {seen}"


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def group(shelf: Shelf) -> AsyncIterator[CommitGroup]:
    made = make(shelf)
    made.start()
    yield made
    shelf.gate.set()
    await made.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def make(shelf: Shelf, **limits: int) -> CommitGroup:
    ledgers: Any = lambda _group: Pages()  # noqa: E731
    return CommitGroup(shelf, {Note: NoteTaking()}, ledgers, **limits)  # type: ignore[arg-type, dict-item]


def ask(group: CommitGroup, *commands: Note) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(group.submit(command)) for command in commands]


async def settle(tasks: Sequence[asyncio.Task[Any]]) -> list[Any]:
    async with asyncio.timeout(5):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def behind_a_commit(group: CommitGroup, shelf: Shelf, *commands: Note) -> list[asyncio.Task[Any]]:
    """Commands that wait while the commit of "a" runs: they will be one group. The first task is of "a"."""
    shelf.gate.clear()
    first = ask(group, Note("a"))
    await shelf.entered.wait()
    rest = ask(group, *commands)
    await asyncio.sleep(0)
    return [*first, *rest]


async def test_one_command_is_committed_at_once(group: CommitGroup, shelf: Shelf) -> None:
    assert await group.submit(Note("a")) == "a after 0"
    assert shelf.committed == [["a"]]


async def test_what_arrives_while_one_commit_runs_travels_together_in_the_next(
    group: CommitGroup, shelf: Shelf
) -> None:
    tasks = await behind_a_commit(group, shelf, Note("b"), Note("c"), Note("d"))
    assert not any(task.done() for task in tasks)
    shelf.gate.set()
    # Each sees what the ones before it in its group did.
    assert await settle(tasks) == ["a after 0", "b after 0", "c after 1", "d after 2"]
    assert shelf.committed == [["a"], ["b", "c", "d"]]


async def test_nobody_is_answered_before_it_is_on_disk(group: CommitGroup, shelf: Shelf) -> None:
    shelf.gate.clear()
    (task,) = ask(group, Note("a"))
    await shelf.entered.wait()
    assert not task.done()
    shelf.gate.set()
    assert await task == "a after 0"


async def test_a_group_has_a_largest_size(shelf: Shelf) -> None:
    group = make(shelf, largest=2)
    group.start()
    tasks = await behind_a_commit(group, shelf, *(Note(text) for text in "bcdef"))
    shelf.gate.set()
    await settle(tasks)
    assert shelf.committed == [["a"], ["b", "c"], ["d", "e"], ["f"]]
    await group.stop()


async def test_one_commands_fault_is_its_own_callers(group: CommitGroup, shelf: Shelf) -> None:
    tasks = await behind_a_commit(group, shelf, Note("b"), Note("c", fault=KeyError("period")), Note("d"))
    shelf.gate.set()
    answers = await settle(tasks)
    assert isinstance(answers[2], KeyError)
    # Its group was undone whole and tried again one by one: it may have left half of itself behind.
    assert [answers[0], answers[1], answers[3]] == ["a after 0", "b after 0", "d after 0"]
    assert shelf.committed == [["a"], ["b"], ["d"]]


async def test_what_cannot_be_prepared_is_its_own_callers_too(group: CommitGroup, shelf: Shelf) -> None:
    tasks = await behind_a_commit(group, shelf, Note("b"), Note("unreadable"), Note("d"))
    shelf.gate.set()
    answers = await settle(tasks)
    assert isinstance(answers[2], SealLikeBroken)
    assert [answers[1], answers[3]] == ["b after 0", "d after 0"]


@pytest.mark.parametrize("where", ["prepare", "handle"])
async def test_a_fault_alone_is_told_as_it_is_and_nothing_is_committed(
    group: CommitGroup, shelf: Shelf, where: str
) -> None:
    command = Note("unreadable") if where == "prepare" else Note("a", fault=SealLikeBroken())
    (answer,) = await settle(ask(group, command))
    assert isinstance(answer, SealLikeBroken)
    assert shelf.committed == []
    assert shelf.rolled_back == shelf.begun
    assert await group.submit(Note("b")) == "b after 0"


@pytest.mark.parametrize("where", ["begin_fault", "write_fault", "commit_fault"])
async def test_when_the_store_fails_nothing_was_accepted_and_the_next_group_is_tried(
    group: CommitGroup, shelf: Shelf, where: str
) -> None:
    setattr(shelf, where, StoreUnavailable("full"))
    answers = await settle(ask(group, Note("a"), Note("b")))
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert shelf.committed == []
    assert shelf.rolled_back == shelf.begun
    setattr(shelf, where, None)
    assert await group.submit(Note("c")) == "c after 0"


async def test_an_unforeseen_fault_of_the_store_is_told_as_unavailable(group: CommitGroup, shelf: Shelf) -> None:
    shelf.commit_fault = RuntimeError("with words that nobody should see")
    (answer,) = await settle(ask(group, Note("a")))
    assert isinstance(answer, StoreUnavailable)
    assert "words" not in str(answer)
    shelf.commit_fault = None
    assert await group.submit(Note("b")) == "b after 0"


async def test_more_than_it_can_hold_is_refused(shelf: Shelf) -> None:
    group = make(shelf, queue_limit=2)
    group.start()
    tasks = await behind_a_commit(group, shelf, Note("b"), Note("c"))
    with pytest.raises(Overloaded):
        async with asyncio.timeout(5):
            await group.submit(Note("d"))
    shelf.gate.set()
    assert await settle(tasks) == ["a after 0", "b after 0", "c after 1"]
    assert await group.submit(Note("e")) == "e after 0"
    await group.stop()


async def test_nothing_is_taken_before_it_has_started(shelf: Shelf) -> None:
    # Nobody would ever answer.
    with pytest.raises(Overloaded):
        async with asyncio.timeout(5):
            await make(shelf).submit(Note("a"))


async def test_stopping_finishes_what_is_waiting_and_takes_nothing_new(shelf: Shelf) -> None:
    group = make(shelf)
    group.start()
    shelf.gate.clear()
    tasks = ask(group, Note("a"))
    await shelf.entered.wait()
    tasks += ask(group, Note("b"))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(group.stop())
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        async with asyncio.timeout(5):
            await group.submit(Note("c"))
    shelf.gate.set()
    await stopping
    assert await settle(tasks) == ["a after 0", "b after 0"]
    await group.stop()  # twice is fine


async def test_a_caller_that_goes_away_changes_nothing_for_the_others(group: CommitGroup, shelf: Shelf) -> None:
    shelf.gate.clear()
    gone, stays = ask(group, Note("a"), Note("b"))
    await shelf.entered.wait()
    gone.cancel()
    shelf.gate.set()
    assert await stays == "b after 1"
    assert gone.cancelled()
    assert shelf.committed == [["a", "b"]]  # what it asked for is durable all the same


async def test_listeners_hear_of_a_commit_before_its_senders(group: CommitGroup, shelf: Shelf) -> None:
    heard: list[tuple[int, bool]] = []
    task: list[asyncio.Task[Any]] = []
    group.on_commit(lambda committed: heard.append((committed.size, task[0].done())))
    task += ask(group, Note("a"))
    await task[0]
    assert heard == [(1, False)]


async def test_listeners_hear_of_no_commit_that_failed(group: CommitGroup, shelf: Shelf) -> None:
    heard: list[GroupCommitted] = []
    group.on_commit(heard.append)
    shelf.commit_fault = StoreUnavailable("full")
    await settle(ask(group, Note("a")))
    assert heard == []


async def test_a_listener_that_fails_stops_nobody(group: CommitGroup, shelf: Shelf) -> None:
    heard: list[int] = []

    def stumble(committed: GroupCommitted) -> None:
        raise ValueError

    group.on_commit(stumble)
    group.on_commit(lambda committed: heard.append(committed.size))
    assert await group.submit(Note("a")) == "a after 0"
    assert await group.submit(Note("b")) == "b after 0"
    assert heard == [1, 1]


async def test_all_of_a_kind_are_prepared_before_the_first_is_handled(group: CommitGroup, shelf: Shelf) -> None:
    seen: list[list[str]] = []
    group.on_commit(lambda committed: seen.append(committed.ledger.prepared))  # type: ignore[attr-defined]
    tasks = await behind_a_commit(group, shelf, Note("b"), Note("c"), Note("d"))
    shelf.gate.set()
    await settle(tasks)
    assert seen == [["a"], ["b", "c", "d"]]


async def test_carries_a_group_out_again_that_another_process_was_in_the_way_of(
    group: CommitGroup, shelf: Shelf
) -> None:
    shelf.contended = ATTEMPTS - 1
    assert await group.submit(Note("one")) == "one after 0"
    assert shelf.committed == [["one"]]
    assert (shelf.begun, shelf.rolled_back) == (ATTEMPTS, ATTEMPTS - 1)


async def test_gives_up_a_group_that_others_are_in_the_way_of_for_ever(group: CommitGroup, shelf: Shelf) -> None:
    shelf.contended = ATTEMPTS
    with pytest.raises(StoreUnavailable):
        await group.submit(Note("one"))
    assert shelf.committed == []
    assert await group.submit(Note("two")) == "two after 0"
