"""What a page says, it says in words: units and looks by their names, who may tell whom, and one as one."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from hub.store.dead_letters import DeathReason
from hub.web.control.drawing import SMALL, Flow, draw_map
from hub.web.team import previewing
from tests.support import events, office
from tests.unit.hub.web.conftest import Pages
from tests.unit.hub.web.test_control import with_reason
from tests.unit.hub.web.test_desk import EDGES, bring_case

DOCUMENT = {
    "properties": {
        "content": {
            "properties": {
                "items": {"title": "Punkter", "items": {"properties": {"what": {"title": "Vad"}}}},
                "goal": {"title": "Mål"},
            }
        }
    }
}


async def test_the_log_tells_of_looks_and_purposes_in_words(pages: Pages) -> None:
    await office.refer(pages.hub)
    browser = await with_reason(pages)
    await browser.get("/admin/messages")
    page = (await browser.get("/admin/log")).text.split("<tbody>")[1]
    assert "sökning" in page
    assert "Planering vid jobbtorg" in page
    for machine_word in ("message_search", "jobbtorg_planning", "administrator;", "demo<"):
        assert machine_word not in page


async def test_one_dead_letter_is_one(pages: Pages) -> None:
    _, delivery, _ = await office.refer(pages.hub)
    await pages.hub.bury(delivery, DeathReason.PUSH_EXHAUSTED, 17)
    browser = await with_reason(pages)
    page = await browser.get("/admin/dead-letters")
    sent = await browser.post("/admin/dead-letters/retry", {"csrf": page.token, "unit": ""})
    assert "1 meddelande är på väg igen" in (await browser.get(sent.headers["Location"])).text


async def test_a_consent_stands_on_the_case_once_for_each_who_may_tell(pages: Pages) -> None:
    browser, case = await bring_case(pages)
    page = (await browser.get(f"/team/cases/{case}")).text
    strip = page.split('<ul class="edges">')[1].split("</ul>")[0]
    told = [" ".join(unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in strip.split("<li")[1:]]
    assert len(told) == 3
    assert "Försäkringskassan Stockholm" in told[0]
    for recipient in ("Stadsdelen Farsta", "Arbetsmarknadsnämnden", "Arbetsförmedlingen Stockholm"):
        assert recipient in told[0]


async def test_each_direction_of_a_consent_has_a_box_with_both_names(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    page = (await browser.get("/team/send/consent.recorded")).text
    boxes = re.findall(r'name="edge" value="([^"]+)"', page)
    holders = {unescape(box).split(">")[0] for box in boxes}
    assert len(boxes) == len(set(boxes)) == len(holders) * (len(holders) - 1)
    label = page.split('<label for="edge-fk-af">')[1].split("</label>")[0]
    assert "Försäkringskassan" in label
    assert label.rstrip().endswith("Arbetsförmedlingen Stockholm")


async def test_a_new_version_of_a_consent_begins_with_what_the_person_said_before(pages: Pages) -> None:
    browser, case = await bring_case(pages)
    page = (await browser.get(f"/team/cases/{case}")).text
    (link,) = re.findall(r'href="(/team/send/consent.recorded[^"]+consent=[^"]+)"', page)
    form = (await browser.get(unescape(link))).text
    ticked = re.findall(r'name="edge" value="([^"]+)" checked', form)
    assert sorted(map(unescape, ticked)) == sorted(EDGES)


async def test_a_place_is_chosen_by_its_name(pages: Pages) -> None:
    _, case = await bring_case(pages)
    coordinator = await pages.signed_in("samordnare")
    page = (await coordinator.get(f"/team/send/finsam.meeting-called?case={case}")).text
    field = page.split('<select id="content-place_unit"')[1].split("</select>")[0]
    assert '<option value="jt-sydost">Jobbtorg Sydost</option>' in field


async def test_whom_a_withdrawal_is_about_is_chosen_by_name(pages: Pages) -> None:
    browser = await pages.signed_in("fk")
    page = (await browser.get("/team/send/consent.withdrawn")).text
    field = page.split('<select id="content-parties-0"')[1].split("</select>")[0]
    assert '<option value="af">Arbetsförmedlingen Stockholm</option>' in field
    assert '<option value="amn">Arbetsmarknadsnämnden' in field


def test_rows_that_are_kept_back_are_told_together() -> None:
    pointers = ["/content/items/1", "/content/goal", "/content/items/4", "/content/items/2", "/content/items/0/what"]
    assert previewing.list_names(DOCUMENT, pointers, "sv") == ("Punkter, nr 2, 3 och 5", "Mål", "Punkter, nr 1, Vad")
    assert previewing.list_names(DOCUMENT, ["/content/items/1"], "sv") == ("Punkter, nr 2",)


def test_the_map_for_a_telephone_is_no_wider_than_one_and_its_names_have_room() -> None:
    flows = [Flow("sd", "jt", 1000, 0), Flow("jt", "af", 10, 3), Flow("jt", "sd", 1, 0)]
    drawn = draw_map(flows, {"sd": 0, "jt": 1, "af": 2}, SMALL)
    assert drawn.sheet.width <= 360
    for is_sender in (True, False):
        column = sorted((node.y, node.height) for node in drawn.nodes if node.is_sender is is_sender)
        below = [top + height for top, height in column]
        assert all(top - end >= 20 for end, (top, _) in zip(below, column[1:], strict=False))


async def test_a_decision_is_explained_step_by_step(pages: Pages) -> None:
    browser = await with_reason(pages)
    now, csrf = pages.clock.now(), (await browser.get("/admin/rules/try")).token

    async def steps_of(event: dict[str, Any]) -> list[list[str]]:
        page = await browser.post("/admin/rules/try", {"csrf": csrf, "message": json.dumps(event)})
        rows = page.text.split("Beslutet steg för steg</caption>")[1].split("<tbody>")[1].split("</tbody>")[0]
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows.split("</tr>")[:-1]]
        return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]

    refused = await steps_of(
        events.event("information.requested", "jt-sydost", events.data("information.requested", at=now), at=now)
    )
    assert [row[0] for row in refused][:3] == ["1. Avsändaren", "2. Formen", "3. Ärendet och skyddet"]
    decided = [row for row in refused if row[3].startswith("Avgjorde")]
    assert len(decided) == 1
    outcomes = [row[3].split()[0] for row in refused]
    assert set(outcomes[: outcomes.index("Avgjorde")]) == {"Gick"}
    consent = await steps_of(events.event("consent.recorded", "sd-farsta", events.consent(at=now), at=now))
    assert {row[3].split()[0] for row in consent} == {"Gick"}
    assert any(row[0].endswith("Grunden") and row[2] == "Jobbtorg Sydost" for row in consent)
