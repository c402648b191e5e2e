"""A recipient who is away for a day costs the disk, not the memory: counted in objects, not in time."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import aclosing

import pytest

from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.records import ClaimCheck, StoredDelivery, StoredMessage
from schemas import envelope as envelopes
from schemas.envelope import Envelope
from tests.support import events

pytestmark = pytest.mark.slow  # it takes many messages to tell growth from a buffer

KINDS = (ClaimCheck, StoredDelivery, StoredMessage, Envelope, asyncio.Task)


def held() -> Counter[str]:
    """How many of what a message is made of are alive."""
    gc.collect()
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, KINDS))


async def send(hub: Hub, count: int) -> None:
    edges = [events.edge("sdn-farsta", "utbn")]
    bodies = [events.consent(at=hub.clock.now(), edges=edges) for _ in range(count)]
    sent = [events.event("consent.recorded", "sd-farsta", body, at=hub.clock.now()) for body in bodies]
    answers = await asyncio.gather(*(hub.accept(envelopes.parse_structured(event), "sd-farsta") for event in sent))
    assert all(isinstance(answer, Accepted) for answer in answers)


async def test_nothing_of_what_waits_is_kept_in_memory(hub: Hub) -> None:
    await send(hub, 200)
    before = held()
    for _ in range(3):
        await send(hub, 200)
    grown = held() - before
    assert sum(grown.values()) <= 20, grown
    assert len(hub.reader.list_inbox("sfi-stockholm", limit=1000, at=hub.clock.now())) == 800


async def test_a_listener_that_reads_nothing_is_told_no_more_than_so_much(hub: Hub) -> None:
    async with hub.transport.subscribe("sfi-stockholm"), aclosing(hub.following.follow("sfi-stockholm", 0)) as pages:
        await send(hub, 200)
        await send(hub, 200)
        await anext(pages)  # takes one page, and then nothing
        before = held()
        for _ in range(2):
            await send(hub, 200)
        grown = held() - before
        assert sum(grown.values()) <= 20, grown
