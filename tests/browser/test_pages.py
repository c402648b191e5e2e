"""Every page of the desk and its states: axe-core finds nothing, nothing is wider than the window, nothing moves."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from hub import bootstrap
from hub.api.server import Server
from tests.browser.test_team import FIRST_YES, SHARED, consent_is_given, tell_of_consent
from tests.browser.window import PATIENT_MS, Office, Window
from tests.support.agency import Key, assertion
from tests.support.persons import JONNA

pytestmark = pytest.mark.slow

WIDTHS = (390, 1024, 1600)
INITIATE = "/team/send/finsam.case-initiated?team=team-sydost"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def case_is_brought(fk: Window) -> str:
    """As far as a case that the coordinator has not opened. Its id."""
    await consent_is_given(fk)
    await fk.go(INITIATE)
    await fk.fill(
        {
            "person.personal_number": JONNA.number,
            "person.given_name": JONNA.given_name,
            "person.family_name": JONNA.family_name,
            "content.question": "Hur kan vägen tillbaka till arbete se ut?",
            "content.tried_measures.0.text": "Arbetsträning i två månader",
        }
    )
    await fk.check_all("content.wished_seats", ("sd", "jt", "af", "rg"))
    await fk.tick("Stadsdelen Farsta")
    await fk.preview()
    await fk.send()
    return fk.page.url.split("/cases/")[1].split("?")[0]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Inspector:
    """Looks at a window in every width and in both lights, and keeps a picture where that is asked for."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.faults: list[str] = []

    async def look(self, window: Window, name: str) -> None:
        page = window.page
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                self.faults.append(f"{name} at {width}: {wide} px too wide")
            if self.folder is not None:
                await page.screenshot(path=self.folder / f"{name}-{width}.png", full_page=True)
        for light in ("dark", "light"):
            await page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
            found = await Axe().run(page, options=WCAG)
            for violation in found.response["violations"]:
                places = [node["target"] for node in violation["nodes"]][:3]
                self.faults.append(f"{name} ({light}): {violation['id']} at {places}")
        await page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
async def inspector() -> AsyncIterator[Inspector]:
    """Pictures go where PICTURES says, for people to look at and for the how-to."""
    where = os.environ.get("PICTURES")
    folder = Path(where) if where else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    looking = Inspector(folder)
    yield looking
    assert looking.faults == []


async def test_pages_and_their_states_are_for_everybody(office: Office, inspector: Inspector) -> None:
    stranger = await office.come_in()
    await stranger.go("/sign-in")
    await inspector.look(stranger, "sign-in")
    await stranger.go("/connection")
    await inspector.look(stranger, "connection")
    await stranger.page.fill("#assertion", assertion("sd-farsta", Key(), aud="https://hub.example/oauth/token"))
    await stranger.press("Prova")
    await stranger.sees("Intyget godtas inte")
    await inspector.look(stranger, "connection-with-faults")
    fk, coordinator = await office.sit_down("fk"), await office.sit_down("samordnare")
    await coordinator.go("/team")
    await inspector.look(coordinator, "inbox-empty")
    await coordinator.go("/nowhere")
    await inspector.look(coordinator, "not-found")
    await coordinator.go("/admin")
    await inspector.look(coordinator, "forbidden")
    await fk.go("/team/new")
    await inspector.look(fk, "new")
    await fk.go("/team/send/consent.recorded")
    await inspector.look(fk, "consent")
    case = await case_is_brought(fk)
    await inspector.look(fk, "case-of-sender")
    await fk.follow("Ärende till handläggarteam")
    await inspector.look(fk, "sent")
    await fk.go(INITIATE)
    await fk.preview()
    await inspector.look(fk, "form-with-faults")

    await coordinator.go("/team")
    await inspector.look(coordinator, "inbox")
    await coordinator.page.locator(".letter-link").first.click()
    await inspector.look(coordinator, "closed-copy")
    await coordinator.press("Öppna meddelandet")
    await coordinator.page.wait_for_selector("#shown")
    await inspector.look(coordinator, "copy")
    await coordinator.go(f"/team/send/finsam.case-screened?case={case}")
    await coordinator.fill({"content.decision": "accepted"})
    await coordinator.check_all("content.seats_called", ("sd", "jt", "af", "fk"))
    await coordinator.preview()
    await inspector.look(coordinator, "preview")
    await coordinator.send()
    await inspector.look(coordinator, "case")
    await coordinator.go("/team/cases")
    await inspector.look(coordinator, "cases")
    await coordinator.go(f"/team/send/finsam.joint-plan-recorded?case={case}")
    await inspector.look(coordinator, "joint-plan-form")


async def test_protection_that_arrives_while_a_page_is_open_takes_the_person_away(office: Office) -> None:
    fk, coordinator = await office.sit_down("fk"), await office.sit_down("samordnare")
    case = await case_is_brought(fk)
    await coordinator.go("/team")
    await coordinator.open_letter("Ärende till handläggarteam")
    await coordinator.sees(JONNA.family_name)
    stadsdel = await office.sit_down("stadsdel")
    await stadsdel.go(f"/team/send/information.requested?case={case}")
    await stadsdel.fill(
        {
            "person.personal_number": JONNA.number,
            "person.given_name": JONNA.given_name,
            "person.family_name": JONNA.family_name,
            "content.question_code": "is_aktuell",
        }
    )
    await stadsdel.page.locator("summary", has_text="Grund, ändamål och skydd").click()
    await stadsdel.fill({"protected_identity": "sekretessmarkering"})
    await stadsdel.tick("Försäkringskassan Stockholm")
    await stadsdel.page.locator(".sending").get_by_role("button", name="Förhandsgranska").click()
    await stadsdel.press("Meddela skyddet")
    await coordinator.sees_by_itself("Meddelandet kan inte visas")
    await coordinator.does_not_see(JONNA.family_name)
    # Also where the sender still has the case open.
    await fk.sees_by_itself("Sidan finns inte")
    await fk.does_not_see(JONNA.family_name)
    await coordinator.go(f"/team/cases/{case}")
    await coordinator.sees("Sidan finns inte")


