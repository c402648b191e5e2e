"""One POST to a unit's endpoint: bounded in time and size, following nothing, believing only the status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import aiohttp
from yarl import URL

from hub.client import retry_after
from hub.push.addresses import AddressRefused, CheckedResolver, Destinations, checked_socket

MEDIA_TYPE: Final = "application/cloudevents+json"
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
# Enough for a polite word; whoever says more is not listened to.
LARGEST_ANSWER: Final = 16 * 1024
AT_ONCE: Final = 64


class Result(StrEnum):
    TAKEN = "taken"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. `why` is a status or the kind of a fault, for the log."""

    result: Result
    why: str
    retry_after: timedelta | None = None


class Caller(Protocol):
    """Makes the calls."""

    async def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Never raises for what the other side does."""

    async def close(self) -> None: ...


class WebhookCaller:
    """Keeps connections open between calls. Cookies, proxies of the environment and redirects are not its own."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        try:
            address = URL(self._destinations.check_url(url))
            async with self._open(address.scheme).post(
                address,
                data=body,
                headers={**headers, "Content-Type": MEDIA_TYPE, "Accept-Encoding": "identity"},
                allow_redirects=False,
            ) as response:
                outcome = _judge(response)
                await _read_no_more_than(response, LARGEST_ANSWER)
                return outcome
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as fault:
            return Outcome(Result.FAILED, _name(fault))

    def _open(self, scheme: str) -> aiohttp.ClientSession:
        if scheme not in self._sessions:
            destinations = self._destinations.for_scheme(scheme)
            connector = aiohttp.TCPConnector(
                resolver=CheckedResolver(destinations),
                socket_factory=partial(checked_socket, destinations),
                use_dns_cache=False,
                limit=AT_ONCE,
            )
            self._sessions[scheme] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
                headers={"User-Agent": "Samverkan"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[scheme]

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


def _judge(response: aiohttp.ClientResponse) -> Outcome:
    status = str(response.status)
    if 200 <= response.status < 300:
        return Outcome(Result.TAKEN, status)
    if response.status == 410:
        return Outcome(Result.GONE, status)
    return Outcome(Result.FAILED, status, retry_after.read(response.headers))


async def _read_no_more_than(response: aiohttp.ClientResponse, most: int) -> None:
    """So that the connection can be used again. An answer that is longer, or does not come, changes no outcome."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            left = most
            while left > 0 and (chunk := await response.content.read(left)):
                left -= len(chunk)
            if left > 0:
                return
    except (aiohttp.ClientError, TimeoutError):
        pass  # the status has come, and it alone is the outcome
    response.close()


def _name(fault: BaseException) -> str:
    """The kind of the fault. Its text may hold the address, which may hold a secret of the unit's."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return "address_refused"
        cause = getattr(cause, "os_error", None) or cause.__cause__
    return "timeout" if isinstance(fault, TimeoutError) else type(fault).__name__
