"""Work that comes round: again and again, whatever became of it the last time, until it is stopped."""

from __future__ import annotations

import asyncio

import pytest

from hub.rounds import Rounds
from hub.store.port import StoreUnavailable


class Work:
    """Fails as it is told, one fault for each round, and says when it has been round so often."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.rounds = 0
        self.is_through = asyncio.Event()

    async def __call__(self) -> None:
        self.rounds += 1
        if self.faults:
            raise self.faults.pop()
        self.is_through.set()


async def test_goes_on_after_faults_of_every_kind() -> None:
    work = Work(StoreUnavailable("gone"), ValueError("odd"))
    rounds = Rounds(work, 0.001, "work")
    rounds.start()
    await asyncio.wait_for(work.is_through.wait(), 30)
    await rounds.stop()
    assert work.rounds >= 3


@pytest.mark.parametrize("is_started", [True, False])
async def test_stopping_does_not_wait_for_the_next_round_and_twice_is_fine(is_started: bool) -> None:
    work = Work()
    rounds = Rounds(work, 3600, "work")
    if is_started:
        rounds.start()
    await asyncio.wait_for(rounds.stop(), 30)
    await rounds.stop()
    assert work.rounds == 0


async def test_begins_at_once_where_it_is_told_to() -> None:
    work = Work()
    rounds = Rounds(work, 3600, "work", at_once=True)
    rounds.start()
    await asyncio.wait_for(work.is_through.wait(), 30)
    assert rounds.is_running
    assert not rounds.is_stopping
    await rounds.stop()
    assert not rounds.is_running
    assert rounds.is_stopping
    assert work.rounds == 1
