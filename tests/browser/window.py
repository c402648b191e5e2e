"""People at windows: what they see, press and fill in, in the words that stand on the pages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from hub.api.server import Server
from hub.clock import FixedClock
from hub.service import Hub

UNANSWERED = ("htmx:sendError", "htmx:afterRequest")
PATIENT_MS = 60_000
"""How long anything is waited for: what is promised in two seconds is measured, not raced against."""


class Office:
    """The hub and everybody who has a window open at it. `faults` is what no page may do."""

    def __init__(self, hub: Hub, server: Server, clock: FixedClock, browser: Browser) -> None:
        self.hub = hub
        self.server = server
        self.url = server.url
        self.clock = clock
        self.faults: list[str] = []
        self.hub_was_lost = False
        """Set by who takes the hub away: what a page asked meanwhile has no answer, and its console says so."""
        self.waits: list[float] = []
        """How long each message took, in seconds, from the look for it until it was seen; for people to read."""
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def sit_down(self, person: str, *, width: int = 1280, dark: bool = False) -> Window:
        """Somebody opens a window of her own and signs in."""
        window = await self.come_in(width=width, dark=dark)
        await window.sign_in(person)
        return window

    async def come_in(self, *, width: int = 1280, dark: bool = False, script: bool = True) -> Window:
        context = await self._browser.new_context(
            viewport={"width": width, "height": 900},
            locale="sv-SE",
            timezone_id="Europe/Stockholm",
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENT_MS)  # a busy machine
        self._contexts.append(context)
        return await self._open_tab(context)

    async def open_beside(self, window: Window) -> Window:
        """A second tab for the same person."""
        return await self._open_tab(window.page.context)

    async def _open_tab(self, context: BrowserContext) -> Window:
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._asked)
        return Window(self, page)

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that answers 403, 410 or 422 is also told of on the console; so is what asked while there was no hub.
        unanswered = self.hub_was_lost and message.text.startswith(UNANSWERED)
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text and not unanswered:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"left the machine: {request.url}")

    def pass_days(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


class Window:
    """One person at one window."""

    def __init__(self, office: Office, page: Page) -> None:
        self.office = office
        self.page = page

    async def go(self, path: str) -> None:
        await self.page.goto(self.office.url + path)

    async def sign_in(self, person: str) -> None:
        await self.go(f"/sign-in?as={person}")
        await self.page.locator(f'button[value="{person}"]').click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def sees(self, text: str) -> None:
        await expect(self.page.locator("main")).to_contain_text(text)

    async def sees_by_itself(self, text: str) -> None:
        """Without anybody touching anything."""
        began = time.monotonic()
        await expect(self.page.locator("main")).to_contain_text(text, timeout=PATIENT_MS)
        self.office.waits.append(time.monotonic() - began)

    async def does_not_see(self, text: str) -> None:
        await expect(self.page.locator("main")).not_to_contain_text(text)

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def follow(self, name: str) -> None:
        await self.page.locator("main").get_by_role("link", name=name).first.click()

    async def tick(self, *labels: str) -> None:
        for label in labels:
            await self.page.get_by_label(label, exact=True).first.check()

    async def write(self, label: str, text: str) -> None:
        await self.page.get_by_label(label).first.fill(text)

    async def fill(self, fields: Mapping[str, str]) -> None:
        """By the names that the form's fields have."""
        for name, text in fields.items():
            field = self.page.locator(f'[name="{name}"]').first
            tag = await field.evaluate("element => element.tagName + ':' + element.type")
            if tag.startswith("SELECT"):
                await field.select_option(text)
            elif tag.endswith(("radio", "checkbox")):
                await self.page.locator(f'[name="{name}"][value="{text}"]').check()
            else:
                await field.fill(text)

    async def check_all(self, name: str, values: Iterable[str]) -> None:
        """Ticks these and no others."""
        boxes = self.page.locator(f'input[name="{name}"]')
        found = await boxes.evaluate_all("boxes => boxes.map(box => [box.value, box.checked])")
        wanted = set(values)
        for index, (value, is_checked) in enumerate(found):
            if (value in wanted) != is_checked:
                await boxes.nth(index).set_checked(not is_checked)

    async def preview(self) -> dict[str, str]:
        """The dry run: who gets what."""
        await self.page.locator(".sending").get_by_role("button", name="Förhandsgranska").click()
        await self.page.wait_for_selector("#preview, .notice.stop")
        found = {}
        for seat in await self.page.locator("#preview .seat").all():
            found[await seat.locator("h3").inner_text()] = await seat.locator(".tag").first.inner_text()
        return found

    async def send(self) -> None:
        await self.page.get_by_role("button", name="Skicka", exact=True).click()
        await self.page.wait_for_url(lambda url: "done=sent" in url)

    async def letters(self) -> list[str]:
        """The titles in the inbox, as the window shows them now."""
        return await self.page.locator(".letter-title").all_inner_texts()

    async def mark_page(self) -> None:
        """From now on `is_same_page` tells whether the page was loaded anew."""
        await self.page.evaluate("window.stays = true")

    async def is_same_page(self) -> bool:
        return bool(await self.page.evaluate("window.stays === true"))

    async def waits_for_letter(self, title: str, count: int = 1) -> None:
        """It comes by itself, into the page that is there: an event of the stream brings it, no reload."""
        began = time.monotonic()
        await expect(self.page.locator(".letter-title", has_text=title)).to_have_count(count, timeout=PATIENT_MS)
        self.office.waits.append(time.monotonic() - began)
        assert await self.is_same_page()

    async def open_letter(self, title: str) -> None:
        """Opens it: first the page that says what opening means, then the message."""
        await self.page.locator(".letter-link", has_text=title).first.click()
        await self.press("Öppna meddelandet")
        await self.page.wait_for_selector("#shown")
