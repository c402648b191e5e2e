"""Who chooses English reads English: every page and its states, and no word of the Swedish catalogue, rules or schemas.

Names stay as they are: of units, authorities and persons, and Swedish terms that the English texts use themselves.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from hub.reference import names
from hub.store.dead_letters import DeathReason
from hub.web import demo_people, texts
from routing import rulebook
from routing.directory import Directory
from schemas import registry
from tests.support import events, office, persons
from tests.support.browsing import Browser, Shown
from tests.unit.hub.web import test_control, test_desk
from tests.unit.hub.web.conftest import Pages
from tests.unit.hub.web.test_control import with_reason

SWEDISH, ENGLISH = texts.read("sv"), texts.read("en")
SPOKEN = ("title", "aria-label", "alt", "placeholder", "data-label", "data-announce")
WORD = re.compile(r"[^\W\d_]+")
# Beside the page's own texts: what the reader has typed, and what the authorities are called.
TYPED = ("handläggare", "samordnare", "rehabilitering", *test_desk.QUESTION.values())


def titles(node: object, english: bool) -> Iterator[str]:
    """Titles and descriptions of a schema in one language."""
    if isinstance(node, list):
        for part in node:
            yield from titles(part, english)
    if isinstance(node, dict):
        own = node.get("x-en", {}) if english else node
        yield from (own[name] for name in ("title", "description") if isinstance(own.get(name), str))
        for key, part in node.items():
            if key not in ("x-en", "examples"):
                yield from titles(part, english)


def documents() -> list[Any]:
    known = registry.packaged()
    return [known.get_type(entry.name).document for entry in known.list_types()]


def rules_words() -> set[str]:
    book = rulebook.load()
    ruled = (book.categories, book.bases, book.deadlines.rows, book.warnings, book.refusals)
    named = (names.KINDS, names.PURPOSES, names.CASE_STATES, names.FINSAM_STATES)
    advice = {text.advice_sv for text in book.refusals.values()}
    return advice.union(
        *({entry.title_sv for entry in each.values()} for each in ruled), *(set(each.values()) for each in named)
    )


def as_pattern(text: str) -> str:
    """A text of the catalogue with anything in its places."""
    return "".join(
        re.escape(plain) + (".+" if name is not None else "") for plain, name, _, _ in string.Formatter().parse(text)
    )


class Reader:
    """Somebody who reads no Swedish."""

    def __init__(self, directory: Directory) -> None:
        schemas = documents()
        said = {*ENGLISH.values(), *(text for each in schemas for text in titles(each, True))}
        swedish = {*SWEDISH.values(), *rules_words(), *(text for each in schemas for text in titles(each, False))}
        self.units = {unit.name for unit in directory.list_units()}
        people = {word for person in demo_people.PEOPLE for word in WORD.findall(person.name)}
        self.known = {word for text in (*said, *self.units, *map(str, TYPED)) for word in WORD.findall(text)} | people
        english = {text.casefold() for text in said}
        only = {
            text for text in swedish if text.casefold() not in english and WORD.search(re.sub(r"\{.*?\}", "", text))
        }
        self.swedish = re.compile("|".join(sorted(map(as_pattern, only), key=len, reverse=True)), re.IGNORECASE)

    def stumbles_over(self, page: Shown) -> set[str]:
        """Texts of the page that are Swedish."""
        return {text for text in spoken(page) if self._is_swedish(text)}

    def _is_swedish(self, text: str) -> bool:
        if text in self.units or text in TYPED:
            return False
        strange = [word for word in WORD.findall(text) if re.search("[åäöÅÄÖ]", word) and word not in self.known]
        return bool(strange) or self.swedish.fullmatch(text) is not None


def spoken(page: Shown) -> set[str]:
    """Every text that the page shows or a screen reader says, but what is marked as another language."""
    return {" ".join(text.split()) for text in _walk(html5lib.parse(page.text, namespaceHTMLElements=False))} - {""}


def _walk(element: Element) -> Iterator[str]:
    if (element.get("lang") == "sv" and element.tag != "html") or element.tag in (
        "script",
        "style",
        "textarea",
        "code",
    ):
        yield from ()
    elif isinstance(element.tag, str):
        yield from (element.get(name) or "" for name in SPOKEN)
        yield element.text or ""
        for part in element:
            yield from _walk(part)
            yield part.tail or ""


@pytest.fixture
def reader(pages: Pages) -> Reader:
    return Reader(pages.hub.directory)


class Visit:
    """One browser in English, and what its reader did not understand, by page."""

    def __init__(self, browser: Browser, reader: Reader) -> None:
        self.browser = browser
        self.reader = reader
        self.swedish: dict[str, set[str]] = {}
        self.seen = 0

    async def begin(self) -> Visit:
        assert (await self.browser.get("/language/en")).status == 303
        return self

    async def get(self, path: str, status: int = 200) -> Shown:
        return self.read(path, await self.browser.get(path), status)

    async def post(self, path: str, form: Mapping[str, Any], status: int = 200) -> Shown:
        return self.read(f"POST {path}", await self.browser.post(path, form), status)

    def read(self, name: str, page: Shown, status: int = 200) -> Shown:
        assert page.status == status, (name, page.status, page.text[:400])
        assert '<html lang="en">' in page.text, name
        found = self.reader.stumbles_over(page)
        self.seen += 1
        if found:
            self.swedish.setdefault(name, set()).update(found)
        return page


async def test_a_swedish_page_is_not_understood(pages: Pages, reader: Reader) -> None:
    """The measure itself."""
    browser = await pages.signed_in("stadsdel")
    found = reader.stumbles_over(await browser.get("/team"))
    assert {"Inkorg", "Inkorgen är tom", "Att bevaka"} <= found


async def test_the_control_room_is_read_in_english(pages: Pages, reader: Reader) -> None:
    found = await test_control.traffic(pages)
    consent = events.consent(at=pages.clock.now(), person=persons.BO)
    await office.send(pages.hub, "consent.recorded", "sd-farsta", consent)
    visit = await Visit(await with_reason(pages), reader).begin()
    for path in (*test_control.PLAIN, *test_control.CLOSER, "/admin/rules/try", "/admin/connections"):
        if not path.endswith("csv"):
            await visit.get(path)
    for message in (found["refused"], found["referral"]):
        await visit.get(f"/admin/messages/{message}?verify=1")
    await visit.get("/admin/connections/sd-farsta")
    await visit.get(f"/admin/consents/{consent['content']['consent_id']}")
    await visit.get("/admin/nowhere", 404)
    await visit.get("/team", 403)
    await pages.hub.bury(found["delivery"], DeathReason.PUSH_EXHAUSTED, 17)
    for path in ("/admin/dead-letters", "/admin/dead-letters?try=1", "/admin"):
        await visit.get(path)
    now, page = pages.clock.now(), await visit.get("/admin/rules/try")
    asked = events.event("information.requested", "jt-sydost", events.data("information.requested", at=now), at=now)
    await visit.post("/admin/rules/try", {"csrf": page.token, "message": json.dumps(asked)})
    await visit.post("/admin/rules/diff", {"csrf": page.token, "old": "now", "new": "packaged"})
    assert visit.swedish == {}
    assert visit.seen > 25


async def test_deadlines_that_have_passed_are_read_in_english(pages: Pages, reader: Reader) -> None:
    await office.refer(pages.hub)
    pages.pass_time(timedelta(days=40))
    visit = await Visit(await with_reason(pages), reader).begin()
    page = await visit.get("/admin/follow-up")
    assert "Answer to the referral" in page.text
    assert visit.swedish == {}


async def test_the_desk_is_read_in_english(pages: Pages, reader: Reader) -> None:
    fk, case = await test_desk.bring_case(pages)
    coordinator = await Visit(await pages.signed_in("samordnare"), reader).begin()
    delivery = await test_desk.first_letter(coordinator.browser)
    await coordinator.get("/team")
    closed = await coordinator.get(f"/team/messages/{delivery}")
    await coordinator.post(f"/team/messages/{delivery}/open", {"csrf": closed.token})
    await coordinator.post(f"/team/messages/{delivery}/handled", {"csrf": closed.token}, 422)
    officer = await Visit(fk, reader).begin()
    for visit in (coordinator, officer):
        for path in ("/team/cases", f"/team/cases/{case}", "/team/new"):
            page = await visit.get(path)
            for address in sorted(set(re.findall(r'href="(/team/(?:send|sent)/[^"]+)"', page.text))):
                await visit.get(unescape(address))
    form = await test_desk.begin(fk, test_desk.INITIATE, test_desk.QUESTION)
    officer.read("preview", await form.step("preview"))
    officer.read("faults", await form.step("preview", **{"content.question": ""}), 422)
    officer.read("nobody", await form.step("preview", to=[]), 422)
    officer.read("draft", await form.step("draft"))
    consent = await test_desk.begin(fk, "/team/send/consent.recorded", test_desk.CONSENT | {"edge": []})
    officer.read("no direction", await consent.step("preview"), 422)
    assert coordinator.swedish | officer.swedish == {}
    assert coordinator.seen + officer.seen > 25


@pytest.mark.parametrize("person", ["af", "region", "stadsdel", "jobbtorg"])
async def test_every_form_of_a_seat_is_read_in_english(pages: Pages, reader: Reader, person: str) -> None:
    visit = await Visit(await pages.signed_in(person), reader).begin()
    page = await visit.get("/team/new")
    addresses = sorted(set(re.findall(r'href="(/team/send/[^"]+)"', page.text)))
    assert addresses
    for address in addresses:
        shown = await visit.get(unescape(address))
        fields = {name: shown.hidden(name) for name in ("csrf", "message_id", "at")}
        visit.read(f"{address}, empty", await visit.browser.post(unescape(address), {**fields, "do": "preview"}), 422)
    assert visit.swedish == {}


async def test_the_consents_paper_is_swedish_whatever_the_officer_reads(pages: Pages) -> None:
    """It is the person's; and its hash may not depend on who looks."""
    fk = await pages.signed_in("fk")
    form = await test_desk.begin(fk, "/team/send/consent.recorded", test_desk.CONSENT)
    swedish = (await form.step("paper")).body
    await fk.get("/language/en")
    assert (await form.step("paper")).body == swedish


async def test_ways_to_sign_in_and_faults_are_read_in_english(pages: Pages, reader: Reader) -> None:
    visit = await Visit(pages.browser(), reader).begin()
    await visit.get("/sign-in")
    await visit.get("/sign-in?over=1")
    page = await visit.get("/connection")
    await visit.post("/connection", {"csrf": page.hidden("csrf"), "assertion": "x.y.z"})
    assert visit.swedish == {}
