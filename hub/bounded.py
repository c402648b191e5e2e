"""What others answer when the hub calls them: read whole, but no more of it than was thought likely."""

from __future__ import annotations

from typing import Final

import aiohttp

_CHUNK: Final = 65_536


class TooLong(Exception):
    """There is more of the answer than is wanted. Nothing of it is kept."""


async def read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """All of the body, unpacked where it came compressed. Raises `TooLong` as soon as it is longer than `most` bytes,
    whatever its headers say."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > most:
            raise TooLong
    return bytes(content)
