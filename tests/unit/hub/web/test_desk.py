"""The desk without a script: what it shows to whom, what it sends, and what it leaves behind."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import html5lib
import pytest

from hub.store.records import AuditQuery
from hub.web import texts
from hub.web.team import calendar
from hub.web.team.inbox import SHOWN
from tests.support import events, office, pdf_text
from tests.support.browsing import Browser, Shown
from tests.support.persons import JONNA
from tests.unit.hub.web.conftest import Pages

EDGES = ["fk>sdn-farsta", "fk>amn", "fk>af", "amn>sdn-farsta", "amn>fk", "amn>af", "sdn-farsta>fk"]
TOLD = ("purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no")
PERSON = {
    "person.personal_number": JONNA.number,
    "person.given_name": JONNA.given_name,
    "person.family_name": JONNA.family_name,
}
INITIATE = "/team/send/finsam.case-initiated?team=team-sydost"
QUESTION = {
    **PERSON,
    "content.mode": "named",
    "content.question": "Hur kan vägen tillbaka se ut?",
    "content.tried_measures.0.text": "Arbetsträning",
    "content.wished_seats": ["sd", "jt", "af"],
    "content.initiator_function": "rehabilitering",
    "role": "handläggare",
    "to": ["team:team-sydost", "unit:sd-farsta"],
    "protected_identity": "none",
}
MARKUP = '<script>alert(1)</script><b title="x">&amp;'


class Form:
    """A form of the desk, filled in and sent step by step."""

    def __init__(self, browser: Browser, path: str, page: Shown, fields: Mapping[str, Any]) -> None:
        self.browser = browser
        self.path = path
        self.fields = {
            "csrf": page.hidden("csrf"),
            "message_id": page.hidden("message_id"),
            "at": page.hidden("at"),
            **{name: page.hidden(name) for name in carried(page)},
            **fields,
        }

    async def step(self, do: str, **changes: Any) -> Shown:
        return await self.browser.post(self.path, {**self.fields, **changes, "do": do})

    async def send(self) -> Shown:
        preview = await self.step("preview")
        return await self.step("send", previewed=preview.hidden("previewed"))


def carried(page: Shown) -> set[str]:
    return set(re.findall(r'<input type="hidden" name="(content\.[^"]+)"', page.text))


async def begin(browser: Browser, path: str, fields: Mapping[str, Any]) -> Form:
    page = await browser.get(path)
    assert page.status == 200, page.text
    return Form(browser, path, page, fields)


CONSENT: dict[str, Any] = {
    **PERSON,
    "edge": EDGES,
    "edge_categories": ["ID", "ST", "PL", "FN", "HE"],
    "content.purpose": "finsam_joint_planning",
    "content.valid_from": "2026-03-02",
    "content.valid_to": "2026-08-28",
    "content.given_by.kind": "self",
    "content.decision_capable": "yes",
    "content.method": "paper_signed",
    "content.signed_on": "2026-03-02",
    "role": "handläggare",
    **{f"content.information_given.{each}": "yes" for each in TOLD},
}


async def consent(fk: Browser) -> None:
    sent = await (await begin(fk, "/team/send/consent.recorded", CONSENT)).send()
    assert sent.status == 303, sent.text


async def bring_case(pages: Pages, **changes: Any) -> tuple[Browser, str]:
    """Försäkringskassan's officer, and the case that she has brought."""
    fk = await pages.signed_in("fk")
    await consent(fk)
    sent = await (await begin(fk, INITIATE, {**QUESTION, **changes})).send()
    assert sent.status == 303, sent.text
    return fk, sent.headers["Location"].split("/")[3].split("?")[0]


async def first_letter(browser: Browser) -> str:
    page = await browser.get("/team")
    return page.text.split('href="/team/messages/')[1].split('"')[0]


async def open_first(browser: Browser) -> Shown:
    delivery = await first_letter(browser)
    page = await browser.get(f"/team/messages/{delivery}")
    return await browser.post(f"/team/messages/{delivery}/open", {"csrf": page.token})


