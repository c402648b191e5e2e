"""A log behind an address: a hub's `/log`, or static files on any web server."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

import aiohttp

from hub import bounded
from hub.audit import tiles
from hub.audit.sources import Absent

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
# What a hub wants to hear before it shows entries; other servers pass over it.
_WHY: Final = {"reason": "supervision"}
_LARGEST: Final = tiles.WIDTH * (65_535 + 2)


class LogNotReached(Exception):
    """The address does not answer as a log does. The text is one sentence."""


class WebSource:
    """Use it in an `async with`. `token` is for the entries of a hub."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def read(self, path: str) -> bytes:
        """Raises `Absent`, `LogNotReached`."""
        is_entries = path.startswith(f"tile/{tiles.ENTRIES}/")
        headers, query = (self._headers, _WHY) if is_entries else ({}, {})
        try:
            # Redirects are not followed: the token would go wherever they point.
            async with self._session.get(
                f"{self._url}/{path}", headers=headers, params=query, allow_redirects=False
            ) as response:
                if response.status == 404:
                    raise Absent(path)
                if response.status in (401, 403):
                    raise LogNotReached(
                        "The log's entries take a token of somebody who may read them (--token); "
                        "--hashes-only leaves them out."
                    )
                if response.status != 200:
                    raise LogNotReached(f"{self._url} answers {response.status} instead of a log.")
                return await bounded.read(response, _LARGEST)
        except bounded.TooLong:
            raise LogNotReached(f"{self._url} answers with more than any file of a log holds.") from None
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise LogNotReached(f"{self._url} cannot be read ({type(fault).__name__}).") from None
