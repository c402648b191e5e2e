"""Pages stand still while they load, and can be read at twice the size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser.test_control import PAGES, say_why, traffic
from tests.browser.test_pages import case_is_brought
from tests.browser.window import Office, Window

pytestmark = pytest.mark.slow

# Layout Instability API: what has moved since the page began, without anybody's doing. "Good" is 0.1 or less.
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  const add = each => { if (!each.hadRecentInput) sum += each.value; };
  new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""
STILL = 0.01
DESK = ("/team", "/team/cases", "/team/new", "/team/send/consent.recorded", "/team/send/finsam.case-initiated")
FOLDER = os.environ.get("SAMVERKAN_TEST_LOOKS")
"""A folder for pictures of every page of the control room, to look at; without it none are made."""


async def overflow(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


async def looked_through(window: Window, paths: tuple[str, ...]) -> dict[str, object]:
    """What is wrong with each page: moved by how much, or so many pixels too wide at twice the size."""
    faults: dict[str, object] = {}
    for path in paths:
        await window.page.set_viewport_size({"width": 1280, "height": 900})
        await window.go(path)
        moved = await window.page.evaluate(SHIFTS)
        # 1280 pixels at 200 % are 640 of the page's own (WCAG 2.2, 1.4.4 and 1.4.10).
        await window.page.set_viewport_size({"width": 640, "height": 450})
        wide = await overflow(window.page)
        if moved > STILL or wide > 0:
            faults[path] = (moved, wide)
        await pictured(window.page, path)
    return faults


async def pictured(page: Page, path: str) -> None:
    if FOLDER is None:
        return
    for light in ("light", "dark"):
        await page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
        for width in (390, 1024, 1600):
            await page.set_viewport_size({"width": width, "height": 900})
            name = path.strip("/").replace("/", "-").replace("?", "-")[:60]
            await page.screenshot(path=Path(FOLDER) / f"{name}-{width}-{light}.png", full_page=True)


async def test_the_control_room_stands_still_and_fits_at_200_percent(office: Office) -> None:
    await traffic(office)
    window = await office.sit_down("admin")
    await say_why(window)
    await window.go("/admin/messages")
    link = await window.page.locator('main td a[href^="/admin/messages/"]').first.get_attribute("href")
    assert await looked_through(window, (*PAGES, str(link))) == {}


async def test_the_desk_stands_still_and_fits_at_200_percent(office: Office) -> None:
    fk = await office.sit_down("fk")
    case = await case_is_brought(fk)
    coordinator = await office.sit_down("samordnare")
    await coordinator.go("/team")
    letter = await coordinator.page.locator(".letter-link").first.get_attribute("href")
    paths = ("/team", str(letter), f"/team/cases/{case}", f"/team/send/finsam.case-screened?case={case}")
    assert await looked_through(fk, DESK) == {}
    assert await looked_through(coordinator, paths) == {}


async def test_what_moves_and_what_is_too_wide_is_found(office: Office) -> None:
    """The measure itself: a page that is made to move, and to be wide, is told of."""
    window = await office.come_in()
    await window.go("/sign-in")
    await window.page.evaluate(
        """() => {
          const wide = document.createElement('div');
          Object.assign(wide.style, {height: '400px', width: '2000px'});
          document.querySelector('main').prepend(wide);
        }"""
    )
    assert await window.page.evaluate(SHIFTS) > STILL
    assert await overflow(window.page) > 0
