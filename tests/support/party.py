"""An authority's own program as its supplier would write it: HTTP and JSON, nothing of the hub's code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.support import events
from tests.support.hub_process import HubProcess

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The problem's code, None for an answer that is no problem."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return None
        return str(self.json["code"])


class Party:
    """One unit with its token."""

    def __init__(self, session: aiohttp.ClientSession, hub: HubProcess, unit: str, token: str | None = None) -> None:
        self.session = session
        self.hub = hub
        self.unit = unit
        self.token = hub.token(unit) if token is None else token

    async def call(self, method: str, path: str, **parts: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", **parts.pop("headers", {})}
        if not self.token:
            del headers["Authorization"]
        async with self.session.request(method, self.hub.url + path, headers=headers, **parts) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, body: bytes | Any, media_type: str = STRUCTURED, **headers: str) -> Answer:
        """Raw bytes, or anything that JSON can hold, to /v1/messages."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return await self.call("POST", "/v1/messages", data=raw, headers={"Content-Type": media_type, **headers})

    def event(self, type_name: str, body: Any, **attributes: Any) -> dict[str, Any]:
        return events.event(type_name, self.unit, body, at=self._now(), **attributes)

    async def send(self, type_name: str, body: Any, subject: str | None = None, **attributes: Any) -> Answer:
        return await self.post(self.event(type_name, body, subject=subject, **attributes))

    async def tell(self, type_name: str, subject: str | None = None, **parts: Any) -> Answer:
        """A message with defaults; `parts` as for `events.data`."""
        return await self.send(type_name, events.data(type_name, at=self._now(), **parts), subject)

    async def record(self, **parts: Any) -> Answer:
        """A consent, recorded by this unit."""
        body = events.consent(at=self._now(), recorder=self.unit, **parts)
        return await self.send("consent.recorded", body)

    def _now(self) -> datetime:
        return self.hub.now() if isinstance(self.hub, HubProcess) else datetime.now(UTC)

    async def inbox(self, **parameters: Any) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/v1/inbox", params={"limit": 500, **parameters})
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    async def read(self, delivery: str) -> Answer:
        return await self.call("GET", f"/v1/inbox/{delivery}")

    async def acknowledge(self, delivery: str) -> Answer:
        return await self.call("POST", f"/v1/inbox/{delivery}/ack")

    async def report(self, delivery: str, outcome: str, note: str | None = None) -> Answer:
        report = {"outcome": outcome} | ({} if note is None else {"note": note})
        return await self.call("POST", f"/v1/inbox/{delivery}/handled", json=report)

    async def sent(self, message_id: str) -> Answer:
        return await self.call("GET", f"/v1/messages/{message_id}")


def delivery_of(receipt: Answer, unit: str) -> str:
    """The id of a unit's copy, from the sender's receipt."""
    found = [row["delivery"] for row in receipt.json["recipients"] if row["unit"] == unit]
    assert len(found) == 1
    assert found[0] is not None
    return str(found[0])
