"""Listening: sockets, limits on what a slow or rude client may hold, and a clean end."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import threading

import structlog
from aiohttp import web

from hub import large_pages
from hub.api import tls
from hub.api.app import build_app
from hub.api.connection import Runner
from hub.service import Hub

log = structlog.get_logger()

KEEPALIVE_SECONDS = 75.0
# Longer than the longest poll (30 s), so that a waiting inbox is answered before its connection is closed.
DRAIN_SECONDS = 35.0


# How long the rest of a body that nobody will read is taken in, so that its sender hears the answer.
LINGERING_SECONDS = 5.0
# After that long what has been built lies where it stays; a program that lives shorter has nothing of large pages.
SETTLED_SECONDS = 10.0


class CannotListen(Exception):
    """The address cannot be listened on. The text is one sentence for the operator."""


class Server:
    """One hub on one address. Raises `SettingWrong` when TLS is asked for and cannot be had."""

    def __init__(self, hub: Hub, host: str, port: int) -> None:
        self._hub = hub
        self._host = host
        self._port = port
        self._tls = tls.build_context(hub.settings)
        self._settling: asyncio.TimerHandle | None = None
        # Compressed bodies are not unpacked: a small body must not become a large one.
        self._runner = Runner(
            build_app(hub),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEPALIVE_SECONDS,
            shutdown_timeout=DRAIN_SECONDS,
            lingering_time=LINGERING_SECONDS,
        )

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Opens the hub, then the door. Raises `CannotListen`; the hub is closed then."""
        await self._hub.open()
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=1024, ssl_context=self._tls)
        try:
            await site.start()
        except OSError as fault:
            await self.stop()
            raise CannotListen(_sentence(self._host, self._port, fault)) from None
        self._settling = settle()
        log.info("hub_started", url=self.url, store=self._hub.store.technology)

    async def stop(self) -> None:
        """No new connections, requests under way are answered, then the hub closes."""
        if self._settling is not None:
            self._settling.cancel()
        await self._hub.transport.close()  # waiting inboxes answer at once
        await self._runner.cleanup()
        await self._hub.close()
        log.info("hub_stopped")


def settle() -> asyncio.TimerHandle:
    """To be called once all is built: what the process looks after by itself from now on. The handle ends what has not
    begun."""
    _spare_the_collector()
    return asyncio.get_running_loop().call_later(SETTLED_SECONDS, _gather_pages)


def _spare_the_collector() -> None:
    """What the start has built lives as long as the process, so the collector need not look at it again; what a message
    makes dies by its counts, so it need not look often. Measured: a tenth of the time per message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _gather_pages() -> None:
    """Beside what is served. Measured: about a tenth of the time per message."""
    threading.Thread(target=large_pages.gather, name="large-pages", daemon=True).start()


def _sentence(host: str, port: int, fault: OSError) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: stop the other program or choose another with --port."
    if fault.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} may not be opened by this user: choose one above 1023 with --port."
    return f"Cannot listen on {host} port {port}: {fault.strerror or type(fault).__name__}."


async def stop_signal() -> None:
    """Returns when SIGTERM or SIGINT arrives."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    await stopped.wait()
