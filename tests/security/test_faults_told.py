"""Every handler forced to fail with a person in its hands: the caller gets a number to ask by, no more (S16)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest

from hub import bootstrap, settings
from hub.api import app as app_module
from hub.api import table
from hub.api.routes import Access
from hub.api.server import Server
from tests.support import canary, events, hub_here, persons
from tests.support.agency import operator
from tests.support.field import Field

TELLING = ("Traceback", "File ", "sqlite", "SELECT", "/hub/", "site-packages", "Exception", "line ")


async def fail(request: Any) -> Any:
    person = persons.GIL
    number, name = person.number, person.family_name
    raise RuntimeError(f"{name} {number} in SELECT * FROM messages", [number], {"person": name})


@pytest.fixture
async def failing(
    tmp_path: Path, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Field]:
    """A hub in this process, in which every handler fails. What its log tells of it: tests/unit/hub/telemetry."""
    monkeypatch.setattr(app_module, "log", Mock())
    operations = tuple(replace(operation, handler=fail) for operation in table.OPERATIONS)
    monkeypatch.setattr(app_module, "OPERATIONS", operations)
    given = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True}, {}, None)
    server = Server(bootstrap.build_hub(given), "127.0.0.1", 0)
    await server.start()
    yield Field(session, hub_here.HubHere(server, given))  # type: ignore[arg-type]
    await server.stop()


async def test_a_fault_tells_the_caller_nothing_but_where_to_ask(failing: Field) -> None:
    scanner = canary.Scanner([persons.GIL])
    for operation in table.OPERATIONS:
        path = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), operation.path)
        caller = failing.party("sd-farsta")
        if operation.access not in (Access.UNIT, Access.PUBLIC):
            caller = operator(caller)
        answer = await caller.call(operation.method, path)
        assert (answer.status, answer.code) == (500, "INTERNAL"), operation.path
        assert answer.json["request_id"]
        body = answer.body.decode()
        assert not [word for word in TELLING if word in body], operation.path
        assert not scanner.find(answer.body)
