"""What the adapter asks of a hub: a part of `hub.client.client.HubClient`, so that a test can stand in for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

from hub.client import answers
from hub.client.client import Event, Outcome
from schemas.envelope import Envelope


class HubPort(Protocol):
    """Every call may be repeated. Raises `hub.client.errors.HubError` and its kinds."""

    async def send(self, event: Event) -> answers.Receipt: ...

    async def inbox(
        self, *, wait: timedelta = ..., limit: int | None = ..., cursor: str | None = ...
    ) -> answers.InboxPage: ...

    async def fetch(self, delivery_id: str) -> Envelope: ...

    async def ack(self, delivery_id: str) -> None: ...

    async def handled(self, delivery_id: str, outcome: Outcome, note: str | None = None) -> None: ...


def describe(answer: answers.Receipt | answers.Problem) -> dict[str, Any]:
    """The answer as a document to be laid beside the file."""
    # Whether the hub had the message already depends on our retries and is nothing about the message.
    return answer.model_dump(mode="json", exclude={"repeated"})
