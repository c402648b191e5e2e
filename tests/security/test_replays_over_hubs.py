"""One assertion, many calls at once, two hubs over one database: one token (S3, bar 5)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from hub import bootstrap, settings
from tests.support.agency import Key, ask_for_token, assertion, form, register
from tests.support.town import Town

UNIT, KEY = "sd-farsta", Key()


@pytest.mark.slow
async def test_of_a_thousand_replays_over_two_hubs_one_gets_a_token(
    tmp_path: Path, session: aiohttp.ClientSession, database_url: str
) -> None:
    environ = {"SAMVERKAN_DATABASE_URL": database_url}
    given = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True}, environ, None)
    await bootstrap.prepare(given)
    town = Town(session, given, "2026-02-16", hubs=2)
    await town.start()
    party = town.party(UNIT)
    await register(party, KEY)
    signed = form(assertion(UNIT, KEY, at=town.clock.now()))
    answers = await asyncio.gather(*(ask_for_token(party, signed) for _ in range(1000)))
    await town.stop()
    assert Counter(answer.status for answer in answers) == {200: 1, 401: 999}
