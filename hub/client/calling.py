"""One call to the hub, tried again as long as that can help. Every call of the interface is safe to
repeat."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

import aiohttp
import pydantic
import stamina

from hub.client import retry_after
from hub.client.answers import Problem
from hub.client.errors import AnswerNotUnderstood, HubUnavailable, NotAuthenticated, Refused
from schemas import strict_json


class Credentials(Protocol):
    """Knows what a call carries to show who calls."""

    async def headers(self, method: str, url: str) -> dict[str, str]: ...


Signed = Callable[[str], Mapping[str, str]]
Token = str | Callable[[], Awaitable[str]] | Credentials
T = TypeVar("T")

JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
_WORTH_TRYING_AGAIN: Final = frozenset({429, 502, 503, 504})
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call is tried. Waits grow from `first_wait` to `longest_wait` with a random part of up to
    `jitter`; a Retry-After of the hub goes before them, up to `longest_retry_after`."""

    attempts: int = 8
    total: timedelta = timedelta(seconds=90)
    first_wait: timedelta = timedelta(seconds=0.1)
    longest_wait: timedelta = timedelta(seconds=5)
    jitter: timedelta = timedelta(seconds=1)
    longest_retry_after: timedelta = timedelta(seconds=60)
    connect: timedelta = timedelta(seconds=5)
    answer: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a call that succeeded. `document` is None for an empty answer, a `str` for plain text."""

    status: int
    document: Any


class _TryAgain(Exception):
    """This attempt failed in a way that another may not. Never leaves this module."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Line:
    """The connection to one hub as one unit. The session's owner closes it."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: Token | None, patience: Patience) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._patience = patience

    async def call(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        media_type: str = JSON,
        held: timedelta = timedelta(0),
        signed: Signed | None = None,
    ) -> Answer:
        """The hub's answer. `path` is given in segments; `held` is how long the hub may hold it back before it is late;
        `signed` gives what each attempt carries more, for the address that is called.

        Raises `Refused`, `NotAuthenticated`, `HubUnavailable`, `AnswerNotUnderstood`."""
        url = _address(self._base_url, path)
        return await self._persist(lambda: self._try(method, url, query or {}, body, media_type, held, signed), held)

    @asynccontextmanager
    async def stream(
        self, *path: str, silence: timedelta, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer that goes on and on, line by line; `silence` is how long it may pause. Raises as `call` does until
        it has begun, and aiohttp's own errors and `TimeoutError` when it breaks afterwards."""
        async with self.open(*path, silence=silence, headers=headers, kinds=(EVENT_STREAM,)) as response:
            yield response.content

    @asynccontextmanager
    async def open(
        self, *path: str, silence: timedelta, headers: Mapping[str, str] | None = None, kinds: Container[str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer of one of these media types whose content is still to be read. Raises as `stream` does."""
        url = _address(self._base_url, path)
        response = await self._persist(lambda: self._begin(url, headers or {}, silence, kinds), timedelta(0))
        try:
            yield response
        finally:
            response.close()

    async def _begin(
        self, url: str, headers: Mapping[str, str], silence: timedelta, kinds: Container[str]
    ) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=self._patience.connect.total_seconds(),
            sock_read=silence.total_seconds(),
        )
        sent = {**await self._headers("GET", url, None), **headers}
        with _translated():
            response = await self._session.get(url, headers=sent, timeout=timeout, allow_redirects=False)
        if response.status == 200 and response.content_type in kinds:
            return response
        async with response:
            if response.status != 200:
                with _translated():
                    _read_answer(response, await response.read())
        raise AnswerNotUnderstood("an answer of another media type")

    async def _persist(self, attempt_once: Callable[[], Awaitable[T]], held: timedelta) -> T:
        patience = self._patience
        attempts = stamina.retry_context(
            on=self._pause_after,
            attempts=patience.attempts,
            timeout=patience.total + held,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await attempt_once()
        except _TryAgain as last:
            raise HubUnavailable(last.reason) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _pause_after(self, error: Exception) -> bool | timedelta:
        """Whether to try again; a time says when."""
        if not isinstance(error, _TryAgain):
            return False
        if error.retry_after is None:
            return True
        return min(max(error.retry_after, timedelta(0)), self._patience.longest_retry_after)

    async def _try(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        body: bytes | None,
        media_type: str,
        held: timedelta,
        signed: Signed | None,
    ) -> Answer:
        headers = await self._headers(method, url, media_type if body is not None else None)
        headers |= signed(url) if signed is not None else {}
        timeout = aiohttp.ClientTimeout(
            total=(self._patience.answer + held).total_seconds(),
            sock_connect=self._patience.connect.total_seconds(),
        )
        with _translated():
            # Redirects are not followed: the token would go wherever they point.
            async with self._session.request(
                method, url, params=query, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await response.read()
        return _read_answer(response, raw)

    async def _headers(self, method: str, url: str, media_type: str | None) -> dict[str, str]:
        return {**({"Content-Type": media_type} if media_type else {}), **await self._shown(method, url)}

    async def _shown(self, method: str, url: str) -> dict[str, str]:
        if self._token is None:
            return {}
        if isinstance(self._token, str):
            return {"Authorization": f"Bearer {self._token}"}
        # Asked for by name: a function may be anything that can be called, also an object with more to it.
        if (headers := getattr(self._token, "headers", None)) is not None:
            return dict(await headers(method, url))
        assert callable(self._token)
        return {"Authorization": f"Bearer {await self._token()}"}


@contextmanager
def _translated() -> Iterator[None]:
    """What the connection did, in the words of this library."""
    try:
        yield
    except aiohttp.ClientSSLError as error:
        raise HubUnavailable(type(error).__name__) from None
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
        raise _TryAgain(type(error).__name__) from None
    except aiohttp.ClientError as error:
        raise AnswerNotUnderstood(type(error).__name__) from None


def _address(base_url: str, path: Sequence[str]) -> str:
    """Raises `ValueError` for an id that would lead elsewhere; a hub has none like that."""
    if not all(map(_SEGMENT.fullmatch, path)):
        raise ValueError("an id is made of letters, digits, hyphens and inner dots")
    return "/".join((base_url, *path))


def _read_answer(response: aiohttp.ClientResponse, raw: bytes) -> Answer:
    status = response.status
    if status in _WORTH_TRYING_AGAIN:
        raise _TryAgain(str(status), retry_after.read(response.headers))
    if 400 <= status < 500:
        problem = _read_problem(status, raw)
        raise NotAuthenticated(problem) if status == 401 else Refused(problem)
    if status >= 500:
        raise HubUnavailable(str(status))
    if not 200 <= status < 300:
        raise AnswerNotUnderstood(f"status {status}")
    is_text = response.content_type == "text/plain"
    return Answer(status, _read_text(raw) if is_text else _load(raw) if raw else None)


def _read_text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise AnswerNotUnderstood("not UTF-8") from None


def _load(raw: bytes) -> Any:
    try:
        return strict_json.loads(raw)
    except strict_json.NotJson as error:
        raise AnswerNotUnderstood(f"not JSON ({error.reason})") from None


def _read_problem(status: int, raw: bytes) -> Problem:
    """A proxy before the hub may answer without a problem document; the status is then all there is."""
    try:
        return Problem.model_validate({**strict_json.loads(raw), "status": status})
    except (strict_json.NotJson, pydantic.ValidationError, TypeError):
        return Problem(status=status)
