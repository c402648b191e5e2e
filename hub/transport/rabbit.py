"""The transport of the distributed engine: RabbitMQ.

Two ways for every claim check. Units that fetch by AMQP have a quorum queue `inbox.<unit>`; the claims of one call
for one unit are one persistent message there, a CloudEvents batch. And every hub hears all claims as bells, so that
whoever waits at any hub is woken; nothing depends on those.

A confirmation means that the queue had it, and nothing more: the outbox row lives until the recipient acknowledges.
A publish that the broker did not confirm in so many words is unknown and done again. Each attempt has a message id of
its own, since the library matches returned messages by it: with one used twice, what nobody got counts as taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aiormq import spec

from hub.store.records import ClaimCheck
from hub.transport import batches, in_process, port, topology
from hub.transport.line import Line, is_cancelled

log = structlog.get_logger()

Found = TypeVar("Found")

PUBLISH_SECONDS: Final = 5.0
REACH_SECONDS: Final = 5.0
LISTEN_SECONDS: Final = 1.0
DOOR_SECONDS: Final = 2.0
ASIDE_SECONDS: Final = 15.0
DEAD_SECONDS: Final = 10.0
_PROBES: Final = 50
_DOORS_AT_ONCE: Final = 16
_DEAD_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class _Desk:
    """What publishing works with."""

    connection: AbstractConnection
    channel: AbstractChannel
    claims: AbstractExchange
    bells: AbstractExchange


class _DoorClosed(Exception):
    """The broker says of this unit's queue that it is not there, or full."""


class _DoorMissing(port.TransportUnavailable):
    """The broker does not know this unit's queue."""


