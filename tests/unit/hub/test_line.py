"""A line to the broker ends when it is told to, whatever the library does with being cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from unittest.mock import AsyncMock, Mock

import pytest

from hub.transport import line
from hub.transport.line import Line
from hub.transport.port import TransportUnavailable


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Mock:
    made = Mock(close_callbacks=set(), close=AsyncMock())
    monkeypatch.setattr(line.aio_pika, "connect", AsyncMock(return_value=made))
    return made


async def test_ends_although_the_cancellation_is_swallowed_while_it_is_equipped(connection: Mock) -> None:
    begun = asyncio.Event()

    async def equip(_: object) -> str:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "a channel"

    made = Line("amqp://localhost", "test", equip)
    waiting = asyncio.create_task(made.get(60.0))
    await begun.wait()
    async with asyncio.timeout(30):
        await made.close()
    connection.close.assert_awaited()
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError, TransportUnavailable):
        await waiting


async def test_ends_although_the_first_cancellation_is_swallowed_while_it_connects(
    connection: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    swallowed: list[bool] = []

    async def connect(*_: object, **__: object) -> Mock:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(True)
            if len(swallowed) > 1:
                raise
        await asyncio.Event().wait()
        return connection

    monkeypatch.setattr(line.aio_pika, "connect", connect)
    monkeypatch.setattr(line, "CLOSE_SECONDS", 0.05)
    made = Line("amqp://localhost", "test", AsyncMock())
    waiting = asyncio.create_task(made.get(60.0))
    await begun.wait()
    async with asyncio.timeout(30):
        await made.close()
    assert swallowed
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError, TransportUnavailable):
        await waiting
