from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.store import port as store_port
from hub.transport import port as transport_port
from tests.contract import technologies


@pytest.fixture(params=sorted(technologies.STORES))
def technology(request: pytest.FixtureRequest, tmp_path: Path) -> technologies.StoreTechnology:
    place = request.getfixturevalue("database_url") if request.param == "postgres" else str(tmp_path)
    return technologies.STORES[request.param](place)


@pytest.fixture
async def store(technology: technologies.StoreTechnology) -> AsyncIterator[store_port.Store]:
    store = technology.open()
    yield store
    store.close()
    assert technology.leftovers() == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture(params=sorted(technologies.TRANSPORTS))
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[transport_port.Transport]:
    place = request.getfixturevalue("broker_url") if request.param == "rabbit" else ""
    transport = await technologies.TRANSPORTS[request.param](place)
    yield transport
    await transport.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
