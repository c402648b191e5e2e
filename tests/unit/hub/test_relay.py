"""The relay: what is committed is published, again until somebody has it, and never lost by stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.commit_group import GroupCommitted, Overloaded
from hub.delivery import relay as relays
from hub.delivery.dead_letters import BuryDelivery
from hub.delivery.relay import MarkPublished, PublicationMarking, Relay
from hub.store.port import StoreUnavailable
from hub.store.records import Changes, ClaimCheck
from hub.transport.port import TransportUnavailable

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def claim(name: str) -> ClaimCheck:
    return ClaimCheck(name, "jt-sydost", f"message-{name}", "plan.decided", "/units/sd-farsta", "case", 1, NOON)


@dataclass
class Outbox:
    """The store, the commit group and the transport together, as far as a relay sees them."""

    unpublished: dict[str, ClaimCheck] = field(default_factory=dict)
    published: list[list[str]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    mark_faults: list[Exception] = field(default_factory=list)
    listener: Callable[[GroupCommitted], None] | None = None
    poison: set[str] = field(default_factory=set)
    buried: list[BuryDelivery] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_commit(self, listener: Callable[[GroupCommitted], None]) -> None:
        self.listener = listener

    def reader(self) -> Outbox:
        return self

    def list_unpublished(self, *, limit: int) -> list[ClaimCheck]:
        return list(self.unpublished.values())[:limit]

    async def publish(self, claims: Sequence[ClaimCheck]) -> Sequence[ClaimCheck]:
        self.changed.set()
        if self.faults:
            raise self.faults.pop(0)
        if self.poison & {each.delivery_id for each in claims}:
            raise RuntimeError("unforeseen")
        self.published.append([each.delivery_id for each in claims])
        return ()

    async def submit(self, command: MarkPublished | BuryDelivery) -> None:
        if isinstance(command, BuryDelivery):
            self.buried.append(command)
            self.unpublished.pop(command.delivery_id, None)
            return
        if self.mark_faults:
            raise self.mark_faults.pop(0)
        for delivery_id in command.delivery_ids:
            self.unpublished.pop(delivery_id, None)
        self.changed.set()

    def commit(self, *names: str) -> None:
        """As when a commit group has written these."""
        claims = [claim(name) for name in names]
        self.unpublished |= {each.delivery_id: each for each in claims}
        assert self.listener is not None
        ledger: Any = type("Heard", (), {"claims": claims})()
        self.listener(GroupCommitted(ledger, len(names), 0.0))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await self.changed.wait()
                self.changed.clear()
                await asyncio.sleep(0)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "RETRY_SECONDS", 0.001)


def make(outbox: Outbox) -> Relay:
    return Relay(outbox, outbox, outbox)  # type: ignore[arg-type]


async def with_relay(outbox: Outbox, work: Callable[[], Awaitable[None]]) -> None:
    relay = make(outbox)
    relay.start()
    await work()
    await relay.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_publishes_what_was_committed_and_notes_it(outbox: Outbox) -> None:
    async def work() -> None:
        outbox.commit("a", "b")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.published == [["a", "b"]]


async def test_finds_at_its_start_what_an_earlier_process_left(outbox: Outbox) -> None:
    outbox.unpublished = {name: claim(name) for name in "abc"}

    async def work() -> None:
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.published == [["a", "b", "c"]]


async def test_a_large_outbox_goes_in_parts(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "BATCH", 2)
    outbox.unpublished = {name: claim(name) for name in "abcde"}

    async def work() -> None:
        await outbox.until(lambda: not outbox.unpublished)
        outbox.commit(*"fgh")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.published == [["a", "b"], ["c", "d"], ["e"], ["f", "g"], ["h"]]


@pytest.mark.parametrize("fault", [TransportUnavailable("away"), RuntimeError("unforeseen")])
async def test_tries_again_until_the_transport_takes_it(outbox: Outbox, fault: Exception) -> None:
    async def work() -> None:
        outbox.faults = [fault, fault]
        outbox.commit("a")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.published == [["a"]]


@pytest.mark.parametrize("fault", [StoreUnavailable("full"), Overloaded()])
async def test_publishes_again_when_it_could_not_be_noted(outbox: Outbox, fault: Exception) -> None:
    async def work() -> None:
        outbox.mark_faults = [fault]
        outbox.commit("a")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.published == [["a"], ["a"]]  # twice is harmless, never is not


async def test_stopping_publishes_what_it_has_heard_of(outbox: Outbox) -> None:
    relay = make(outbox)
    relay.start()
    outbox.commit("a")
    await relay.stop()
    assert outbox.published == [["a"]]
    await relay.stop()  # twice is fine


async def test_stopping_leaves_to_the_next_start_what_cannot_be_published(outbox: Outbox) -> None:
    relay = make(outbox)
    relay.start()
    outbox.faults = [TransportUnavailable("away")] * 50
    outbox.commit("a")
    async with asyncio.timeout(5):
        await relay.stop()
    assert outbox.published == []
    assert set(outbox.unpublished) == {"a"}


async def test_a_claim_check_that_nobody_can_publish_holds_up_no_other_and_dies_after_five_attempts(
    outbox: Outbox,
) -> None:
    outbox.poison = {"b"}

    async def work() -> None:
        outbox.commit("a", "b", "c")
        await outbox.until(lambda: list(outbox.unpublished) == ["b"])
        for number in range(5):
            outbox.commit(f"d{number}")  # others get through in the meantime
            await outbox.until(lambda: len(outbox.unpublished) <= 1)
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert [(each.delivery_id, each.reason.value, each.attempts) for each in outbox.buried] == [("b", "poison", 5)]
    assert outbox.published[:2] == [["a"], ["c"]]


async def test_a_fault_of_everything_buries_nothing(outbox: Outbox) -> None:
    async def work() -> None:
        outbox.faults = [RuntimeError("unforeseen")] * 60
        outbox.commit("a", "b")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert outbox.buried == []


async def test_what_is_remembered_while_nothing_gets_through_has_an_end_and_nothing_is_lost(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "MOST_FRESH", 10)
    relay = make(outbox)
    relay.start()
    outbox.faults = [TransportUnavailable("away")] * 20
    for number in range(500):
        outbox.commit(f"m{number}")
        assert len(relay._fresh) <= 10
    await outbox.until(lambda: not outbox.unpublished)
    await relay.stop()
    assert sorted(name for batch in outbox.published for name in batch) == sorted(f"m{number}" for number in range(500))


def test_a_process_whose_relay_does_not_run_remembers_nothing(outbox: Outbox) -> None:
    relay = make(outbox)
    outbox.commit("a", "b")
    assert len(relay._fresh) == 0


async def test_order_is_kept(outbox: Outbox) -> None:
    async def work() -> None:
        outbox.faults = [TransportUnavailable("away")]
        outbox.commit("a")
        outbox.commit("b")
        outbox.commit("c")
        await outbox.until(lambda: not outbox.unpublished)

    await with_relay(outbox, work)
    assert [name for batch in outbox.published for name in batch] == ["a", "b", "c"]


def test_marking_is_one_change_of_the_group() -> None:
    ledger: Any = type("Ledger", (), {"changes": Changes()})()
    PublicationMarking().handle(ledger, MarkPublished(("a", "b")))
    assert ledger.changes.published == ["a", "b"]
