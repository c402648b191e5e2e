"""The control room: who sees what, which looks are logged and why, and what its pages never show."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from datetime import timedelta
from typing import Any

import html5lib
import pytest

from hub import directory_changes
from hub.audit import merkle
from hub.control import tracing
from hub.delivery.reading import Opened
from hub.store.dead_letters import DeathReason
from hub.store.records import AuditQuery
from hub.web.control.drawing import Flow, draw_chart, draw_map
from tests.support import events, office, persons
from tests.support.browsing import Browser
from tests.unit.hub.web.conftest import Pages

PLAIN = (
    *("/admin", "/admin/health", "/admin/follow-up", "/admin/reason"),
    *("/admin/rules", "/admin/rules/changes", "/admin/rules/diff", "/admin/rules/types/information.requested"),
)
CLOSER = (
    *("/admin/messages", "/admin/flows/sd/jt", "/admin/dead-letters", "/admin/retention", "/admin/log"),
    *("/admin/log/export", "/admin/log/export/csv", "/admin/messages.csv"),
)
REASON = {"reason": "fault_finding", "reference": "dnr-2026-17", "to": "/admin"}


async def traffic(pages: Pages) -> dict[str, str]:
    """A referral that waits, and a question to AF that was refused."""
    hub = pages.hub
    case, delivery, _ = await office.refer(hub)
    await office.tell(hub, "information.requested", "jt-sydost", case)
    found = hub.reader.list_audit(AuditQuery(limit=100))
    by = {row.action: row.message_id or "" for row in found if row.message_id}
    referral = next(row.message_id or "" for row in found if row.type == "referral.submitted")
    return {"case": case, "delivery": delivery, "refused": by["message_refused"], "referral": referral}


async def with_reason(pages: Pages, person: str = "admin") -> Browser:
    browser = await pages.signed_in(person)
    page = await browser.get("/admin/reason")
    assert (await browser.post("/admin/reason", {"csrf": page.token, **REASON})).status == 303
    return browser


def looks(pages: Pages) -> list[Any]:
    return [row for row in pages.hub.reader.list_audit(AuditQuery(limit=1000)) if row.action == "staff_looked"]


@pytest.mark.parametrize("person", ["admin", "granskare", "dataskydd"])
async def test_those_who_oversee_see_every_page(pages: Pages, person: str) -> None:
    await traffic(pages)
    browser = await with_reason(pages, person)
    for path in (*PLAIN, *CLOSER):
        assert (await browser.get(path)).status == 200, path


@pytest.mark.parametrize("person", ["samordnare", "stadsdel"])
async def test_those_at_the_desk_see_none(pages: Pages, person: str) -> None:
    browser = await pages.signed_in(person)
    for path in (*PLAIN, *CLOSER):
        assert (await browser.get(path)).status == 403, path


async def test_nobody_who_has_not_signed_in_sees_one(pages: Pages) -> None:
    browser = pages.browser()
    for path in (*PLAIN, *CLOSER):
        assert (await browser.get(path)).status in (303, 401), path


async def test_single_messages_are_shown_only_after_a_reason_which_the_log_keeps(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await pages.signed_in("admin")
    path = f"/admin/messages/{known['refused']}"
    asked = await browser.get(path)
    assert "Varför tittar du?" in asked.text
    assert known["refused"][:8] not in asked.text.replace(path, "")
    assert looks(pages) == []
    given = await browser.post("/admin/reason", {"csrf": asked.token, **REASON, "to": asked.hidden("to")})
    assert (given.status, given.headers["Location"]) == (303, path)
    assert "Meddelandets väg" in (await browser.get(path)).text
    (look,) = looks(pages)
    assert look.message_id == known["refused"]
    assert b'"reason":"fault_finding"' in look.entry
    assert b'"reference":"dnr-2026-17"' in look.entry


@pytest.mark.parametrize("to", ["https://elsewhere.example/admin", "//elsewhere.example", "/team", "/admin\\evil", ""])
async def test_a_reason_leads_nowhere_but_into_the_control_room(pages: Pages, to: str) -> None:
    browser = await pages.signed_in("admin")
    page = await browser.get("/admin/reason")
    given = await browser.post("/admin/reason", {"csrf": page.token, **REASON, "to": to})
    assert given.headers["Location"] == "/admin"


async def test_a_reason_that_names_somebody_is_turned_down_and_told(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    page = await browser.get("/admin/reason")
    wrong = await browser.post("/admin/reason", {"csrf": page.token, **REASON, "reference": "Anna Svensson"})
    assert wrong.status == 422
    assert "Skälet kunde inte sparas" in wrong.text


async def test_the_way_of_a_refused_message_says_why_it_did_not_reach_af(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    flow = await browser.get("/admin/flows/jt/af")
    assert f"/admin/messages/{known['refused']}" in flow.text
    trace = await browser.get(f"/admin/messages/{known['refused']}")
    assert "Nekat i sin helhet" in trace.text
    assert "Arbetsförmedlingen" in trace.text
    assert "Det finns inget samtycke som gäller" in trace.text


async def test_the_way_of_an_accepted_message_tells_rule_basis_and_consent_and_never_a_body(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.read(known["delivery"], "jt-sydost")
    await pages.hub.integrator.step()
    trace = await browser.get(f"/admin/messages/{known['referral']}?verify=1")
    for told in ("referral.submitted/jt", "Samtycke från den enskilde", "version 1", "Öppnat", "Posterna stämmer"):
        assert told in trace.text, told
    for path in (f"/admin/messages/{known['referral']}", *PLAIN, *CLOSER):
        text = (await browser.get(path)).text
        for secret in (persons.ASTA.number, persons.ASTA.as_data()["family_name"]):
            assert secret not in text, path


async def test_the_fields_that_a_recipient_gets_are_told_by_name_and_are_just_those(pages: Pages) -> None:
    """Of a referral without what the consent leaves out; when the body has been destroyed, nobody can say any more."""
    hub = pages.hub
    edges = events.both_ways("sdn-farsta", "amn", ("ID", "CO", "ST", "BE", "LM", "WA"))
    await office.send(hub, "consent.recorded", "sd-farsta", events.consent(at=hub.clock.now(), edges=edges))
    referral = await office.accepted(hub, "referral.submitted", "sd-farsta")
    (row,) = referral.receipt["recipients"]
    opened = await hub.read(row["delivery"], "jt-sydost")
    assert isinstance(opened, Opened)
    copy = opened.event["data"]
    (recipient,) = tracing.trace(hub, referral.receipt["id"])[0].recipients
    assert {field.split("/")[2] for field in recipient.fields} == {*copy["person"], *copy["content"]}
    assert "/content/functional_needs" in recipient.withheld
    browser = await with_reason(pages)
    address = f"/admin/messages/{referral.receipt['id']}"
    page = (await browser.get(address)).text
    assert "Efternamn <code" in page
    assert page.count("/content/functional_needs") == 1
    await hub.acknowledge(row["delivery"], "jt-sydost")
    pages.pass_time(timedelta(days=8))
    await hub.gallring.run("hub")
    again = await with_reason(pages)
    assert "innehållet är gallrat" in (await again.get(address)).text


async def test_checking_holds_each_entry_against_the_signed_checkpoint(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    await pages.hub.integrator.step()
    path = f"/admin/messages/{known['referral']}?verify=1"
    assert "under den signerade kontrollpunkten" in (await browser.get(path)).text
    # Somebody alters an entry, its leaf with it: only the tree and its signature tell.
    database = pages.hub.settings.data_dir / "hub.sqlite3"
    forged = b'{"action":"message_accepted"}'
    with sqlite3.connect(database) as connection:
        where = "message_id = ? AND action = 'message_accepted'"
        values = (forged, merkle.leaf_hash(forged), known["referral"])
        assert connection.execute(f"UPDATE audit SET entry = ?, leaf = ? WHERE {where}", values).rowcount == 1
    connection.close()
    page = (await browser.get(path)).text
    assert "En post stämmer inte" in page
    assert "✗" in page


async def test_the_way_of_a_message_tells_how_far_its_claim_check_has_come(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    path = f"/admin/messages/{known['referral']}"
    assert "<dt>Aviserat</dt>" in (await browser.get(path)).text
    await pages.hub.acknowledge(known["delivery"], "jt-sydost")
    page = (await browser.get(path)).text
    assert "<dt>Aviserat</dt>" not in page
    assert "<dt>Övertaget</dt>" in page


async def test_a_message_that_is_not_there_is_answered_so(pages: Pages) -> None:
    browser = await with_reason(pages)
    assert (await browser.get("/admin/messages/0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11")).status == 404
    assert (await browser.get("/admin/messages/nothing")).status == 404
    assert (await browser.get("/admin/flows/nobody/af")).status == 404


async def test_a_search_is_narrowed_by_what_was_asked(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    of_case = await browser.get(f"/admin/messages?case={known['case']}")
    assert known["referral"] in of_case.text
    to_af = await browser.get("/admin/messages?unit=af-stockholm&verdict=refuse")
    assert known["refused"] in to_af.text
    assert known["referral"] not in to_af.text
    nothing = await browser.get("/admin/messages?code=EXPIRED")
    assert "Inga träffar" in nothing.text
    today, before = pages.clock.now().date(), pages.clock.now().date() - timedelta(days=1)
    assert known["referral"] in (await browser.get(f"/admin/messages?since={today}&until={today}")).text
    assert "Inga träffar" in (await browser.get(f"/admin/messages?until={before}")).text


@pytest.mark.parametrize("field", ["message", "case", "since", "until"])
async def test_a_search_for_what_cannot_be_read_finds_nothing_and_says_so_at_the_field(
    pages: Pages, field: str
) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    page = await browser.get(f"/admin/messages?{field}={known['referral'][:8]}")
    assert page.status == 422
    assert f'aria-describedby="{field}-fault"' in page.text
    # What a browser's field for days would not take is not put back into one.
    assert (f'value="{known["referral"][:8]}"' in page.text) is (field in ("message", "case"))
    assert known["refused"] not in page.text


async def test_the_same_search_comes_as_csv_without_formulas(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    sheet = await browser.get("/admin/messages.csv?unit=af-stockholm")
    assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(sheet.text.lstrip("\ufeff"))))
    assert [(row["message"], row["verdict"]) for row in rows] == [(known["refused"], "refuse")]


@pytest.mark.parametrize("query", ["sender=<script>", "days=99999999999999", "case=%00", "code='+or+1", "before=-1"])
async def test_what_is_no_filter_narrows_nothing_and_is_not_repeated(pages: Pages, query: str) -> None:
    browser = await with_reason(pages)
    for path in ("/admin/messages", "/admin/log", "/admin"):
        shown = await browser.get(f"{path}?{query}")
        # What is said to be an id and is none is told at its field.
        assert shown.status == (422 if (path, query) == ("/admin/messages", "case=%00") else 200)
        assert "\0" not in shown.text
        assert "<script>" not in shown.text.replace('<script src="', "")


async def test_only_administrators_act(pages: Pages) -> None:
    auditor = await with_reason(pages, "granskare")
    page = await auditor.get("/admin/retention")
    assert "Gallra nu" not in page.text
    for path in ("/admin/retention/run", "/admin/retention/hold", "/admin/dead-letters/retry"):
        assert (await auditor.post(path, {"csrf": (await auditor.get("/admin/reason")).token})).status == 403


async def test_a_form_of_another_site_does_nothing(pages: Pages) -> None:
    await traffic(pages)
    browser = await with_reason(pages)
    for path in ("/admin/retention/run", "/admin/reason", "/admin/dead-letters/decide"):
        assert (await browser.post(path, {"csrf": "0" * 64})).status == 403
    assert "retention_run" not in pages.actions()


async def test_gallring_is_seen_run_and_held_back(pages: Pages) -> None:
    known = await traffic(pages)
    await pages.hub.acknowledge(known["delivery"], "jt-sydost")
    pages.pass_time(timedelta(days=8))
    browser = await with_reason(pages)
    page = await browser.get("/admin/retention")
    assert "Innehåll som alla tagit över: 1" in page.text
    held = {"csrf": page.token, "subject": known["case"], "reference": "dnr-2026-17"}
    await browser.post("/admin/retention/hold", held)
    assert "Undantaget: 1" in (await browser.get("/admin/retention")).text
    wrong = await browser.post("/admin/retention/hold", {**held, "subject": "nothing"})
    assert wrong.headers["Location"].endswith("fault=1")
    await browser.post("/admin/retention/release", held)
    await browser.post("/admin/retention/run", {"csrf": page.token})
    after = await browser.get("/admin/retention")
    assert "Inget står i tur." in after.text
    assert pages.hub.reader.list_retention_runs(limit=1)[0].counts == {"delivered_body": 1}


async def test_dead_letters_are_shown_before_they_are_sent_again(pages: Pages) -> None:
    known = await traffic(pages)
    await pages.hub.bury(known["delivery"], DeathReason.PUSH_EXHAUSTED, 17)
    browser = await with_reason(pages)
    listed = await browser.get("/admin/dead-letters")
    assert "Mottagarens system tog inte emot" in listed.text
    trial = await browser.get("/admin/dead-letters?unit=jt-sydost&try=1")
    assert "1 meddelande skickas på väg igen" in trial.text
    sent = await browser.post("/admin/dead-letters/retry", {"csrf": trial.token, "unit": "jt-sydost"})
    assert sent.headers["Location"] == "/admin/dead-letters?done=1"
    assert "Allt har kommit fram" in (await browser.get("/admin/dead-letters")).text


async def test_a_dead_letter_is_given_up_with_a_reason(pages: Pages) -> None:
    known = await traffic(pages)
    await pages.hub.bury(known["delivery"], DeathReason.POISON, 3)
    browser = await with_reason(pages)
    asked = await browser.get(f"/admin/dead-letters?drop={known['delivery']}")
    assert "Det går inte att ångra" in asked.text
    form = {"csrf": asked.token, "delivery": known["delivery"], "do": "drop"}
    without = await browser.post("/admin/dead-letters/decide", {**form, "reason": ""})
    assert "Välj ett skäl" in (await browser.get(without.headers["Location"])).text
    assert not {"delivery_dropped", "delivery_retried"} & set(pages.actions())
    given = await browser.post("/admin/dead-letters/decide", {**form, "reason": "outdated"})
    assert "Meddelandet är uppgivet" in (await browser.get(given.headers["Location"])).text
    assert "delivery_dropped" in pages.actions()


async def test_one_dead_letter_is_sent_again(pages: Pages) -> None:
    known = await traffic(pages)
    await pages.hub.bury(known["delivery"], DeathReason.POISON, 3)
    browser = await with_reason(pages)
    page = await browser.get("/admin/dead-letters")
    form = {"csrf": page.token, "delivery": known["delivery"], "do": "retry"}
    sent = await browser.post("/admin/dead-letters/decide", form)
    assert "1 meddelande är på väg igen" in (await browser.get(sent.headers["Location"])).text
    assert "delivery_retried" in pages.actions()


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_every_page_is_valid_html_in_both_languages(pages: Pages, language: str) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    await browser.get(f"/language/{language}?to=/admin")
    trace = f"/admin/messages/{known['referral']}?verify=1"
    for path in (*PLAIN, *CLOSER[:-2], trace, f"/admin/messages/{known['refused']}"):
        parser = html5lib.HTMLParser(strict=False)
        parser.parse((await browser.get(path)).text)
        assert parser.errors == [], path


def test_a_map_has_every_flow_and_is_as_high_as_what_it_holds() -> None:
    flows = [Flow("sd", "jt", 1000, 0), Flow("jt", "af", 10, 3), Flow("jt", "sd", 1, 0)]
    drawn = draw_map(flows, {"sd": 0, "jt": 1, "af": 2})
    assert {band.flow for band in drawn.bands} == set(flows)
    assert max(band.width for band in drawn.bands) == next(band.width for band in drawn.bands if band.flow == flows[0])
    assert all(node.y + node.height < drawn.height for node in drawn.nodes)
    assert [flow.heat for flow in flows] == [0, 3, 0]
    assert draw_map([], {}).bands == []


def test_bars_never_stand_over_the_chart() -> None:
    chart = draw_chart([("a", 0, 0), ("b", 7, 5), ("c", 999, 1)])
    assert chart.top == 1000
    assert all(bar.refused_y >= 0 for bar in chart.bars)
    assert draw_chart([]).bars == []


# -- rules and directory ------------------------------------------------------------------------------------------


async def test_a_message_is_tried_without_a_trace_of_it_but_the_look(pages: Pages) -> None:
    known = await traffic(pages)
    browser = await with_reason(pages)
    page = await browser.get("/admin/rules/try")
    body = events.data("information.requested", at=pages.clock.now())
    event = events.event("information.requested", "jt-sydost", body, at=pages.clock.now(), subject=known["case"])
    before = len(pages.hub.reader.list_audit(AuditQuery(limit=1000)))
    tried = await browser.post("/admin/rules/try", {"csrf": page.token, "message": json.dumps(event)})
    assert tried.status == 200
    assert "Det finns inget samtycke som gäller" in tried.text
    assert pages.actions()[before:] == ["staff_looked"]
    wrong = await browser.post("/admin/rules/try", {"csrf": page.token, "message": "</textarea><script>"})
    assert wrong.status == 422
    assert "Det här är inget meddelande" in wrong.text
    assert "</textarea><script>" not in wrong.text


async def test_a_change_of_units_waits_for_a_second_administrator(pages: Pages) -> None:
    browser = await with_reason(pages)
    page = await browser.get("/admin/rules")
    assert (await browser.post("/admin/rules/reload", {"csrf": page.token})).status == 303
    files = directory_changes.read_files(None)
    name = next(iter(files))
    changed = {**files, name: files[name].replace('name = "Farsta"', 'name = "Nya Farsta"', 1)}
    digest = directory_changes.read(changed).digest
    admin = pages.hub.reader.find_staff_by_subject("urn:samverkan:demo", "admin")
    mine = f"staff:{admin.staff_id}" if admin else "staff:1"
    await pages.hub.group.submit(directory_changes.ProposeDirectory(mine, digest, changed))
    assert "Föreslagen ändring av katalogen" in (await browser.get("/admin/rules")).text
    own = await browser.get("/admin/rules/changes")
    assert "Du har själv föreslagit ändringen" in own.text or "Godkänn ändringen" in own.text
    await browser.post("/admin/rules/decide", {"csrf": own.token, "decision": "reject"})
    assert "change_rejected" in pages.actions()


async def test_no_room_that_asks_why_is_opened_without_a_reason(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    for path in CLOSER:
        assert "Varför tittar du?" in (await browser.get(path)).text, path
    assert looks(pages) == []
