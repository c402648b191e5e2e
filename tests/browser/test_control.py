"""The control room in a real browser: why a message did not reach AF, in three clicks; pages for everybody."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe

from hub.store.dead_letters import DeathReason
from tests.browser.window import Office, Window
from tests.support import office as inside

pytestmark = pytest.mark.slow

PAGES = (
    "/admin",
    "/admin/flows/jt/af",
    "/admin/messages",
    "/admin/health",
    "/admin/dead-letters",
    "/admin/dead-letters?try=1",
    "/admin/rules",
    "/admin/rules/try",
    "/admin/follow-up",
    "/admin/retention",
    "/admin/log",
    "/admin/reason",
)
PICTURES = os.environ.get("SAMVERKAN_PICTURES")
"""A folder for the pictures of the how-to; without it none are made."""


async def traffic(office: Office) -> str:
    """A week with a referral, a dead letter, and questions to AF that no consent covers; the last question."""
    hub = office.hub
    case, delivery, _ = await inside.refer(hub)
    for _ in range(5):
        await inside.tell(hub, "consent.recorded", "sd-farsta")
        await inside.tell(hub, "information.requested", "jt-sydost", case)
        office.clock.advance(timedelta(days=1))
    await hub.bury(delivery, DeathReason.PUSH_EXHAUSTED, 17)
    await inside.tell(hub, "information.requested", "jt-sydost", case)
    return case


async def say_why(window: Window) -> None:
    await window.go("/admin/reason")
    await window.press("Fortsätt")


async def picture(window: Window, name: str) -> None:
    if PICTURES:
        path = Path(PICTURES) / f"{name}.png"
        await window.page.screenshot(path=str(path))


async def test_an_administrator_finds_why_a_message_did_not_reach_af_in_three_clicks(office: Office) -> None:
    await traffic(office)
    window = await office.sit_down("admin")
    await window.go("/admin")
    await picture(window, "kontrollrum-floden")
    # 1: the band from jobbtorg to AF. Why one looks is asked once: 2. Then the message itself: 3.
    await window.page.locator('svg a[href^="/admin/flows/jt/af"]').first.click()
    await window.sees("Varför tittar du?")
    await picture(window, "kontrollrum-skal")
    await window.press("Fortsätt")
    await window.sees("Senast nekade")
    await picture(window, "kontrollrum-nekade")
    await window.page.locator('main td a[href^="/admin/messages/"]').first.click()
    await window.sees("Nekat i sin helhet")
    await window.sees("Arbetsförmedlingen")
    await window.sees("Det finns inget samtycke som gäller")
    await picture(window, "kontrollrum-meddelande")
    await window.press("Kontrollera mot loggen")
    await window.sees("Posterna stämmer")


async def test_the_same_is_found_with_the_keyboard_alone(office: Office) -> None:
    await traffic(office)
    window = await office.sit_down("admin")
    await say_why(window)
    await window.go("/admin")
    for _ in range(60):
        await window.page.keyboard.press("Tab")
        at = await window.page.evaluate("document.activeElement.getAttribute('href') || ''")
        if at.startswith("/admin/flows/jt/af"):
            break
    else:
        pytest.fail("the band to AF cannot be reached")
    await window.page.keyboard.press("Enter")
    await window.sees("Senast nekade")


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1600, True)])
async def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_the_window(
    office: Office, width: int, dark: bool
) -> None:
    await traffic(office)
    window = await office.sit_down("admin", width=width, dark=dark)
    await say_why(window)
    await window.go("/admin/messages")
    link = await window.page.locator('main td a[href^="/admin/messages/"]').first.get_attribute("href")
    for path in (*PAGES, f"{link}?verify=1"):
        await window.go(path)
        found = await Axe().run(window.page)
        assert found.violations_count == 0, (path, found.generate_report())
        wider = await window.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wider, path


async def test_an_auditor_sees_and_cannot_act(office: Office) -> None:
    await traffic(office)
    window = await office.sit_down("granskare")
    await say_why(window)
    await window.go("/admin/dead-letters")
    await window.sees("Mottagarens system tog inte emot")
    assert await window.page.locator('main form[method="post"]').count() == 0


async def test_everything_can_be_read_without_scripts(office: Office) -> None:
    await traffic(office)
    window = await office.come_in(script=False)
    await window.sign_in("admin")
    await say_why(window)
    for path in PAGES:
        await window.go(path)
        assert await window.page.locator("h1").count() == 1, path
    await asyncio.sleep(0)
