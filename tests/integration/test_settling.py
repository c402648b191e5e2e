"""When a hub asks for large pages: once it has settled, and not when it has gone by then."""

import asyncio
import threading
from pathlib import Path

import pytest

from hub import bootstrap, large_pages, settings
from hub.api import server as serving


async def _start(data_dir: Path) -> serving.Server:
    server = serving.Server(bootstrap.build_hub(settings.load({"data_dir": data_dir}, {}, None)), "127.0.0.1", 0)
    await server.start()
    return server


async def test_a_hub_that_has_settled_asks_for_large_pages_beside_what_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    loop, here = asyncio.get_running_loop(), threading.get_ident()
    threads = []

    def gather() -> int:
        threads.append(threading.get_ident())
        loop.call_soon_threadsafe(asked.set)
        return 0

    monkeypatch.setattr(large_pages, "gather", gather)
    monkeypatch.setattr(serving, "SETTLED_SECONDS", 0.0)
    server = await _start(tmp_path)
    await asyncio.wait_for(asked.wait(), 60)
    await server.stop()
    assert threads != [here]


async def test_a_hub_that_has_stopped_asks_for_nothing(tmp_path: Path) -> None:
    server = await _start(tmp_path)
    timer = server._settling
    await server.stop()
    assert timer is not None
    assert timer.cancelled()
