"""A hub that listens, and the messages of one referral."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub import bootstrap, settings
from hub.api.server import Server
from hub.client.client import HubClient
from hub.clock import FixedClock
from schemas.registry import Registry

MORNING = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
NUMBER = "199001012385"


@dataclass
class Town:
    """One hub on a free port; its clock stands still."""

    url: str
    clock: FixedClock
    hub_settings: settings.Settings

    def token(self, unit: str) -> str:
        return bootstrap.build_issuer(self.hub_settings).issue(unit, timedelta(minutes=15), self.clock.now())

    def client(self, unit: str) -> HubClient:
        return HubClient(self.url, self.token(unit))


@asynccontextmanager
async def open_town(data_dir: Path) -> AsyncIterator[Town]:
    chosen = settings.load({"data_dir": data_dir, "port": 0, "allow_test_numbers": True}, {}, None)
    clock = FixedClock(MORNING)
    server = Server(bootstrap.build_hub(chosen, clock=clock), "127.0.0.1", 0)
    await server.start()
    try:
        yield Town(server.url, clock, chosen)
    finally:
        await server.stop()


def example(name: str) -> dict[str, Any]:
    """The published example of a message type, as the shorthand of a file drop with its time."""
    document = Registry.load().get_type(name).document
    data: dict[str, Any] = json.loads(json.dumps(document["examples"][0]))
    return {"type": name, "time": MORNING.isoformat(), "data": data}


def withdrawal() -> dict[str, Any]:
    """The whole consent of the examples is taken back, now."""
    withdrawn = example("consent.withdrawn")
    withdrawn["data"]["handling"]["occurred_at"] = MORNING.isoformat()
    content = withdrawn["data"]["content"]
    content["effective_at"] = MORNING.isoformat()
    content["scope"] = "all"
    del content["categories"]
    return withdrawn
