"""Rooms of the control room: rulebooks compared, changes, the log as a file, searches kept, a consent, curves."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import directory_changes
from hub.audit.entry import AuditAction
from hub.audit.recording import RecordEvent
from hub.control import charting, depths, health, sampling
from hub.identity.party_keys import AddKey
from hub.store.history import Sample
from hub.store.parties import KeyKind, PartyKey
from hub.store.records import AuditQuery
from hub.telemetry.history import quantile
from hub.transport.port import Depth, QueueKind
from hub.web.control import saving
from hub.web.control.lines import Axis, draw_curve
from routing import rulebook
from tests.support import events, office, pdf_text, persons
from tests.support.browsing import Browser
from tests.unit.hub.web.conftest import START, Pages
from tests.unit.hub.web.test_control import with_reason

Build = Callable[..., Awaitable[Pages]]


async def compare(browser: Browser, old: str, new: str, files: dict[str, str] | None = None) -> str:
    page = await browser.get("/admin/rules/diff")
    form = {"csrf": page.token, "old": old, "new": new}
    return (await browser.upload("/admin/rules/diff", form, "files", files or {})).text


def rule_files() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in rulebook.FOLDER.glob("*.toml")}


async def test_two_rulebooks_that_say_the_same_change_no_decision(pages: Pages) -> None:
    browser = await pages.signed_in("granskare")
    assert "Inget beslut blir annorlunda" in await compare(browser, "now", "packaged")


async def test_an_uploaded_rulebook_is_held_against_the_one_in_force_and_not_used(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    digest = pages.hub.rulebook.digest
    files = rule_files()
    changed = files["settings.toml"].replace("osl_10_2_most = ", "osl_10_2_most = 1", 1)
    assert changed != files["settings.toml"]
    seen = await compare(browser, "now", "files", files | {"settings.toml": changed})
    assert "setting osl_10_2_most" in seen
    assert pages.hub.rulebook.digest == digest


async def test_a_way_that_another_rulebook_closes_is_shown(pages: Pages) -> None:
    """The same rows as `samverkan rules diff` tells."""
    browser = await pages.signed_in("admin")
    files = rule_files()
    narrowed = files["categories.toml"].replace('\nED = "yes"', '\nED = "no"')
    seen = await compare(browser, "now", "files", files | {"categories.toml": narrowed})
    assert "Vägar som ändras" in seen
    assert "<code>−/content/education_level</code>" in seen


@pytest.mark.parametrize("files", [{}, {"../evil.toml": "x"}, {"types.toml": "<script>alert(1)</script>"}])
async def test_a_rulebook_with_faults_is_told_of_with_its_faults(pages: Pages, files: dict[str, str]) -> None:
    browser = await pages.signed_in("admin")
    seen = await compare(browser, "now", "files", files)
    assert "Regelverket kan inte läsas" in seen
    assert "<script>alert" not in seen


async def test_what_was_in_force_before_can_be_compared_after_a_reload(build_pages: Build, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(rulebook.FOLDER, folder)
    pages = await build_pages(rules_dir=folder)
    browser = await pages.signed_in("admin")
    before = pages.hub.rulebook.digest
    assert before not in (await browser.get("/admin/rules/diff")).text
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text("utf-8").replace("osl_10_2_most = ", "osl_10_2_most = 1", 1), "utf-8")
    pages.pass_time(timedelta(minutes=5))
    await pages.hub.reload_rules()
    assert "setting osl_10_2_most" in await compare(browser, before, "now")
    await pages.hub.reload_rules()  # the same again is no change
    assert "setting osl_10_2_most" in await compare(browser, before, "now")
    await pages.stop()

    # Also by another process, or after a restart.
    again = await build_pages(rules_dir=folder, data_dir=pages.hub.settings.data_dir)
    browser = await again.signed_in("admin")
    changes = (await browser.get("/admin/rules/changes")).text
    assert "Se vad som ändrades" in changes
    (link,) = re.findall(r'href="(/admin/rules/diff[^"]+)"', changes.split("<tbody>")[1])
    form = await browser.get(html.unescape(link))
    assert f'<option value="{before}" selected>Gällde från ' in form.text
    assert '<option value="now" selected>' in form.text
    assert "setting osl_10_2_most" in await compare(browser, before, "now")
    assert len(again.hub.reader.list_rulebooks(limit=9)) == 2


async def test_a_rulebook_that_was_never_in_force_cannot_be_chosen(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    assert "Regelverket kan inte läsas" in await compare(browser, "sha256:other", "now")


async def test_an_approval_by_the_one_who_proposed_says_why_nothing_changed(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    member = pages.hub.reader.find_staff_by_subject("urn:samverkan:demo", "admin")
    assert member is not None
    files = directory_changes.read_files(None)
    name = next(name for name, text in files.items() if "Farsta" in text)
    changed = files | {name: files[name].replace("Farsta", "Nya Farsta", 1)}
    digest = directory_changes.read(changed).digest
    await pages.hub.group.submit(directory_changes.ProposeDirectory(f"staff:{member.staff_id}", digest, changed))
    page = await browser.get("/admin/rules/changes")
    assert "Du har själv föreslagit ändringen" in page.text
    form = {"csrf": page.token, "decision": "approve", "digest": digest}
    answer = await browser.post("/admin/rules/decide", form)
    told = await browser.get(answer.headers["Location"])
    assert "Den som föreslagit en ändring kan inte godkänna den." in told.text
    other = await browser.post("/admin/rules/decide", form | {"digest": "sha256:other"})
    assert other.headers["Location"].endswith("?fault=another_proposed")
    assert "Ändring föreslagen" in told.text


@pytest.mark.parametrize("form", ["json", "csv", "fhir"])
async def test_the_log_leaves_as_a_file_after_it_has_heard_of_it(pages: Pages, form: str) -> None:
    await office.refer(pages.hub)
    browser = await pages.signed_in("granskare")
    asked = await browser.get(f"/admin/log/export/{form}")
    assert "Varför tittar du?" in asked.text
    assert "log_exported" not in pages.actions()
    browser = await with_reason(pages, "granskare")
    sent = await browser.get(f"/admin/log/export/{form}?action=message_accepted&days=7")
    assert sent.headers["Content-Disposition"].startswith("attachment; filename=")
    assert pages.actions()[-1] == "log_exported"
    assert persons.ASTA.number not in sent.text
    match form:
        case "csv":
            actions = [row["action"] for row in csv.DictReader(io.StringIO(sent.text))]
        case "json":
            actions = [row["action"] for row in json.loads(sent.text)["items"]]
        case _:
            actions = ["message_accepted" for _ in json.loads(sent.text)["entry"]]
    assert actions == ["message_accepted"] * 2


@pytest.mark.slow
async def test_a_log_of_any_length_leaves_whole(pages: Pages) -> None:
    """More entries than a file once held, and an action of which there are two far apart."""
    rare, usual = RecordEvent(AuditAction.CHANGE_PROPOSED), RecordEvent(AuditAction.STAFF_LOOKED)
    for events_at_once in ([rare], *[[usual] * 500] * 41, [rare]):
        await asyncio.gather(*map(pages.hub.group.submit, events_at_once))
    browser = await with_reason(pages, "granskare")
    size = pages.hub.reader.audit_size()
    assert f"Loggen har {size:,} poster".replace(",", "\u202f") in (await browser.get("/admin/log/export")).text
    sent = await browser.get("/admin/log/export/csv")
    indexes = [int(row["index"]) for row in csv.DictReader(io.StringIO(sent.text))]
    assert indexes == list(range(len(indexes)))
    assert len(indexes) > 20_500
    narrowed = json.loads((await browser.get("/admin/log/export/json?action=change_proposed")).text)
    first, last = (each["index"] for each in narrowed["items"])
    assert last - first > 20_500
    nothing = json.loads((await browser.get("/admin/log/export/fhir?action=key_rotated")).text)
    assert "entry" not in nothing


async def test_searches_are_kept_for_the_one_who_kept_them(pages: Pages) -> None:
    browser = await with_reason(pages)
    page = await browser.get("/admin/messages?unit=af-stockholm&verdict=refuse&days=90")
    form = {"csrf": page.token, "name": "Nekat till AF", "query": page.hidden("query")}
    kept = await browser.post("/admin/saved-searches", form)
    assert kept.headers["Location"] == "/admin/messages?unit=af-stockholm&verdict=refuse&days=90"
    assert "Nekat till AF" in (await browser.get("/admin/messages")).text
    later = await with_reason(pages)
    assert "Nekat till AF" in (await later.get("/admin/messages")).text
    other = await with_reason(pages, "granskare")
    assert "Nekat till AF" not in (await other.get("/admin/messages")).text
    await browser.post("/admin/saved-searches", {"csrf": page.token, "query": "", "drop": "Nekat till AF"})
    assert "Nekat till AF" not in (await browser.get("/admin/messages")).text


def test_a_kept_search_holds_filters_and_nothing_else() -> None:
    assert saving.clean("unit=af-stockholm&csrf=x&to=//evil&verdict=refuse") == "unit=af-stockholm&verdict=refuse"
    assert saving.clean("unit=%22%3E%3Cscript%3E") == "unit=%22%3E%3Cscript%3E"


async def test_one_consent_is_shown_after_a_reason_and_without_the_person(pages: Pages) -> None:
    _, _, consent_id = await office.refer(pages.hub)
    browser = await pages.signed_in("dataskydd")
    asked = await browser.get(f"/admin/consents?id={consent_id}")
    assert asked.headers["Location"] == f"/admin/consents/{consent_id}"
    assert "Varför tittar du?" in (await browser.get(f"/admin/consents/{consent_id}")).text
    browser = await with_reason(pages, "dataskydd")
    shown = await browser.get(f"/admin/consents/{consent_id}")
    assert "Vem som får berätta vad för vem" in shown.text
    assert "Stadsdelen Farsta" in shown.text
    for secret in (persons.ASTA.number, persons.ASTA.family_name):
        assert secret not in shown.text
    look = pages.hub.reader.list_audit(AuditQuery(limit=1000))[-1]
    assert (look.action, consent_id.encode() in look.entry) == ("staff_looked", True)
    assert (await browser.get(f"/admin/consents/{events.new_id()}")).status == 404
    assert (await browser.get("/admin/consents?id=nothing")).status == 404


async def test_what_should_be_rare_is_counted_by_unit(pages: Pages) -> None:
    hub = pages.hub
    to = [{"role": "responsible_jobbtorg"}]
    own_need = [("jt", "OSL_10_2", None)]
    await office.accepted(hub, "referral.submitted", "sd-farsta", person=persons.ASTA, basis=own_need, to=to)
    browser = await pages.signed_in("granskare")
    page = (await browser.get("/admin/follow-up")).text
    used = page.split("Utlämnanden på grund av eget behov")[2].split("</table>")[0]
    assert "Farsta" in used
    assert 'data-label="Gånger">1</td>' in used
    assert "Inga ärenden har avslutats så under tiden." in page


async def test_keys_that_end_soon_are_told_before_they_do(pages: Pages) -> None:
    now = pages.clock.now()
    for unit, name, days in (("fk-stockholm", "nyckel-1", 9), ("af-stockholm", "nyckel-2", 90)):
        key = PartyKey(unit, f"print-{name}", KeyKind.JWK, name, {"kty": "OKP"}, now, now + timedelta(days=days))
        await pages.hub.group.submit(AddKey("operator", key))
    browser = await pages.signed_in("admin")
    page = (await browser.get("/admin/health")).text
    assert "nyckel-1" in page
    assert "nyckel-2" not in page


async def test_readings_of_all_processes_become_curves_with_tables(pages: Pages) -> None:
    browser = await pages.signed_in("admin")
    assert "Det finns inget att visa än" in (await browser.get("/admin/health")).text
    await office.refer(pages.hub)
    for _ in range(3):
        pages.pass_time(timedelta(minutes=15))
        await sampling.sample(pages.hub, "one")
        await sampling.sample(pages.hub, "two")
    page = (await browser.get("/admin/health?days=1")).text
    assert "Det senaste dygnet" in page
    assert page.count("<polyline") == 6
    kept = pages.hub.reader.list_samples(START)
    assert [each.process for each in kept] == ["one", "two"] * 3
    assert kept[-1].unread == 2  # the referral, and the word of a consent
    first = next(each for each in kept if each.requests)
    assert 0 < first.p50_seconds <= first.p95_seconds
    assert "De senaste 7 dygnen" in (await browser.get("/admin/health")).text


def reading(process: str, minutes: int, **changes: Any) -> Sample:
    values: dict[str, Any] = {"unread": 1, "outbox_seconds": 0.0, "dead_letters": 0, "requests": 30}
    values |= {"p50_seconds": 0.01, "p95_seconds": 0.1} | changes
    return Sample(process, START + timedelta(minutes=minutes), **values)


def test_calls_of_all_processes_add_up_and_of_the_rest_the_highest_counts() -> None:
    taken = [reading("one", 1, p95_seconds=0.5), reading("two", 2, unread=7), reading("one", 20)]
    # A day in 96 steps: a quarter of an hour each.
    first, second = charting.gather(taken, START + timedelta(days=1), timedelta(days=1))
    assert (first.calls, first.unread, first.p95_seconds) == (4.0, 7, 0.5)
    assert (second.calls, second.unread, second.p95_seconds) == (2.0, 1, 0.1)
    assert second.at - first.at == timedelta(minutes=15)
    assert charting.gather(taken, START + timedelta(days=3), timedelta(days=1)) == []


def test_a_quantile_is_the_bucket_that_reaches_it() -> None:
    assert quantile({0.01: 50, 0.1: 95, 1.0: 99, float("inf"): 100}, 0.5) == 0.01
    assert quantile({0.01: 50, 0.1: 95, 1.0: 99, float("inf"): 100}, 0.95) == 0.1
    assert quantile({0.01: 0, float("inf"): 3}, 0.95) == 0.01
    assert quantile({}, 0.5) == quantile({0.1: 0}, 0.5) == 0.0


HOUR = Axis(START, START + timedelta(minutes=60), timedelta(minutes=1))


def test_a_curve_stays_in_the_picture_and_is_broken_where_nobody_read() -> None:
    readings = [(START + timedelta(minutes=at), float(at)) for at in (*range(1, 20), 30, *range(40, 60))]
    curve = draw_curve("p95", [*readings, (START + timedelta(minutes=60), 997.0)], HOUR)
    assert curve.top == 1000
    assert [len(line.split()) for line in curve.lines] == [19, 2, 21]
    points = [tuple(map(float, point.split(","))) for line in curve.lines for point in line.split()]
    assert min(y for _, y in points) >= curve.ceiling
    assert max(y for _, y in points) <= curve.base
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[-1][0] == 950
    assert draw_curve("p95", [], HOUR).lines == []


async def test_the_data_officer_prints_an_extract_and_the_log_does_not_name_anybody(pages: Pages) -> None:
    await office.refer(pages.hub)
    browser = await with_reason(pages, "dataskydd")
    page = await browser.get("/admin/extract")
    form = {"csrf": page.token, "number": persons.ASTA.number, "name": "Asta Provberg"}
    paper = await browser.post("/admin/extract", form)
    assert (paper.status, paper.headers["Content-Type"]) == (200, "application/pdf")
    text = " ".join(pdf_text.read(paper.body).split())
    assert "Asta Provberg" in text
    assert "Anvisning till Jobbtorg" in text
    assert pages.actions()[-1] == "extract_made"
    entry = pages.hub.reader.list_audit(AuditQuery(limit=1000))[-1].entry
    assert persons.ASTA.number.encode() not in entry
    wrong = await browser.post("/admin/extract", form | {"number": "189001019803"})
    assert (wrong.status, "189001019803" in wrong.text) == (422, False)
    assert "Numret går inte att läsa" in wrong.text
    admin = await with_reason(pages)
    assert (await admin.get("/admin/extract")).status == 403


async def test_a_type_is_browsed_with_every_way_that_the_rules_open(pages: Pages) -> None:
    browser = await pages.signed_in("granskare")
    rules = (await browser.get("/admin/rules")).text
    for name in pages.hub.rulebook.types:
        if f'href="/admin/rules/types/{name}"' in rules:
            assert (await browser.get(f"/admin/rules/types/{name}")).status == 200, name
    page = (await browser.get("/admin/rules/types/referral.submitted")).text
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in page.split("<tbody>")[1].split("</tr>")]
    assert any(row.startswith("Jobbtorg Stadsdelar Planering vid jobbtorg Samtycke från den enskilde") for row in rows)
    assert not any("Missbruk" in row for row in rows)
    assert (await browser.get("/admin/rules/types/nothing")).status == 404


async def test_health_tells_for_whom_something_waits_and_since_when(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await pages.signed_in("granskare")
    assert "Ingen enhet har något som väntar." in (await browser.get("/admin/health")).text
    _, delivery, _ = await office.refer(pages.hub)

    async def row() -> str:
        page = (await browser.get("/admin/health")).text.split("Inkorgar som väntar längst</caption>")[1]
        return " ".join(re.sub(r"<[^>]+>", " ", page.split("<tbody>")[1].split("</tr>")[0]).split())

    assert (await row()).startswith("Jobbtorg Sydost 2 ")
    monkeypatch.setattr(health, "MOST_WAITING", 2)
    assert (await row()).startswith("Jobbtorg Sydost 2 eller fler ")
    await pages.hub.acknowledge(delivery, "jt-sydost")
    assert (await row()).startswith("Jobbtorg Sydost 1 ")


async def test_health_tells_how_full_the_transports_queues_are_or_that_nobody_knows(pages: Pages) -> None:
    browser = await pages.signed_in("granskare")
    told = [Depth(QueueKind.CLAIMS, "jt-sydost", 1234), Depth(QueueKind.DEAD, None, None)]

    async def measure() -> list[Depth]:
        return told

    async def rows() -> list[str]:
        pages.pass_time(depths.KEPT_FOR)
        table = (await browser.get("/admin/health")).text.split("Transportens egna köer")[2].split("</table>")[0]
        return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("<tr>")[2:]]

    assert await rows() == ["Signaler till den som lyssnar här alla 0"]
    pages.hub.transport.measure = measure  # type: ignore[method-assign]
    assert await rows() == [
        "Avvisade aviseringar som inte är omhändertagna än alla okänt",
        "Aviseringar som enhetens system inte har hämtat Jobbtorg Sydost 1\N{NO-BREAK SPACE}234".replace("\xa0", " "),
    ]
    del pages.hub.transport.measure
    await pages.hub.transport.close()
    (away,) = await rows()
    assert away.startswith("okänt Meddelandemäklaren svarar inte.")