def faults_of(page: Shown) -> list[object]:
    parser = html5lib.HTMLParser()
    parser.parse(io.StringIO(page.text))
    return list(parser.errors)


async def test_no_name_stands_anywhere_before_a_message_is_opened(pages: Pages) -> None:
    _, case = await bring_case(pages)
    coordinator = await pages.signed_in("samordnare")
    delivery = await first_letter(coordinator)
    for path in ("/team", "/team/cases", f"/team/cases/{case}", f"/team/messages/{delivery}"):
        page = await coordinator.get(path)
        assert page.status == 200
        assert JONNA.family_name not in page.text, path
        assert JONNA.number not in page.text, path
    assert "delivery_disclosed" not in pages.actions()


async def test_opening_shows_purpose_and_basis_and_is_in_the_log_with_the_person(pages: Pages) -> None:
    await bring_case(pages)
    coordinator = await pages.signed_in("samordnare")
    page = await open_first(coordinator)
    assert page.status == 200
    for text in (JONNA.family_name, "Gemensam planering i FINSAM", "Samtycke"):
        assert text in page.text
    assert faults_of(page) == []
    assert pages.actions()[-2:] == ["delivery_disclosed", "staff_acted"]
    entry = pages.hub.reader.list_audit(AuditQuery(limit=1000))[-1]
    assert entry.actor.startswith("staff:")
    assert JONNA.number.encode() not in entry.entry


async def test_a_long_inbox_shows_its_beginning_and_the_rest_when_asked(pages: Pages) -> None:
    await office.refer(pages.hub)
    for _ in range(SHOWN + 2):
        edges = events.both_ways("sdn-farsta", "amn")
        body = events.consent(at=pages.clock.now(), edges=edges)
        await office.send(pages.hub, "consent.recorded", "sd-farsta", body)
    jobbtorg = await pages.signed_in("jobbtorg")
    first = await jobbtorg.get("/team")
    total = first.text.split("Visa alla ")[1].split("<")[0]
    assert first.text.count('class="letter-link"') == SHOWN
    whole = await jobbtorg.get("/team?show=&type=&order=&all=1")
    assert whole.text.count('class="letter-link"') == int(total) > SHOWN
    assert "Visa alla" not in whole.text


async def test_another_units_message_case_and_type_do_not_exist(pages: Pages) -> None:
    fk, case = await bring_case(pages)
    coordinator, region = await pages.signed_in("samordnare"), await pages.signed_in("region")
    delivery = await first_letter(coordinator)
    sent = re.findall(r'href="(/team/sent/[^"]+)"', (await fk.get(f"/team/cases/{case}")).text)[0]
    for path in (
        f"/team/messages/{delivery}",
        f"/team/messages/{delivery}/check",
        f"/team/cases/{case}",
        f"/team/cases/{case}/plan",
        f"/team/cases/{case}/meeting.ics",
        sent,
        "/team/send/finsam.case-screened",
        f"/team/send/information.requested?case={case}",
        "/team/send/no.such-type",
        "/team/messages/x",
    ):
        assert (await region.get(path)).status == 404, path
    token = (await region.get("/team/new")).token
    assert (await region.post(f"/team/messages/{delivery}/open", {"csrf": token})).status == 404
    assert (await region.post("/team/unit", {"csrf": token, "unit": "fk-stockholm"})).status == 404


async def test_administrators_have_no_desk(pages: Pages) -> None:
    for person in ("admin", "granskare", "dataskydd"):
        page = await (await pages.signed_in(person)).get("/team")
        assert page.status == 403
        assert "Din roll" in page.text