class RabbitTransport:
    """Connects when it is first used. `units` are those with a queue of their own."""

    def __init__(self, url: str, units: Collection[str] = ()) -> None:
        self._units = frozenset(units)
        self._here = in_process.InProcessTransport()
        # Two connections: a broker short of memory blocks those that publish, and must not make us deaf.
        self._publishing = Line(url, "publishing", self._open_desk)
        self._hearing = Line(url, "hearing", self._listen, on_return=self._here.wake_all)
        self._aside: dict[str, float] = {}
        self._missing: set[str] = set()

    @property
    def is_immediate(self) -> bool:
        return False

    # -- publishing ---------------------------------------------------------------------------------------------

    async def publish(self, claims: Sequence[ClaimCheck]) -> Sequence[ClaimCheck]:
        desk = await self._publishing.get(REACH_SECONDS)
        if not claims:
            return ()
        by_unit: dict[str, list[ClaimCheck]] = {}
        for claim in claims:
            if claim.unit_id in self._units:
                by_unit.setdefault(claim.unit_id, []).append(claim)
        # Written before anything is sent: what cannot be is the fault of a claim check, not of the broker.
        bodies = {unit_id: batches.dump(mine) for unit_id, mine in by_unit.items()}
        bells = self._send(desk.bells, "", batches.dump_bells(claims), mandatory=False)
        doors = [self._put(desk, unit_id, body) for unit_id, body in bodies.items()]
        rung, *put = await asyncio.gather(bells, *doors, return_exceptions=True)
        if is_cancelled():
            raise asyncio.CancelledError
        return self._judge(desk, rung, dict(zip(by_unit, put, strict=True)), by_unit)

    def _judge(
        self,
        desk: _Desk,
        rung: BaseException | None,
        put: dict[str, BaseException | None],
        by_unit: dict[str, list[ClaimCheck]],
    ) -> Sequence[ClaimCheck]:
        """What was not taken. Raises `TransportUnavailable` when it was the broker and not one unit's queue."""
        others_went = rung is None or any(fault is None for fault in put.values())
        left: list[ClaimCheck] = []
        for unit_id, fault in put.items():
            if fault is None:
                continue
            if not isinstance(fault, _DoorClosed) and not (isinstance(fault, TimeoutError) and others_went):
                self._publishing.give_up(desk)
                raise port.TransportUnavailable(f"not confirmed: {type(fault).__name__}") from None
            self._put_aside(unit_id, fault)
            left += by_unit[unit_id]
        if rung is not None:
            self._publishing.give_up(desk)
            if not by_unit:
                raise port.TransportUnavailable(f"not confirmed: {type(rung).__name__}") from None
        return left

    def _put_aside(self, unit_id: str, fault: BaseException) -> None:
        now = asyncio.get_running_loop().time()
        if self._aside.get(unit_id, 0.0) <= now:
            log.error("door_closed", unit=unit_id, reason=str(fault) or type(fault).__name__)
            # For a while nobody waits for it: other units' claim checks are not to stand behind its own.
            self._aside[unit_id] = now + ASIDE_SECONDS

    async def _put(self, desk: _Desk, unit_id: str, body: bytes) -> None:
        if self._aside.get(unit_id, 0.0) > asyncio.get_running_loop().time():
            raise _DoorClosed("put aside a moment ago")
        try:
            await self._send(desk.claims, unit_id, body, mandatory=True)
            self._missing.discard(unit_id)
        except aio_pika.exceptions.PublishError:
            self._missing.add(unit_id)
            raise _DoorClosed("the queue is missing") from None
        except aio_pika.exceptions.DeliveryError:
            self._missing.discard(unit_id)
            raise _DoorClosed("the queue is full") from None

    async def _send(self, exchange: AbstractExchange, key: str, body: bytes, *, mandatory: bool) -> None:
        message = aio_pika.Message(
            body,
            content_type=batches.MEDIA_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT if mandatory else aio_pika.DeliveryMode.NOT_PERSISTENT,
            message_id=uuid.uuid4().hex,
        )
        told = await exchange.publish(message, key, mandatory=mandatory, timeout=PUBLISH_SECONDS)
        if not isinstance(told, spec.Basic.Ack):
            raise _DoorClosed("no confirmation")

    async def _open_desk(self, connection: AbstractConnection) -> _Desk:
        channel = connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.initialize()
        # Passively: a hub without its queues is not to make some of them, but to say so.
        claims = await channel.get_exchange(topology.CLAIMS)
        bells = await channel.get_exchange(topology.BELLS)
        desk = _Desk(connection, channel, claims, bells)
        channel.close_callbacks.add(lambda *_: self._publishing.give_up(desk))
        return desk

    # -- listening ----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(self, unit_id: str) -> AsyncIterator[port.Subscription]:
        async with self._here.subscribe(unit_id) as subscription:
            # Deaf for now, perhaps: whoever waits asks the store again when its time is over.
            with contextlib.suppress(port.TransportUnavailable):
                await self._hearing.get(LISTEN_SECONDS)
            yield subscription

    async def _listen(self, connection: AbstractConnection) -> AbstractChannel:
        channel = connection.channel()
        await channel.initialize()
        await channel.set_qos(prefetch_count=100)
        bells = await channel.get_exchange(topology.BELLS)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments=topology.bells_arguments())
        await queue.bind(bells)
        # A callback, never the library's iterator: that one hangs, and nacks what it has fetched (#379, #312).
        await queue.consume(self._hear, no_ack=True)
        channel.close_callbacks.add(lambda *_: self._hearing.give_up(channel))
        return channel

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        try:
            claims = batches.load_bells(message.body)
        except (ValueError, KeyError):
            log.warning("bell_not_understood")
            return
        try:
            await self._here.publish(claims)
        except port.TransportUnavailable:
            return  # closing

    # -- health -------------------------------------------------------------------------------------------------

    async def probe(self) -> None:
        await self._look(self._round_trip, PUBLISH_SECONDS)
        for unit_id in sorted(self._units):
            await self._look(partial(_count_waiting, unit_id), DOOR_SECONDS)

    async def look_at_doors(self) -> Mapping[str, bool | None]:
        await self._publishing.get(REACH_SECONDS)
        units, places = sorted(self._units), asyncio.Semaphore(_DOORS_AT_ONCE)
        # Side by side: what is held up meanwhile must not wait for one silent door after the other.
        found = await asyncio.gather(*(self._is_empty(unit_id, places) for unit_id in units))
        return dict(zip(units, found, strict=True))

    async def _is_empty(self, unit_id: str, places: asyncio.Semaphore) -> bool | None:
        try:
            async with places:
                count = await self._look(partial(_count_waiting, unit_id), DOOR_SECONDS)
                if unit_id in self._missing:  # it is there, and nothing leads to it
                    await self._make(unit_id)
                return count == 0
        except _DoorMissing:
            await self._make(unit_id)
            return None
        except port.TransportUnavailable:
            # Without a leader, perhaps: it is told of, and holds up no other.
            log.warning("door_silent", unit=unit_id)
            return None

    async def _make(self, unit_id: str) -> None:
        log.warning("door_made_anew", unit=unit_id)
        desk = await self._publishing.get(REACH_SECONDS)
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await topology.declare_on(desk.connection, [unit_id])
        except (Exception, asyncio.CancelledError) as fault:
            if is_cancelled():
                raise
            # Not the line's fault: there may be something else of this name, or no leave to make one.
            log.error("door_not_made", unit=unit_id, reason=type(fault).__name__)  # noqa: TRY400 - no traceback: expected
        else:
            self._missing.discard(unit_id)

    def is_missing(self, unit_id: str) -> bool:
        return unit_id in self._missing

    async def take_dead(self, bury: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        await self._look(partial(_bury_dead, bury), DEAD_SECONDS)

    async def measure(self) -> Sequence[port.Depth]:
        await self._publishing.get(REACH_SECONDS)
        places = asyncio.Semaphore(_DOORS_AT_ONCE)
        inboxes = [
            self._depth(port.QueueKind.CLAIMS, unit_id, topology.inbox_queue(unit_id), places)
            for unit_id in sorted(self._units)
        ]
        depths = await asyncio.gather(self._depth(port.QueueKind.DEAD, None, topology.DEAD, places), *inboxes)
        # The broker keeps no bells: it sends them on without waiting for a receipt. What has come is here.
        return [*depths, *await self._here.measure()]

    async def _depth(
        self, kind: port.QueueKind, unit_id: str | None, queue: str, places: asyncio.Semaphore
    ) -> port.Depth:
        try:
            async with places:
                return port.Depth(kind, unit_id, await self._look(partial(_count_in, queue), DOOR_SECONDS))
        except port.TransportUnavailable:
            return port.Depth(kind, unit_id, None)

    async def _look(self, look: Callable[[AbstractChannel], Awaitable[Found]], seconds: float) -> Found:
        """On a channel of its own: a queue that is missing closes it, one without a leader leaves it unanswered."""
        desk = await self._publishing.get(REACH_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                channel = desk.connection.channel(publisher_confirms=True, on_return_raises=True)
                await channel.initialize()
                try:
                    return await look(channel)
                finally:
                    if not channel.is_closed:
                        await channel.close()
        except aio_pika.exceptions.ChannelNotFoundEntity:
            raise _DoorMissing("a queue is missing: run `samverkan migrate`") from None
        except (Exception, asyncio.CancelledError) as fault:
            if is_cancelled():
                raise
            reason = str(fault) if isinstance(fault, _DoorClosed) else type(fault).__name__
            raise port.TransportUnavailable(f"a look at the queues failed: {reason}") from None

    async def _round_trip(self, channel: AbstractChannel) -> None:
        """A message through a queue like the units'."""
        await self._send(channel.default_exchange, topology.PROBE, b"[]", mandatory=True)
        queue = await channel.get_queue(topology.PROBE, ensure=False)
        for _ in range(_PROBES):
            # Another hub may have fetched ours, and we its.
            if await queue.get(no_ack=True, fail=False) is not None:
                return
            await asyncio.sleep(0.02)
        raise _DoorClosed("it was confirmed and is not there")

    async def close(self) -> None:
        await self._publishing.close()
        await self._hearing.close()
        await self._here.close()


async def _bury_dead(bury: Callable[[Sequence[str]], Awaitable[None]], channel: AbstractChannel) -> None:
    """Each is taken off the queue when it is buried, not before; what is none of ours goes back with the channel."""
    queue = await channel.get_queue(topology.DEAD, ensure=False)
    for _ in range(_DEAD_AT_ONCE):
        message = await queue.get(fail=False)
        if message is None:
            return
        try:
            delivery_ids = batches.load_deliveries(message.body)
        except (ValueError, KeyError, TypeError):
            log.warning("dead_letter_not_understood")
            continue
        await bury(delivery_ids)
        await message.ack()


async def _count_waiting(unit_id: str, channel: AbstractChannel) -> int:
    return await _count_in(topology.inbox_queue(unit_id), channel)


async def _count_in(name: str, channel: AbstractChannel) -> int:
    """By declaring it passively. What is ready to be fetched; what a program holds unacknowledged is not counted."""
    queue = await channel.get_queue(name, ensure=True)
    return queue.declaration_result.message_count or 0
