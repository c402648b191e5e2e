"""What every answer carries and none does: nothing to sniff, frame, keep or share (S17)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.api import table
from hub.api.routes import Access
from tests.support import events
from tests.support.agency import operator
from tests.support.field import Field
from tests.support.party import Party

OPERATIONS = [each for each in table.OPERATIONS if each.path != "/v1/inbox/stream"]
NEVER = ("Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")


def callers(field: Field, operation: Any) -> list[Party]:
    known = field.party("sd-farsta") if operation.access is Access.UNIT else operator(field.party("sd-farsta"))
    return [field.stranger(), known]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
async def test_every_answer_is_safe_to_show_and_tells_nothing_of_its_maker(field: Field, operation: Any) -> None:
    path = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), operation.path)
    for caller in callers(field, operation):
        answer = await caller.call(operation.method, path, headers={"Origin": "https://evil.example"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert not [name for name in NEVER if name in answer.headers]
        if operation.access is not Access.PUBLIC and answer.status == 200:
            assert "no-store" in answer.headers["Cache-Control"]
        if answer.body:
            assert "Content-Type" in answer.headers


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
async def test_no_page_elsewhere_may_ask_before_it_calls(field: Field, operation: Any) -> None:
    path = re.sub(r"\{[^}]+\}", lambda _: events.new_id(), operation.path)
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": operation.method}
    answer = await field.stranger().call("OPTIONS", path, headers=headers)
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert "Access-Control-Allow-Origin" not in answer.headers
