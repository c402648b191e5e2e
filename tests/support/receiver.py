"""A unit's own endpoint, as its supplier would write it: it believes what the foreign library verifies."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(slots=True)
class Receiver:
    """Answers with `answers` in turn, the last of which goes on; keeps what was verified with `secret`."""

    secret: str = ""
    answers: deque[Any] = field(default_factory=lambda: deque([204]))
    taken: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    forged: int = 0
    elsewhere: int = 0
    url: str = ""
    runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        app.router.add_route("*", "/{tail:.*}", self._lose_the_way)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.ids.append(request.headers["webhook-id"])
        self.headers.append(dict(request.headers))
        try:
            Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            found: web.StreamResponse = await answer(request)
            return found
        if answer < 300:
            self.taken.append(json.loads(body))
        return web.Response(status=answer)

    async def _lose_the_way(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response(status=204)