async def test_the_dry_run_stores_nothing_and_tells_who_gets_what(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    await consent(fk)
    form = await begin(fk, INITIATE, {**QUESTION, "content.wished_seats": ["sd", "jt", "af", "rg"]})
    preview = await form.step("preview")
    assert "Region Stockholm" in preview.text
    assert "Får inget" in preview.text
    assert pages.hub.reader.list_inbox("team-sydost", limit=10, at=pages.clock.now()) == []
    assert faults_of(preview) == []


async def test_sending_twice_sends_once(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    await consent(fk)
    form = await begin(fk, INITIATE, QUESTION)
    previewed = (await form.step("preview")).hidden("previewed")
    first, second = await form.step("send", previewed=previewed), await form.step("send", previewed=previewed)
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(pages.hub.reader.list_inbox("team-sydost", limit=10, at=pages.clock.now())) == 1


async def test_what_was_changed_after_the_dry_run_is_shown_first(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    await consent(fk)
    form = await begin(fk, INITIATE, QUESTION)
    previewed = (await form.step("preview")).hidden("previewed")
    again = await form.step("send", previewed=previewed, **{"content.question": "Något annat?"})
    assert again.status == 200
    assert "Så ser varje part meddelandet" in again.text
    assert pages.hub.reader.list_inbox("team-sydost", limit=10, at=pages.clock.now()) == []


async def test_faults_stand_at_their_fields(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    form = await begin(fk, INITIATE, {**QUESTION, "content.question": "", "to": []})
    page = await form.step("preview")
    assert page.status == 422
    assert 'id="to-fault"' in page.text
    page = await form.step("preview", to=["team:team-sydost"], **{"person.personal_number": "19870521-2381"})
    assert page.status == 422
    assert 'id="content-question-fault"' in page.text or 'id="person-personal_number-fault"' in page.text
    assert "19870521-2381" in page.text  # what was typed is still there
    assert faults_of(page) == []


async def test_a_draft_is_kept_sealed_and_goes_when_the_message_is_sent(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    await consent(fk)
    form = await begin(fk, INITIATE, {**QUESTION, "content.question": "En halv fråga"})
    assert "Utkastet är sparat" in (await form.step("draft")).text
    database = pages.hub.settings.data_dir / "hub.sqlite3"
    files = b"".join(path.read_bytes() for path in database.parent.glob("hub.sqlite3*"))
    assert b"En halv fr" not in files
    other = await pages.signed_in("af")
    assert "En halv fråga" not in (await other.get("/team/send/finsam.case-initiated?team=team-sydost")).text
    later = await pages.signed_in("fk")
    page = await later.get(INITIATE)
    assert "En halv fråga" in page.text
    assert "Här är ditt utkast" in page.text
    assert (await form.send()).status == 303
    assert "En halv fråga" not in (await later.get(INITIATE)).text


async def test_rows_are_added_and_taken_away_without_a_script(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    form = await begin(fk, INITIATE, QUESTION)
    page = await form.step("add:content.tried_measures")
    assert 'name="content.tried_measures.1.text"' in page.text
    page = await form.step("drop:content.tried_measures:0", **{"content.tried_measures.1.text": "Kvar"})
    assert 'value="Kvar"' in page.text or ">\nKvar<" in page.text
    assert 'name="content.tried_measures.1.text"' not in page.text


async def test_markup_in_a_text_is_shown_as_text(pages: Pages) -> None:
    await bring_case(pages, **{"content.question": MARKUP, "content.tried_measures.0.text": MARKUP})
    coordinator = await pages.signed_in("samordnare")
    page = await open_first(coordinator)
    assert html.escape(MARKUP, quote=False).replace('"', "&#34;") in page.text
    assert "<script>alert" not in page.text
    assert faults_of(page) == []


async def test_handling_twice_is_harmless_and_another_answer_is_refused(pages: Pages) -> None:
    await bring_case(pages)
    coordinator = await pages.signed_in("samordnare")
    delivery = await first_letter(coordinator)
    opened = await open_first(coordinator)
    answer = {"csrf": opened.token, "outcome": "handled", "note": ""}
    empty = await coordinator.post(f"/team/messages/{delivery}/handled", {"csrf": opened.token})
    assert empty.status == 422
    named = await coordinator.post(f"/team/messages/{delivery}/handled", {**answer, "note": JONNA.number})
    assert named.status == 422
    for _ in range(2):
        assert (await coordinator.post(f"/team/messages/{delivery}/handled", answer)).status == 303
    other = await coordinator.post(f"/team/messages/{delivery}/handled", {**answer, "outcome": "declined"})
    assert other.status == 409
    assert "Inkorgen är tom" in (await coordinator.get("/team")).text


async def test_protection_takes_away_what_a_page_shows(pages: Pages) -> None:
    fk, case = await bring_case(pages)
    coordinator = await pages.signed_in("samordnare")
    delivery = await first_letter(coordinator)
    await open_first(coordinator)
    assert (await coordinator.get(f"/team/messages/{delivery}/check")).status == 204
    protect = {**QUESTION, "protected_identity": "sekretessmarkering"}
    told = await (await begin(fk, INITIATE, protect)).send()
    assert told.headers["Location"] == "/team?done=protected"
    check = await coordinator.get(f"/team/messages/{delivery}/check")
    assert check.status == 200
    assert "kan inte visas" in check.text
    page = await coordinator.get(f"/team/cases/{case}")
    assert JONNA.family_name not in page.text
    gone = await coordinator.get(f"/team/messages/{delivery}")
    assert gone.status == 410
    assert JONNA.family_name not in gone.text


@pytest.mark.parametrize("path", ["/team", "/team/cases", "/team/new", "/team/send/consent.recorded", INITIATE])
async def test_every_page_of_the_desk_is_valid_html(pages: Pages, path: str) -> None:
    fk = await pages.signed_in("fk")
    page = await fk.get(path)
    assert (page.status, faults_of(page)) == (200, [])


async def test_the_paper_to_sign_is_in_the_log_with_who_made_it(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    form = await begin(fk, "/team/send/consent.recorded", CONSENT)
    paper = await form.step("paper")
    assert (paper.status, paper.headers["Content-Type"]) == (200, "application/pdf")
    [row] = [each for each in pages.hub.reader.list_audit(AuditQuery(limit=500)) if each.action == "document_made"]
    assert (row.actor.startswith("staff:"), row.unit) == (True, "fk-stockholm")
    assert json.loads(row.entry)["document"] == "consent_form"


async def test_the_paper_says_in_plain_swedish_what_the_person_says_yes_to(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    paper = await (await begin(fk, "/team/send/consent.recorded", CONSENT)).step("paper")
    text = " ".join(pdf_text.read(paper.body).split())
    for told in (
        "Samtycke till att myndigheter delar uppgifter",
        f"{JONNA.given_name} {JONNA.family_name}",
        JONNA.number,
        "2 mars 2026 till 28 augusti 2026",
        "Gemensam planering i FINSAM",
        "Försäkringskassan Stockholm",
        "Det är frivilligt.",
        "ta tillbaka ditt ja",
        "registerutdrag",
        "Underskrift",
    ):
        assert told in text, told
    assert "sekretess" not in text.lower()  # a word that nobody should need to know


async def test_a_calendar_file_tells_when_and_where_and_nothing_of_whom(pages: Pages) -> None:
    case_id = "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
    content = {
        "at": "2026-04-01T13:00:00+02:00",
        "place_unit": "jt-sydost",
        "support_person": JONNA.given_name,
        "participants_expected": ["sd", "fk"],
    }
    text = calendar.write(pages.hub, case_id, content, pages.clock.now(), texts.load("sv"))
    lines = dict(line.split(":", 1) for line in text.strip().split("\r\n"))
    assert (lines["DTSTART"], lines["DTEND"]) == ("20260401T110000Z", "20260401T120000Z")
    assert (lines["LOCATION"], lines["SUMMARY"]) == ("Jobbtorg Sydost", "Planeringsmöte 0b6e1f5a")
    assert lines["CLASS"] == "PRIVATE"
    for secret in (JONNA.given_name, JONNA.family_name, JONNA.number, "FINSAM"):
        assert secret not in text, secret
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))  # RFC 5545 3.1


async def test_the_paper_is_a_pdf_and_its_hash_stands_in_the_consent(pages: Pages) -> None:
    fk = await pages.signed_in("fk")
    await consent(fk)
    sent = pages.hub.reader.list_sent("fk-stockholm", limit=1)[0][1]
    from hub.web.team import own

    data = own.read(pages.hub, sent)
    assert data is not None
    assert data["content"]["document_hash"].startswith("sha256:")
