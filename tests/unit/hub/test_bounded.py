"""Answers of others are read whole, also when they come in pieces, and never without end."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from hub import bounded
from hub.identity import oidc

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_get("/", handler)
        runners.append(web.AppRunner(app, access_log=None, shutdown_timeout=1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}/"

    yield start
    for runner in runners:
        await runner.cleanup()


async def read(url: str, most: int) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await bounded.read(response, most)


async def test_what_comes_in_pieces_is_read_whole(serve: Serve) -> None:
    gate = asyncio.Event()

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"issuer":')
        await gate.wait()
        await response.write(b' "https://op.example"}')
        return response

    url = await serve(in_pieces)
    asking = asyncio.create_task(oidc._fetch("GET", url))
    await asyncio.wait({asking}, timeout=0.2)  # who takes the first piece for the whole has ended by then
    gate.set()
    assert await asking == {"issuer": "https://op.example"}


async def test_a_provider_without_end_is_no_provider(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=json.dumps({"keys": "x" * oidc._LARGEST}))

    with pytest.raises(oidc.ProviderUnavailable):
        await oidc._fetch("GET", await serve(answer))


async def test_an_answer_may_be_as_long_as_was_said_and_no_longer(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 1000)

    url = await serve(answer)
    assert await read(url, 1000) == b"x" * 1000
    with pytest.raises(bounded.TooLong):
        await read(url, 999)


async def test_an_answer_without_end_is_left_after_what_is_wanted(serve: Serve) -> None:
    sent = 0

    async def without_end(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
                sent += 65_536
        except ConnectionError:
            return response

    with pytest.raises(bounded.TooLong):
        await read(await serve(without_end), 100_000)
    assert sent < 100_000_000


async def test_a_bomb_counts_by_what_it_unpacks_to(serve: Serve) -> None:
    async def bomb(_: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})

    with pytest.raises(bounded.TooLong):
        await read(await serve(bomb), 100_000)
