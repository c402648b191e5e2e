"""The transport's contract: claim checks to the units' doors. `tests/contract` runs it over every technology.

A transport promises at-least-once while it lives and nothing after a crash: the outbox in the store is the truth,
and the relay publishes again what no recipient has acknowledged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hub.store.records import ClaimCheck


class TransportUnavailable(Exception):
    """The transport took nothing, or does not know. The outbox rows stay; publish again later."""


class QueueKind(Enum):
    """What a queue of the transport holds."""

    CLAIMS = "claims"
    """Claim checks that a unit's own program has not fetched."""
    DEAD = "dead"
    """Claim checks that units' programs have rejected and that the hub has not buried yet."""
    BELLS = "bells"
    """What rings for those who listen at this process and has not been heard."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds; None when it does not say. `unit_id` is whose it is, if it is one unit's."""

    kind: QueueKind
    unit_id: str | None
    messages: int | None


class Subscription(Protocol):
    """One listener at a unit's door."""

    async def next(self, timeout: float) -> Sequence[ClaimCheck]:
        """The claim checks since the last call, in order; empty when `timeout` seconds passed without any, or when some
        may have gone by unheard: the inbox has them.

        A listener that fell far behind hears only the newest: the inbox has the rest. Raises `TransportUnavailable`
        once the transport is closed."""


class Transport(Protocol):
    @property
    def is_immediate(self) -> bool:
        """True when the unit's door is the store itself: a claim check is there as soon as it is committed, and
        publishing only rings the bell. The outbox then needs no second commit to say so."""

    async def publish(self, claims: Sequence[ClaimCheck]) -> Sequence[ClaimCheck]:
        """Hands claim checks to their units' doors; returns when they are there, with those whose unit's door takes
        nothing now and did not get them. Raises `TransportUnavailable`: which ones are there is not known. Any other
        exception is the fault of one of the claim checks, and nobody has got any."""

    async def look_at_doors(self) -> Mapping[str, bool | None]:
        """Of each unit whose door keeps claim checks apart from the store, whether it keeps none now, because all were
        taken or lost; None when it does not say, or was gone and has been made anew. Raises `TransportUnavailable`."""

    def is_missing(self, unit_id: str) -> bool:
        """Whether the unit's door was not there when something was handed to it last."""

    async def take_dead(self, bury: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        """Hands over the ids of deliveries whose claim checks the units' own programs have rejected for good, some at a
        time; they are forgotten once `bury` has returned. Raises `TransportUnavailable`."""

    def subscribe(self, unit_id: str) -> AbstractAsyncContextManager[Subscription]:
        """Hears all that is published for the unit after entering. Listeners do not take from each other."""

    async def probe(self) -> None:
        """Raises `TransportUnavailable` when a claim check could not get through now."""

    async def measure(self) -> Sequence[Depth]:
        """How full the transport's own queues are: for people, who should not make it ask the broker at each look. A
        queue that is missing or does not answer has no number. Raises `TransportUnavailable` when none can be asked."""

    async def close(self) -> None:
        """Wakes every listener with nothing. Closing twice is fine."""
