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
# These show no single message, case, person or entry, so whoever gives no reason runs the hub.
USUAL = [
    *("/v1/admin/flows", "/v1/admin/statistics", "/v1/admin/directory", "/v1/admin/staff"),
    *("/v1/admin/retention/due", "/v1/admin/retention/runs", "/v1/admin/retention/holds"),
    *("/v1/admin/parties/keys", "/v1/admin/parties/{unit}/webhook"),
]


def filled(operation: Operation) -> str:
    path = re.sub(r"\{unit\}", "sd-farsta", operation.path)
    return re.sub(r"\{tile\}", "000.p/1", re.sub(r"\{id\}", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", path))


async def ask(caller: Party, operation: Operation, reference: str) -> int:
    asked = {"reason": "incident", "reference": reference}
    return (await caller.call("GET", filled(operation), params=asked)).status


@pytest.mark.parametrize("operation", LOOKS, ids=lambda each: each.path)
async def test_a_look_is_in_the_log_with_its_reason(field: Field, operation: Operation) -> None:
    began = now().isoformat()
    reference = f"look-{LOOKS.index(operation)}"
    assert await ask(operator(field), operation, reference) in (200, 404)
    found = [each["entry"] for each in await items(field, action="staff_looked", since=began)]
    mine = [entry for entry in found if entry.get("reference") == reference]
    assert [(entry["actor"], entry["reason"]) for entry in mine] == [("staff:operator", "incident")]


@pytest.mark.parametrize("operation", LOOKS, ids=lambda each: each.path)
async def test_a_look_without_a_reason_is_the_running_of_the_hub_or_refused(field: Field, operation: Operation) -> None:
    began = now().isoformat()
    answer = await operator(field).call("GET", filled(operation))
    found = [each["entry"] for each in await items(field, action="staff_looked", since=began)]
    reasons = [entry["reason"] for entry in found if entry["look"] != "log_search"]
    if operation.path in USUAL:
        assert (answer.status in (200, 404), reasons) == (True, ["operation"])
    else:
        assert (answer.status, answer.code, reasons) == (403, "REASON_MISSING", [])


def test_there_are_looks_of_both_kinds() -> None:
    assert set(USUAL) < {each.path for each in LOOKS}
