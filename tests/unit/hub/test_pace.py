"""How gallring gives way: nobody is to notice that a year's bodies came due at once."""

from __future__ import annotations

import itertools

import pytest

from hub.retention import pace


async def rests(worked: list[float], times: float = pace.RESTS) -> list[float]:
    """How long it rests after each page that took so many seconds."""
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        rested.append(seconds)

    # Two looks at the time for each page: when it begins, and when it gives way.
    looks = iter([0.0, *itertools.chain.from_iterable((each, 0.0) for each in worked)])
    run = pace.Pace(times, seconds=lambda: next(looks), sleep=sleep)
    for _ in worked:
        await run.give_way()
    return rested


async def test_a_short_run_does_not_rest() -> None:
    assert await rests([pace.FREE / 6] * 5) == [0.0] * 5


async def test_a_long_run_works_a_twentieth_of_the_time() -> None:
    worked = [0.01] * 1000
    assert sum(await rests(worked)) == pytest.approx(19 * (sum(worked) - pace.FREE))


async def test_no_rest_is_long_and_what_is_owed_is_rested_later() -> None:
    rested = await rests([pace.FREE + 0.3, *[0.0] * 9])
    assert max(rested) == pace.LONGEST
    assert sum(rested) == pytest.approx(19 * 0.3)


async def test_who_waits_for_the_answer_is_not_made_to_wait_longer() -> None:
    assert await rests([10.0, 10.0], times=0) == [0.0, 0.0]
