"""A transport: claim checks to the listeners at a unit's door."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.store import records
from hub.transport import port
from tests.contract import stored

LONG = timedelta(minutes=1).total_seconds()


def claim(number: int, unit_id: str = "jt-sydost") -> records.ClaimCheck:
    return records.ClaimCheck(
        delivery_id=f"delivery-{number}",
        unit_id=unit_id,
        message_id=f"message-{number}",
        type="plan.proposed",
        source="/units/sd-farsta",
        case_id="case-1",
        sequence=number,
        recorded_at=stored.NOON,
        position=number,
    )


async def heard(subscription: port.Subscription, count: int) -> list[records.ClaimCheck]:
    claims: list[records.ClaimCheck] = []
    while len(claims) < count:
        got = await subscription.next(LONG)
        assert got, "nothing came"
        claims += got
    return claims


async def test_brings_what_is_published_to_the_unit_in_order(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        await transport.publish([claim(1), claim(2)])
        await transport.publish([claim(3)])
        assert await heard(subscription, 3) == [claim(1), claim(2), claim(3)]


async def test_wakes_a_listener_that_waits(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        waiting = asyncio.create_task(heard(subscription, 1))
        await asyncio.sleep(0)
        await transport.publish([claim(1)])
        assert await waiting == [claim(1)]


async def test_gives_nothing_twice(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        await transport.publish([claim(1)])
        await heard(subscription, 1)
        assert list(await subscription.next(0)) == []
        await transport.publish([claim(2)])
        assert await heard(subscription, 1) == [claim(2)]


async def test_answers_with_nothing_when_the_time_is_over(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        assert list(await subscription.next(0)) == []
        assert list(await subscription.next(0.001)) == []


async def test_brings_a_unit_only_its_own(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as mine, transport.subscribe("af-farsta") as theirs:
        await transport.publish([claim(1), claim(2, "af-farsta"), claim(3)])
        assert await heard(mine, 2) == [claim(1), claim(3)]
        assert await heard(theirs, 1) == [claim(2, "af-farsta")]


async def test_listeners_do_not_take_from_each_other(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as one, transport.subscribe("jt-sydost") as other:
        await transport.publish([claim(1)])
        assert await heard(one, 1) == [claim(1)]
        assert await heard(other, 1) == [claim(1)]


async def test_a_listener_hears_from_the_moment_of_entering(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as first:
        await transport.publish([claim(1)])
        await heard(first, 1)
        async with transport.subscribe("jt-sydost") as second:
            await transport.publish([claim(2)])
            assert await heard(second, 1) == [claim(2)]


async def test_publishing_to_a_unit_that_nobody_listens_for_is_fine(transport: port.Transport) -> None:
    await transport.publish([claim(1, "af-farsta")])
    await transport.publish([])


async def test_a_listener_that_left_does_not_stop_the_others(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as stays:
        async with transport.subscribe("jt-sydost"):
            pass
        await transport.publish([claim(1)])
        assert await heard(stays, 1) == [claim(1)]


async def test_a_listener_that_fell_behind_still_hears_the_newest(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        await transport.publish([claim(number) for number in range(1, 2001)])
        last = 0
        while last < 2000:
            got = await subscription.next(LONG)
            positions = [each.position for each in got]
            assert positions
            assert positions == sorted(positions)
            assert positions[0] > last
            last = positions[-1]


async def test_a_cancelled_wait_loses_nothing(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        waiting = asyncio.create_task(subscription.next(LONG))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await transport.publish([claim(1)])
        assert await heard(subscription, 1) == [claim(1)]


async def test_closing_wakes_every_listener_with_nothing(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as one, transport.subscribe("af-farsta") as other:
        waiting = [asyncio.create_task(each.next(LONG)) for each in (one, other)]
        await asyncio.sleep(0)
        await transport.close()
        assert [list(answer) for answer in await asyncio.gather(*waiting)] == [[], []]


async def test_a_listener_of_a_closed_transport_is_told_so(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as before:
        await transport.close()
        with pytest.raises(port.TransportUnavailable):
            await before.next(LONG)


async def test_takes_nothing_once_it_is_closed(transport: port.Transport) -> None:
    await transport.probe()
    await transport.close()
    await transport.close()
    with pytest.raises(port.TransportUnavailable):
        await transport.publish([claim(1)])
    with pytest.raises(port.TransportUnavailable):
        await transport.probe()


async def test_tells_how_many_have_not_been_heard(transport: port.Transport) -> None:
    async with transport.subscribe("jt-sydost") as subscription:
        assert await bells(transport) == 0
        await transport.publish([claim(1), claim(2)])
        await bells_until(transport, 2)
        await heard(subscription, 2)
        assert await bells(transport) == 0


async def bells_until(transport: port.Transport, wanted: int) -> None:
    """Through a broker they take a moment."""
    async with asyncio.timeout(LONG):
        while True:
            if await bells(transport) == wanted:
                return
            await asyncio.sleep(0.01)


async def bells(transport: port.Transport) -> int | None:
    (told,) = [each for each in await transport.measure() if each.kind is port.QueueKind.BELLS]
    assert told.unit_id is None
    return told.messages


async def test_tells_nothing_of_its_queues_once_it_is_closed(transport: port.Transport) -> None:
    await transport.close()
    with pytest.raises(port.TransportUnavailable):
        await transport.measure()
