"""A program that listens to its inbox as a stream, written from the standard: nothing of the hub's code."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.party import Party

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    data: dict[str, Any]


class Listener:
    """One connection. `next` gives the next event; `lines` has every line that came."""

    def __init__(self, party: Party, last: str | None = None, **parameters: str) -> None:
        self._party = party
        self._headers = {"Authorization": f"Bearer {party.token}"} | ({"Last-Event-ID": last} if last else {})
        self._parameters = parameters
        self.lines: list[str] = []

    async def __aenter__(self) -> Self:
        url = f"{self._party.hub.url}/v1/inbox/stream"
        self.response: aiohttp.ClientResponse = await self._party.session.get(
            url, headers=self._headers, params=self._parameters
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.response.close()

    async def next(self) -> Event | None:
        """None at the end of the stream."""
        found: dict[str, str] = {}
        while line := await self.line():
            if line == "\n":
                if "data" in found:
                    return Event(found["id"], json.loads(found["data"]))
                found = {}
                continue
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value
        return None

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE):
            line = (await self.response.content.readline()).decode()
        self.lines.append(line)
        return line
