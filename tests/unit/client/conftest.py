"""The small hub on a port of its own, and a client whose waits take no time but are written down."""

import asyncio

import pytest
import stamina.instrumentation
from aiohttp import web

from hub.client.calling import Patience
from hub.client.client import HubClient
from tests.unit.client.small_hub import SmallHub


@pytest.fixture
async def small_hub():
    hub = SmallHub()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", hub.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield hub
    await runner.cleanup()


@pytest.fixture
def waits(monkeypatch):
    """What would have been slept, in seconds."""
    slept = []
    real = asyncio.sleep

    async def sleep(seconds, result=None):
        slept.append(round(seconds, 3))
        return await real(0, result)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    kept = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([])
    yield slept
    stamina.instrumentation.set_on_retry_hooks(kept)


@pytest.fixture
async def client(small_hub, waits):
    async with HubClient(small_hub.url, "secret-token", patience=Patience(attempts=4)) as found:
        yield found


@pytest.fixture
async def free_port():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
