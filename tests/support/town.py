"""A hub with a clock that the test turns, and parties that live by that clock: stories of months in a moment."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from hub import bootstrap, settings
from hub.api.server import Server
from hub.clock import FixedClock
from hub.service import Hub
from tests.support import events
from tests.support.events import STOCKHOLM
from tests.support.party import Answer, Party

TOKEN_LIFE = timedelta(minutes=10)


def instant(day: str, time: str = "09:00") -> datetime:
    """A time of day in Stockholm."""
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=STOCKHOLM)


class Town:
    """One hub in this process, or several with their workers over one store, seen from outside over HTTP, on the day of
    the story. With several, each call goes to another."""

    def __init__(
        self, session: aiohttp.ClientSession, given: settings.Settings, begins: str, *, hubs: int = 1, workers: int = 0
    ) -> None:
        self.session = session
        self.clock = FixedClock(instant(begins))
        self.servers = [Server(self._build(given), "127.0.0.1", 0) for _ in range(hubs)]
        self.workers = [self._build(given) for _ in range(workers)]
        self.hub = self.servers[0]._hub
        self.data_dir = given.data_dir
        self._issuer = bootstrap.build_issuer(given)
        self._turns = itertools.cycle(self.servers)

    def _build(self, given: settings.Settings) -> Hub:
        return bootstrap.build_hub(given, clock=self.clock)

    async def start(self) -> None:
        for server in self.servers:
            await server.start()
        for worker in self.workers:
            await worker.open(serves=False)

    async def stop(self) -> None:
        for server in self.servers:
            await server.stop()
        for worker in self.workers:
            await worker.close()

    @property
    def url(self) -> str:
        return next(self._turns).url

    def token(self, unit: str) -> str:
        return self._issuer.issue(unit, TOKEN_LIFE, self.clock.now())

    def turn_to(self, day: str, time: str = "09:00") -> None:
        """Time goes on to this moment. It never goes back."""
        by = instant(day, time) - self.clock.now()
        assert by >= timedelta(0)
        self.clock.advance(by)

    async def look_at_the_clock(self) -> None:
        """What has come due is told now, and not whenever the hub looks next."""
        await self.hub.sweep.sweep()

    def party(self, unit: str) -> Neighbour:
        return Neighbour(self, unit)


class Neighbour(Party):
    """A party that takes the date from the town's clock."""

    def __init__(self, town: Town, unit: str) -> None:
        super().__init__(town.session, town, unit, "")  # type: ignore[arg-type]
        self._town = town

    async def call(self, method: str, path: str, **parts: Any) -> Answer:
        self.token = self._town.token(self.unit)  # the last one may be weeks old
        return await super().call(method, path, **parts)

    def event(self, type_name: str, body: Any, **attributes: Any) -> dict[str, Any]:
        return events.event(type_name, self.unit, body, at=self._town.clock.now(), **attributes)

    async def tell(self, type_name: str, subject: str | None = None, **parts: Any) -> Answer:
        return await self.send(type_name, events.data(type_name, at=self._town.clock.now(), **parts), subject)

    async def record(self, **parts: Any) -> Answer:
        body = events.consent(at=self._town.clock.now(), recorder=self.unit, **parts)
        return await self.send("consent.recorded", body)
