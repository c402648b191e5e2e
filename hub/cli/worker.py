"""`samverkan worker`: what the distributed engine does beside the API. Any number of them share one database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hub.cli import options
from hub.cli.faults import Failed

if TYPE_CHECKING:
    from hub.settings import Settings


def worker(data_dir: options.DataDir = None, config: options.Config = None) -> None:
    """Carry claim checks to the broker and tell what has come due, apart from the API. Needs PostgreSQL and RabbitMQ
    (database_url and broker_url); with the embedded engine `serve` does all of this itself."""
    import uvloop

    from hub.telemetry import logging

    settings = options.load_settings(config, data_dir=data_dir)
    if not settings.has_workers:
        raise Failed("There is nothing for a worker to do: without database_url and broker_url, `serve` does it all.")
    logging.configure(settings.log_level, settings.log_format)
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    import structlog

    from hub import bootstrap
    from hub.api import server

    log = structlog.get_logger()
    stopping = asyncio.create_task(server.stop_signal())
    await asyncio.sleep(0)
    hub = bootstrap.build_hub(settings)
    try:
        await hub.open(serves=False)
        log.info("worker_started", store=hub.store.technology)
        await stopping
    finally:
        stopping.cancel()
        await hub.close()
        log.info("worker_stopped")
