"""What only the embedded transport promises: it keeps nothing of a listener that left."""

from __future__ import annotations

import gc
import weakref

import pytest

from hub.transport import in_process
from tests.contract.test_transport import claim


async def test_forgets_a_listener_that_left() -> None:
    transport = in_process.InProcessTransport()
    async with transport.subscribe("jt-sydost") as one, transport.subscribe("jt-sydost"):
        await transport.publish([claim(1)])
        left = weakref.ref(one)
        assert transport.count_listeners() == 2
    del one
    gc.collect()
    assert transport.count_listeners() == 0
    assert transport._listeners == {}
    assert left() is None


async def test_forgets_a_listener_that_left_with_an_error() -> None:
    transport = in_process.InProcessTransport()
    with pytest.raises(ConnectionResetError):
        async with transport.subscribe("jt-sydost"):
            raise ConnectionResetError
    assert transport._listeners == {}


async def test_keeps_nothing_for_units_that_nobody_listens_for() -> None:
    transport = in_process.InProcessTransport()
    await transport.publish([claim(number, f"unit-{number}") for number in range(100)])
    assert transport._listeners == {}


async def test_keeps_little_for_a_listener_that_stays_away() -> None:
    transport = in_process.InProcessTransport()
    async with transport.subscribe("jt-sydost") as subscription:
        await transport.publish([claim(number) for number in range(10_000)])
        heard = await subscription.next(0)
        assert len(heard) <= 256
        assert heard[-1] == claim(9_999)
