"""A whole hub in one process, with a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub import bootstrap, clock, settings
from hub.audit import matching
from hub.service import Hub
from tests.support import events, judging


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = bootstrap.build_hub(
        given,
        clock=clock.FixedClock(judging.NOON),
        registry=events.catalogue(),
        directory=judging.directory(),
        rulebook=judging.rules(),
    )
    await hub.open()
    yield hub
    with bootstrap.open_reader(given) as reader:  # type: ignore[attr-defined]
        assert not matching.compare(reader).differences  # whatever the test did, the log tells of it
    await hub.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