async def test_a_file_can_be_had_and_the_form_goes_on_at_once_but_twice_pressed_is_sent_once(office: Office) -> None:
    fk = await office.sit_down("fk")
    await fk.go("/team/send/consent.recorded")
    await fk.fill(
        {
            "person.personal_number": JONNA.number,
            "person.given_name": JONNA.given_name,
            "person.family_name": JONNA.family_name,
        }
    )
    await fk.check_all("edge", FIRST_YES)
    await fk.check_all("edge_categories", SHARED)
    await tell_of_consent(fk)
    async with fk.page.expect_download() as got:
        await fk.press("Blankett att skriva under (PDF)")
    paper = digest_of(await (await got.value).path())
    await fk.preview()
    await fk.page.get_by_role("button", name="Skicka", exact=True).dblclick()
    await fk.page.wait_for_url(lambda url: "done=sent" in url)
    sent = [stored for _, stored in office.hub.reader.list_sent("fk-stockholm", limit=10)]
    assert [stored.type for stored in sent] == ["consent.recorded"]
    await fk.go(f"/team/sent/{sent[0].key.message_id}")
    await fk.sees(f"sha256:{paper}")


async def test_a_page_that_lost_the_hub_says_so_and_goes_on_when_it_is_back(office: Office) -> None:
    coordinator, fk = await office.sit_down("samordnare"), await office.sit_down("fk")
    await coordinator.go("/team")
    await coordinator.mark_page()
    lost = coordinator.page.locator("[data-lost]")
    await expect(lost).to_be_hidden()
    office.hub_was_lost = True
    await office.server.stop()
    await expect(lost).to_be_visible(timeout=PATIENT_MS)
    await coordinator.page.evaluate("htmx.trigger(document.body, 'arrived')")  # as a bell does in the last moment
    again = Server(
        bootstrap.build_hub(office.hub.settings, clock=office.clock), "127.0.0.1", urlsplit(office.url).port or 0
    )
    await again.start()
    try:
        await expect(lost).to_be_hidden(timeout=PATIENT_MS)
        await case_is_brought(fk)
        await coordinator.waits_for_letter("Ärende till handläggarteam")
    finally:
        await again.stop()


async def test_a_hub_that_stays_away_is_asked_more_and_more_seldom_and_at_once_when_the_person_says_so(
    office: Office,
) -> None:
    coordinator = await office.sit_down("samordnare")
    await coordinator.page.clock.install()
    asked: list[str] = []
    coordinator.page.on("request", lambda request: asked.append(request.url) if "/stream" in request.url else None)
    await coordinator.go("/team")
    lost = coordinator.page.locator("[data-lost]")
    await expect(lost).to_be_hidden()
    office.hub_was_lost = True
    await office.server.stop()
    asked.clear()
    for _ in range(600):  # ten minutes of the page's time
        await coordinator.page.clock.run_for(1000)
    await expect(lost).to_be_visible()
    # 1, 2, 4 ... 60 seconds, each shortened by half at most; every four seconds would be 150.
    assert 1 <= len(asked) <= 30
    again = Server(
        bootstrap.build_hub(office.hub.settings, clock=office.clock), "127.0.0.1", urlsplit(office.url).port or 0
    )
    await again.start()
    try:
        await coordinator.press("Försök nu")
        await expect(lost).to_be_hidden(timeout=PATIENT_MS)
    finally:
        await again.stop()


async def test_everything_can_be_read_and_sent_without_a_script(office: Office) -> None:
    fk = await office.sit_down("fk")
    case = await case_is_brought(fk)
    plain = await office.come_in(script=False)
    await plain.go("/sign-in?as=samordnare")
    await plain.page.locator("button.person").click()
    await plain.page.get_by_role("link", name="Gå vidare").or_(plain.page.locator(".letter")).first.wait_for()
    await plain.go("/team")
    await plain.page.locator(".letter-link").first.click()
    await plain.press("Öppna meddelandet")
    await plain.sees(JONNA.family_name)
    await plain.go(f"/team/send/finsam.case-screened?case={case}")
    await plain.fill({"content.decision": "declined", "content.declined_reason": "one_party_enough"})
    await plain.preview()
    await plain.send()
    await plain.sees("Skickat")


async def test_a_keyboard_is_enough(office: Office) -> None:
    """From the inbox to the opened message without a mouse, and the focus can be seen at every step."""
    fk, coordinator = await office.sit_down("fk"), await office.sit_down("samordnare")
    await case_is_brought(fk)
    await coordinator.go("/team")
    await coordinator.page.keyboard.press("Tab")
    assert await coordinator.page.evaluate("document.activeElement.className") == "skip"
    await coordinator.page.keyboard.press("Enter")
    for _ in range(12):
        await coordinator.page.keyboard.press("Tab")
        outline = await coordinator.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        if await coordinator.page.evaluate("document.activeElement.className") == "letter-link":
            break
    await coordinator.page.keyboard.press("Enter")
    button = coordinator.page.get_by_role("button", name="Öppna meddelandet")
    await button.wait_for()
    for _ in range(15):
        await coordinator.page.keyboard.press("Tab")
        if await coordinator.page.evaluate("document.activeElement.textContent") == "Öppna meddelandet":
            break
    await coordinator.page.keyboard.press("Enter")
    await coordinator.sees(JONNA.family_name)
