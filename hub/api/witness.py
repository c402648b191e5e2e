"""The HTTP face of a witness: one call (C2SP tlog-witness)."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import web

from hub.audit.witness import LARGEST_REQUEST, Witness

log = structlog.get_logger()

BODY_SECONDS: Final = 30.0


def build_app(witness: Witness) -> web.Application:
    """The application of one witness."""

    async def add_checkpoint(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(headers={"Connection": "close"}) from None
        answer = witness.add_checkpoint(body)
        log.info("checkpoint_seen", status=answer.status)
        return web.Response(
            body=answer.body.encode(), status=answer.status, headers={"Content-Type": answer.media_type}
        )

    app = web.Application(client_max_size=LARGEST_REQUEST)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    return app


async def serve(witness: Witness, host: str, port: int) -> web.AppRunner:
    """Listens; `addresses` of the runner tells where. Its owner cleans it up."""
    runner = web.AppRunner(build_app(witness), access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
