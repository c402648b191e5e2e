"""Whoever oversees is overseen: each look at a list is in the log, with the reason, before the list is shown."""

from __future__ import annotations

import re

import pytest

from hub.api import table
from hub.api.routes import ROLES, Operation
from tests.acceptance.test_audit_api import items
from tests.acceptance.test_roles import operator
from tests.support.field import Field, now
from tests.support.party import Party

LOOKS = [each for each in table.OPERATIONS if each.method == "GET" and each.access in ROLES]
# Numbers and rules, without a unit's key, a case or a message: a monitor may ask every minute.
NUMBERS = {
    "/v1/admin/flows",
    "/v1/admin/statistics",
    "/v1/admin/retention/runs",
    "/v1/admin/directory",
}


async def ask(caller: Party, operation: Operation, reference: str) -> int:
    path = re.sub(r"\{unit\}", "sd-farsta", operation.path)
    path = re.sub(r"\{tile\}", "000.p/1", re.sub(r"\{id\}", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", path))
    return (await caller.call("GET", path, params={"reason": "incident", "reference": reference})).status


@pytest.mark.parametrize("operation", [each for each in LOOKS if each.path not in NUMBERS], ids=lambda each: each.path)
async def test_a_look_is_in_the_log_with_its_reason(field: Field, operation: Operation) -> None:
    began = now().isoformat()
    reference = f"look-{LOOKS.index(operation)}"
    assert await ask(operator(field), operation, reference) in (200, 404)
    found = [each["entry"] for each in await items(field, action="staff_looked", since=began)]
    mine = [entry for entry in found if entry.get("reference") == reference]
    assert [(entry["actor"], entry["reason"]) for entry in mine] == [("staff:operator", "incident")]


async def test_a_daily_look_without_a_reason_is_the_running_of_the_hub(field: Field) -> None:
    began = now().isoformat()
    assert (await operator(field).call("GET", "/v1/admin/staff")).status == 200
    found = [each["entry"] for each in await items(field, action="staff_looked", since=began)]
    assert ("staff", "operation") in [(entry["look"], entry["reason"]) for entry in found]


def test_what_makes_no_entry_is_named() -> None:
    assert {each.path for each in LOOKS} >= NUMBERS
