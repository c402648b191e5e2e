"""What an operator's probe hears, check by check."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, clock, settings
from hub.api.server import Server
from hub.service import Hub
from tests.support import events, hub_here, persons
from tests.support.field import Field
from tests.support.field import now as field_now

CHECKS = {"store", "transport", "outbox", "log", "keys", "clock", "disk"}


@pytest.fixture
async def well(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[tuple[Field, Hub]]:
    given = settings.load({"data_dir": str(tmp_path / "data")}, {}, None)
    hub = bootstrap.build_hub(given)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    yield Field(session, hub_here.HubHere(server, given)), hub  # type: ignore[arg-type]
    await server.stop()


async def faulty(field: Field) -> set[str]:
    """The checks that find something; every one is there."""
    answer = await field.get("/readyz", verbose="")
    found = {name for name, told in answer.json["checks"].items() if told != "ok"}
    assert set(answer.json["checks"]) == CHECKS
    assert answer.status == (503 if found else 200)
    return found


async def test_a_hub_that_is_well_says_so_of_every_check(well: tuple[Field, Hub]) -> None:
    assert await faulty(well[0]) == set()


async def test_a_master_key_that_is_gone_is_told_before_a_restart_finds_it(well: tuple[Field, Hub]) -> None:
    field, hub = well
    path = hub.settings.data_dir / bootstrap.MASTER_KEY
    key = path.read_bytes()
    path.unlink()
    assert await faulty(field) == {"keys"}
    path.write_bytes(key[:-9])
    path.chmod(0o600)
    assert await faulty(field) == {"keys"}
    path.write_bytes(key)
    assert await faulty(field) == set()


async def test_a_clock_that_went_back_is_told(well: tuple[Field, Hub]) -> None:
    field, hub = well
    usual = hub.clock
    hub.clock = clock.FixedClock(field_now() - timedelta(hours=1))
    assert await faulty(field) == {"clock"}
    hub.clock = usual
    assert await faulty(field) == set()


async def test_a_clock_before_this_program_was_is_told(well: tuple[Field, Hub]) -> None:
    field, hub = well
    hub.clock = clock.FixedClock(clock.EARLIEST - timedelta(days=1))
    assert "clock" in await faulty(field)


async def test_four_hours_without_a_checkpoint_are_told(well: tuple[Field, Hub]) -> None:
    field, hub = well
    await hub.integrator.try_step()
    usual, covered_at = hub.clock, hub.clock.now() - hub.integrator.age_at(hub.clock.now())
    hub.clock = clock.FixedClock(covered_at + timedelta(hours=3, minutes=59))
    assert await faulty(field) == set()
    hub.clock = clock.FixedClock(covered_at + timedelta(hours=5))
    assert await faulty(field) == {"log"}
    hub.clock = usual


async def test_a_hub_whose_log_was_altered_under_it_accepts_nothing_more(well: tuple[Field, Hub]) -> None:
    field, hub = well
    farsta = field.party("sd-farsta")
    edges = [events.edge("sdn-farsta", "sdn-bromma")]
    event = farsta.event("consent.recorded", events.consent(at=field_now(), person=persons.KIM, edges=edges))
    await hub.integrator.try_step()
    with sqlite3.connect(hub.settings.data_dir / "hub.sqlite3") as database:
        database.execute("DELETE FROM audit")
    database.close()
    await hub.integrator.try_step()
    assert "log" in await faulty(field)
    refused = await farsta.post(event)
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    assert await field.party("sd-bromma").inbox() == []
