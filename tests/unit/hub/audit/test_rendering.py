"""The log as a table: whole, and with nothing that a spreadsheet would reckon with."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.audit import entry, rendering, searching
from hub.audit.entry import AuditAction

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def table(*given: dict[str, Any]) -> list[dict[str, str]]:
    rows = [entry.build(index, AT, AuditAction.STAFF_LOOKED, "hub", **each) for index, each in enumerate(given)]
    text = "".join(rendering.FORMS["csv"].parts(map(searching.document, rows)))
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("word", ["@SUM", "+1", "-2", "@"])
def test_what_a_spreadsheet_would_reckon_with_is_text(word: str) -> None:
    [row] = table({"message_id": word})
    assert row["message"] == f"'{word}"


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_begins_as_a_formula(value: str) -> None:
    assert rendering._cell(value) == f"'{value}"


def test_the_entry_stands_whole_in_the_last_column() -> None:
    first, second = table({"detail": {"look": "log"}, "unit": "sd-farsta"}, {})
    assert list(first) == list(rendering.COLUMNS)
    assert json.loads(first["entry"])["look"] == "log"
    assert (first["unit"], second["unit"], second["index"]) == ("sd-farsta", "", "1")


def test_a_table_without_entries_has_its_head() -> None:
    assert "".join(rendering.FORMS["csv"].parts([])).strip() == ",".join(rendering.COLUMNS)
