"""Each page of those who oversee leaves an entry of the look: the session's reason, or the running of the hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.api.routes import Access
from hub.store.records import AuditQuery
from hub.web import texts
from hub.web.pages import PAGES
from tests.unit.hub.web.conftest import Pages
from tests.unit.hub.web.test_control import with_reason

OVERSEEING = (Access.OVERSIGHT, Access.ADMINISTRATOR, Access.DATA_OFFICER)
SHOWN = sorted(page.path for page in PAGES if page.method == "GET" and page.access in OVERSEEING)
# Empty forms, and what leads on to a page that is here; what is asked for with them is entered.
FORMS = {"/admin/reason", "/admin/extract", "/admin/log/export", "/admin/rules/diff", "/admin/consents"}
# Without a reason these are shown all the same, since no single message, case or person is on them.
USUAL = {
    *("/admin", "/admin/health", "/admin/follow-up", "/admin/connections", "/admin/connections/{unit}"),
    *("/admin/rules", "/admin/rules/changes", "/admin/rules/types/{type}"),
}
FILLED = {
    "sender": "sd",
    "recipient": "jt",
    "unit": "sd-farsta",
    "type": "plan.decided",
    "form": "csv",
    "id": "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11",
    "consent": "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11",
}


def looks(pages: Pages, since: int) -> list[dict[str, Any]]:
    rows = pages.hub.reader.list_audit(AuditQuery(limit=1000))
    return [
        json.loads(row.entry) for row in rows if row.index >= since and row.action in ("staff_looked", "log_exported")
    ]


@pytest.mark.parametrize("path", sorted(set(SHOWN) - FORMS))
async def test_a_page_is_entered_with_the_reason_of_the_session(pages: Pages, path: str) -> None:
    browser = await with_reason(pages)
    since = pages.hub.reader.audit_size()
    assert (await browser.get(path.format(**FILLED))).status in (200, 404)
    [look] = looks(pages, since)
    assert (look["reason"], look["reference"]) == ("fault_finding", "dnr-2026-17")
    assert all(f"control.told_words.{look['look']}" in texts.read(language) for language in ("sv", "en"))


@pytest.mark.parametrize("path", sorted(set(SHOWN) - FORMS))
async def test_without_a_reason_it_is_the_running_of_the_hub_or_asks(pages: Pages, path: str) -> None:
    browser = await pages.signed_in("admin")
    since = pages.hub.reader.audit_size()
    answer = await browser.get(path.format(**FILLED))
    assert ("Varför tittar du?" in answer.text) == (path not in USUAL)
    assert [look["reason"] for look in looks(pages, since)] == (["operation"] if path in USUAL else [])


async def test_an_address_that_names_no_unit_is_not_written_into_the_log(pages: Pages) -> None:
    browser = await with_reason(pages)
    since = pages.hub.reader.audit_size()
    assert (await browser.get("/admin/connections/19900101-2385")).status == 404
    assert looks(pages, since) == []


@pytest.mark.parametrize("path", sorted(FORMS))
async def test_a_form_shows_nothing_and_makes_no_entry(pages: Pages, path: str) -> None:
    browser = await pages.signed_in("admin")
    since = pages.hub.reader.audit_size()
    await browser.get(path)
    assert looks(pages, since) == []


def test_each_page_is_one_of_these() -> None:
    assert set(SHOWN) >= FORMS | USUAL
