"""A small hub that answers as it is told to, and keeps every call."""

import asyncio
import json
from collections import deque

from aiohttp import web

RECEIPT = {
    "id": "7d7c6b5a-1f2e-4d3c-8b9a-001122334455",
    "source": "/units/sd-farsta",
    "case": "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11",
    "status": "accepted",
    "recordedtime": "2026-02-02T09:00:00.123Z",
    "rulebook": "sha256:" + "c" * 64,
    "recipients": [
        {
            "unit": "jt-sydost",
            "verdict": "redact",
            "code": None,
            "rule": "referral.submitted/jt",
            "basis": {"code": "CONSENT", "consent": "c1", "version": 1},
            "withheld": ["/content/note"],
            "delivery": "d1",
        }
    ],
    "log": {"index": 1234, "leaf": "ab" * 32},
}
PROBLEM = {
    "type": "urn:samverkan:problem:SCHEMA_INVALID",
    "title": "Meddelandet följer inte schemat",
    "status": 422,
    "code": "SCHEMA_INVALID",
    "detail": "Rätta fälten och skicka igen.",
    "errors": [{"pointer": "/data/content/note", "keyword": "maxLength", "detail": "Texten är för lång."}],
    "recipients": [{"unit": "jt-sydost", "verdict": "refuse", "code": "SCHEMA_INVALID", "rule": "schema"}],
}


def answer(status=200, document=None, **headers):
    """Header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = None if document is None else json.dumps(document).encode()
    return lambda _: web.Response(status=status, body=body, content_type="application/json", headers=named)


def raw(body, status=200):
    return lambda _: web.Response(status=status, body=body, content_type="text/html")


def drop(request):
    """The connection breaks after the hub has read the call, before it answers."""
    request.transport.abort()
    return web.Response()


class SmallHub:
    """Answers from a row of answers, the last of which repeats; keeps every call."""

    def __init__(self):
        self.answers = deque()
        self.calls = []
        self.url = ""

    def will(self, *answers):
        self.answers = deque(answers)

    async def handle(self, request):
        self.calls.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        given = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        found = given(request)
        return await found if asyncio.iscoroutine(found) else found

    @property
    def bodies(self):
        return [body for *_, body in self.calls]

    @property
    def targets(self):
        return [f"{method} {target}" for method, target, *_ in self.calls]
