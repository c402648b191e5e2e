"""The log's page: what has been signed, what holds, and what it says where somebody has altered an entry."""

from __future__ import annotations

import sqlite3

import pytest

from hub.web.control import log
from tests.unit.hub.web.conftest import Pages
from tests.unit.hub.web.test_control import traffic, with_reason


def alter(pages: Pages, index: int) -> None:
    """Somebody with the database alters an entry."""
    forged = b'{"action":"message_accepted"}'
    with sqlite3.connect(pages.hub.settings.data_dir / "hub.sqlite3") as connection:
        assert connection.execute("UPDATE audit SET entry = ? WHERE position = ?", (forged, index)).rowcount == 1
    connection.close()


async def test_it_tells_of_the_newest_checkpoint_and_how_much_it_covers(pages: Pages) -> None:
    await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.integrator.step()
    covered = pages.hub.integrator.size
    page = (await browser.get("/admin/log")).text
    assert f"{covered} av {covered + 1} poster" in page  # the look itself came after it
    assert f"{covered} poster på sidan kontrollerade: alla stämmer" in page
    assert "En post är så ny att den ännu inte är signerad." in page
    assert "Trädets rot" in page


async def test_an_altered_entry_is_named_on_the_page(pages: Pages) -> None:
    await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.integrator.step()
    alter(pages, 2)
    page = (await browser.get("/admin/log")).text
    assert "En post stämmer inte" in page
    assert '2 <span class="tag stop">stämmer inte</span>' in page
    assert page.count("stämmer inte</span>") == 1


async def test_the_whole_log_is_checked_when_asked_for(pages: Pages) -> None:
    await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.integrator.step()
    covered = pages.hub.integrator.size
    assert f"Hela loggen stämmer: {covered} poster kontrollerade" in (await browser.get("/admin/log?verify=1")).text
    alter(pages, 1)
    page = (await browser.get("/admin/log?verify=1")).text
    assert "Loggen stämmer inte" in page
    assert "Entry 1 is the first" in page


async def test_a_log_too_long_to_wait_for_is_left_to_the_command(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.integrator.step()
    monkeypatch.setattr(log, "MOST_CHECKED", 3)
    page = (await browser.get("/admin/log?verify=1")).text
    assert "Kontrollera hela loggen" not in page
    assert "Hela loggen stämmer" not in page
    assert "samverkan audit verify" in page
