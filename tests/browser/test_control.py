"""The control room in a real browser: why a message did not reach AF, in three clicks; pages for everybody."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe

from hub.control import sampling
from hub.store.dead_letters import DeathReason
from routing import rulebook
from tests.browser.window import Office, Window
from tests.support import events, persons
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
    "/admin/rules/types/information.requested",
    "/admin/rules/changes",
    "/admin/rules/diff",
    "/admin/rules/try",
    "/admin/follow-up",
    "/admin/retention",
    "/admin/log",
    "/admin/log/export",
    "/admin/connections",
    "/admin/connections/sd-farsta",
    "/admin/reason",
    "/sessions",
)
PICTURES = os.environ.get("SAMVERKAN_TEST_PICTURES")
"""A folder for the pictures of the how-to; without it none are made."""


async def traffic(office: Office) -> str:
    """A week with a referral, a dead letter, and questions to AF that no consent covers; the last question."""
    hub = office.hub
    case, delivery, _ = await inside.refer(hub)
    for _ in range(12):
        await sampling.sample(hub, "one")
        office.clock.advance(timedelta(minutes=20))
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
    await window.go("/admin/dead-letters")
    drop = str(await window.page.locator('a[href*="drop="]').first.get_attribute("href"))
    states = (f"{link}?verify=1", "/admin/log?verify=1", "/admin/messages?message=3", drop, f"{drop}&fault=1")
    for path in (*PAGES, *states):
        await window.go(path)
        found = await Axe().run(window.page)
        assert found.violations_count == 0, (path, found.generate_report())
        wider = await window.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wider, path


async def finds_nothing_wrong(window: Window) -> None:
    found = await Axe().run(window.page)
    assert found.violations_count == 0, (window.page.url, found.generate_report())
    assert not await window.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


async def test_an_own_rulebook_is_compared_and_every_state_of_the_page_is_for_everybody(
    office: Office, tmp_path: Path
) -> None:
    window = await office.sit_down("granskare")
    await window.go("/admin/rules/diff")
    await window.press("Jämför")
    await window.sees("Inget beslut blir annorlunda")
    await finds_nothing_wrong(window)
    own = tmp_path / "own"
    shutil.copytree(rulebook.FOLDER, own)
    ceilings = own / "categories.toml"
    ceilings.write_text(ceilings.read_text("utf-8").replace('\nED = "yes"', '\nED = "no"'), "utf-8")
    await window.fill({"new": "files"})
    await window.page.locator("#files").set_input_files(sorted(own.glob("*.toml")))
    await window.press("Jämför")
    await window.sees("Vägar som ändras")
    await finds_nothing_wrong(window)
    await picture(window, "kontrollrum-jamfor")
    await window.fill({"new": "files"})
    await window.press("Jämför")  # no files chosen
    await window.sees("Regelverket kan inte läsas")
    await finds_nothing_wrong(window)


async def test_health_consent_and_extract_are_for_everybody(office: Office) -> None:
    await traffic(office)
    consent = events.consent(at=office.clock.now(), person=persons.BO)
    await inside.send(office.hub, "consent.recorded", "sd-farsta", consent)
    consent_id = consent["content"]["consent_id"]
    window = await office.sit_down("dataskydd")
    await say_why(window)
    for path in (f"/admin/consents/{consent_id}", "/admin/extract", "/admin/health"):
        await window.go(path)
        await finds_nothing_wrong(window)
    await picture(window, "kontrollrum-halsa")
    await window.go("/admin/extract")
    await window.write("Personnummer", "189001019803")
    await window.press("Gör utdraget")
    await window.sees("Numret går inte att läsa")
    await finds_nothing_wrong(window)
    await window.go(f"/admin/consents/{uuid.uuid4()}")
    await window.sees("Sidan finns inte")
    await finds_nothing_wrong(window)


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
