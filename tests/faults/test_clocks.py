"""Row 17: the clock is wrong, by minutes, an hour, a year and more, forwards and backwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.audit.timekeeping import SKEW
from hub.store.records import AuditQuery
from tests.faults import traffic, worlds
from tests.faults.conftest import runs
from tests.faults.history import History
from tests.support.events import STOCKHOLM
from tests.support.field import Field, OpenCase
from tests.support.party import Party

pytestmark = pytest.mark.faults

HOUR, YEAR = timedelta(hours=1), timedelta(days=400)
SHIFTS = (HOUR, -HOUR, YEAR, -YEAR, timedelta(seconds=50), timedelta(seconds=-50), HOUR / 2, -HOUR / 2)
ONE = timedelta(seconds=1)
# What comes due by a wrong clock comes due: that is not asked here.
ENVIRON = {"FAULTS_CLOCK": "clock", "SAMVERKAN_DEADLINE_SWEEP_SECONDS": "86400"}


@dataclass(frozen=True)
class Engine:
    """A hub, and what names its servers where it has any."""

    hub: worlds.FaultyHub
    servers: Mapping[str, str]


def until_noon() -> timedelta:
    """So that an hour more or less is the same day."""
    now = datetime.now(STOCKHOLM)
    return now.replace(hour=12, minute=0) - now


def by_this_clock(field: Field, case: OpenCase) -> OpenCase:
    """With tokens of the hub's present time."""
    return replace(case, stadsdel=field.party(case.stadsdel.unit), jobbtorg=field.party(case.jobbtorg.unit))


async def assert_tokens_are_judged_by(hub: worlds.FaultyHub, field: Field, unit: str) -> None:
    """With a minute for what clocks may differ."""
    issuer = bootstrap.build_issuer(settings.load({"data_dir": hub.data_dir}, {}, None))
    life = timedelta(minutes=10)
    # When it was issued, against the hub's clock; a test that stands still for half a minute is not to matter.
    for age, expected in ((life + 30 * ONE, 200), (life + 61 * ONE, 401), (-30 * ONE, 200), (-120 * ONE, 401)):
        token = issuer.issue(unit, life, hub.now() - age)
        answer = await Party(field.session, hub, unit, token).call("GET", "/v1/inbox?limit=1")
        assert answer.status == expected, age


async def go_on(record: History, case: OpenCase, version: int, at: datetime) -> int:
    """A proposal, its approval, and both taken over; the status of the first answer."""
    for decision in (None, "approved"):
        answer = await traffic.send(record, *traffic.plan_event(case, version, decision, at))
        if answer.status != 202:
            return int(answer.status)
    for party in (case.stadsdel, case.jobbtorg):
        for item in await party.inbox():
            await traffic.take(record, party, item)
    return 202


@pytest.fixture(params=["SQLite", "PostgreSQL and RabbitMQ"])
async def engine(
    request: pytest.FixtureRequest, start_faulty: Callable[..., worlds.FaultyHub], tmp_path: Path
) -> AsyncIterator[Engine]:
    """A hub whose clock is in the test's hands."""
    with ExitStack() as standing:
        servers: dict[str, str] = {}
        if request.param != "SQLite":
            broker = request.getfixturevalue("broker")
            servers["SAMVERKAN_DATABASE_URL"] = request.getfixturevalue("database_url")
            servers["SAMVERKAN_BROKER_URL"] = standing.enter_context(broker.virtual_host())
            await bootstrap.prepare(settings.load({"data_dir": tmp_path / "hub-0" / "data"}, servers, None))
        hub = await asyncio.to_thread(lambda: start_faulty(**ENVIRON, **servers))
        yield Engine(hub, servers)
        await asyncio.to_thread(hub.kill)


async def test_row_17_the_clock_is_wrong(
    engine: Engine,
    opened: aiohttp.ClientSession,
    record: History,
    chance: random.Random,
) -> None:
    """Tokens and consents count by the clock as it is, and again when it is right again; order rests on no clock."""
    hub, right = engine.hub, until_noon()
    hub.set_clock(right)
    field = Field(opened, hub)
    [under_way] = await traffic.open_cases(record, field, 1)
    [waiting] = await traffic.open_cases(record, field, 1)
    copy = (await traffic.send(record, *traffic.plan_event(waiting, 1, None, hub.now()))).json["recipients"][0]
    path, version = f"/v1/inbox/{copy['delivery']}", 1
    shifts = [*SHIFTS, *chance.choices(SHIFTS, k=100)][: runs(12, 100)]
    for by in shifts:
        hub.set_clock(right + by)
        case, others = by_this_clock(field, under_way), by_this_clock(field, waiting)
        await assert_tokens_are_judged_by(hub, field, case.stadsdel.unit)
        is_covered = abs(by) <= HOUR
        assert await go_on(record, case, version, hub.now()) == (202 if is_covered else 403)
        assert (await others.stadsdel.call("GET", path)).status == (200 if is_covered else 410)
        version += is_covered
        hub.set_clock(right)
        case, others = by_this_clock(field, under_way), by_this_clock(field, waiting)
        assert await go_on(record, case, version, hub.now()) == 202
        assert (await others.stadsdel.call("GET", path)).status == 200
        version += 1
    for item in await others.stadsdel.inbox():
        await traffic.take(record, others.stadsdel, item)
    await asyncio.to_thread(worlds.note_end, record, hub.data_dir, engine.servers)
    assert count_steps_back(engine) >= sum(by > SKEW for by in shifts)


def count_steps_back(engine: Engine) -> int:
    """How often the log says so; between two of these its times grow."""
    many, newest = 0, datetime.min.replace(tzinfo=UTC)
    reader = bootstrap.open_reader(settings.load({"data_dir": engine.hub.data_dir}, engine.servers, None))
    for row in reader.list_audit(AuditQuery(limit=100_000)):
        if row.action == "clock_went_back":
            many, newest = many + 1, row.at
        assert row.at + SKEW >= newest
        newest = max(newest, row.at)
    reader.close()  # type: ignore[attr-defined]
    return many
