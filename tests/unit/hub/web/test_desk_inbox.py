"""The inbox of the desk: what is shown in which order, and that nothing comes without the page hearing of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.store.records import ClaimCheck, DeliveryState
from hub.web.team import inbox
from tests.support import office
from tests.unit.hub.web.conftest import Pages

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST = ClaimCheck("d1", "jt-sydost", "m1", "plan.decided", "/units/sd-farsta", "case-b", 1, NOON, position=1)
OPENED = replace(FIRST, delivery_id="d2", case_id="case-a", state=DeliveryState.READ, position=2)
LAST = replace(FIRST, delivery_id="d3", type="referral.submitted", state=DeliveryState.NOTIFIED, position=3)
ALL = [FIRST, OPENED, LAST]


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({}, ["d3", "d2", "d1"]),
        ({"order": "oldest"}, ["d1", "d2", "d3"]),
        ({"order": "case"}, ["d2", "d1", "d3"]),
        ({"show": "unread"}, ["d3", "d1"]),
        ({"show": "opened"}, ["d2"]),
        ({"type": "plan.decided"}, ["d2", "d1"]),
        ({"type": "plan.decided", "show": "unread", "order": "oldest"}, ["d1"]),
    ],
)
def test_is_filtered_and_in_the_order_that_was_asked_for(chosen: dict[str, str], shown: list[str]) -> None:
    usual = {"show": "", "type": "", "order": ""}
    assert [claim.delivery_id for claim in inbox.arrange(ALL, usual | chosen)] == shown


async def test_the_page_keeps_what_was_chosen(pages: Pages) -> None:
    await office.refer(pages.hub)
    browser = await pages.signed_in("jobbtorg")
    page = (await browser.get("/team?show=unread&type=referral.submitted&order=oldest")).text
    for value in ("unread", "referral.submitted", "oldest"):
        assert f'<option value="{value}" selected>' in page
    assert page.count('class="letter-link"') == 1
    assert "Inget passar urvalet" in (await browser.get("/team?show=opened")).text


class Silent:
    """A bell that nobody rings."""

    async def next(self, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return False


async def test_what_another_process_took_in_reaches_the_page_although_no_bell_rang(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def subscribe(unit_id: str) -> AsyncIterator[Silent]:
        yield Silent()

    monkeypatch.setattr(inbox, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(pages.hub.transport, "subscribe", subscribe)
    browser = await pages.signed_in("jobbtorg")
    async with asyncio.timeout(60), browser.session.get(f"{browser.url}/team/stream") as stream:
        assert b"data: first" in await heard(stream.content, b"event: arrived")
        await heard(stream.content, b": vi finns kvar")
        await office.refer(pages.hub)
        assert b"data: more" in await heard(stream.content, b"event: arrived")
        await heard(stream.content, b": vi finns kvar")  # once, not at every beat from then on


async def heard(content: asyncio.StreamReader, wanted: bytes) -> bytes:
    """The next part of the stream that has this in it."""
    while wanted not in (part := await content.readuntil(b"\n\n")):
        pass
    return part


async def test_a_deadline_stays_in_the_inbox_when_every_message_of_its_case_is_dealt_with(pages: Pages) -> None:
    await office.refer(pages.hub)
    browser = await pages.signed_in("jobbtorg")
    for message in await pages.hub.list_inbox("jt-sydost", limit=100):
        await pages.hub.read(message.delivery_id, "jt-sydost")
        await pages.hub.acknowledge(message.delivery_id, "jt-sydost")
        await pages.hub.report_handled(message.delivery_id, "jt-sydost", "handled", None)
    page = (await browser.get("/team")).text
    assert "Inkorgen är tom" in page
    assert "Svar på anvisningen" in page


async def test_the_list_of_what_is_due_says_when_it_has_not_looked_everywhere(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.refer(pages.hub)
    browser = await pages.signed_in("jobbtorg")
    assert "Öppna ett äldre ärende" not in (await browser.get("/team")).text
    monkeypatch.setattr(inbox, "SHOWN", 1)
    assert "Öppna ett äldre ärende" in (await browser.get("/team")).text
