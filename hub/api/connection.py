"""What comes before a request is one: bytes that are no HTTP, or too much of it. Answered like every other fault.

The library's own answer repeats what was sent, and so does its log line; here neither does.
"""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from hub.api.app import SAFE_HEADERS
from hub.api.problems import Problem, call_problem

log = structlog.get_logger()


class Connection(web.RequestHandler):
    """One connection of a caller. A fault of HTTP closes it: where the next request begins is not known any more."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to bytes that are no request. Raises `ConnectionError` when another answer has begun already."""
        log.info("no_request", status=status, reason=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way, no other can follow")
        response = _problem(status, exc).response()
        response.headers.update(SAFE_HEADERS)
        response.headers["Server"] = "samverkan"  # else the library names itself and its version
        response.force_close()
        return response


def _problem(status: int, exc: BaseException | None) -> Problem:
    if status >= 500:
        return call_problem("INTERNAL")
    too_large = isinstance(exc, LineTooLong) or str(exc).find("Too many headers") >= 0
    return call_problem("HEADERS_TOO_LARGE" if too_large else "BAD_REQUEST")


class Connections(web.Server):
    """Makes a `Connection` for everybody who connects."""

    def __init__(self, server: web.Server, **options: Any) -> None:
        super().__init__(server.request_handler, request_factory=server.request_factory, **options)
        self._options = options

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=self._loop, **self._options)


class Runner(web.AppRunner):
    """An application served over such connections."""

    async def _make_server(self) -> web.Server:
        return Connections(await super()._make_server(), **self._kwargs)
