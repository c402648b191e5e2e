"""A withdrawal stops what nobody has read yet, tells its sender, and leaves to the statute what the statute carries."""

from __future__ import annotations

import json
from datetime import timedelta

from hub.clock import FixedClock
from hub.delivery.reading import Gone, Opened
from hub.service import Hub
from hub.store.records import AuditQuery
from tests.support import events, office


async def withdraw(hub: Hub, consent_id: str, *categories: str) -> None:
    scope = {"scope": "categories", "categories": list(categories)} if categories else {"scope": "all"}
    body = events.withdrawal(consent_id, at=hub.clock.now(), **scope)
    assert office.outcome(await office.send(hub, "consent.withdrawn", "sd-farsta", body)) == "accepted"


async def test_an_unread_copy_is_out_of_the_inbox_with_the_withdrawal(hub: Hub) -> None:
    _, delivery, consent_id = await office.refer(hub)
    await withdraw(hub, consent_id)
    assert delivery not in [claim.delivery_id for claim in await hub.list_inbox("jt-sydost", limit=10)]
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_the_log_tells_which_copy_was_stopped_and_by_which_code(hub: Hub) -> None:
    case, delivery, consent_id = await office.refer(hub)
    await withdraw(hub, consent_id)
    [row] = [each for each in hub.reader.list_audit(AuditQuery(case_id=case)) if each.action == "delivery_recalled"]
    assert (row.actor, row.unit, row.code) == ("hub", "jt-sydost", "CONSENT_WITHDRAWN")
    assert json.loads(row.entry)["delivery"] == delivery


async def test_its_sender_is_told_which_message_and_why(hub: Hub) -> None:
    _, _, consent_id = await office.refer(hub)
    await withdraw(hub, consent_id)
    (notice,) = await office.notices(hub, "sd-farsta", "hub.refused")
    assert (notice["type"], notice["unit"], notice["code"]) == ("referral.submitted", "jt-sydost", "CONSENT_WITHDRAWN")


async def test_what_was_read_stays_with_its_reader(hub: Hub) -> None:
    _, delivery, consent_id = await office.refer(hub)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    await withdraw(hub, consent_id)
    assert await office.notices(hub, "sd-farsta", "hub.refused") == []


async def test_of_a_part_that_is_withdrawn_the_sender_learns_which_fields_no_longer_arrive(hub: Hub) -> None:
    _, delivery, consent_id = await office.refer(hub)
    await withdraw(hub, consent_id, "ED")
    (notice,) = await office.notices(hub, "sd-farsta", "hub.redaction-notice")
    assert notice["pointers"] == ["/content/education_level", "/content/sfi_schedule"]
    opened = await hub.read(delivery, "jt-sydost")
    assert isinstance(opened, Opened)
    assert "education_level" not in opened.event["data"]["content"]


async def test_a_report_that_the_statute_carries_goes_on(hub: Hub) -> None:
    case, _, consent_id = await office.refer(hub)
    report = await office.accepted(hub, "referral.answered", "jt-sydost", case, basis=[("sd", "SOL_15_9", None)])
    await withdraw(hub, consent_id)
    assert isinstance(await hub.read(report.receipt["recipients"][0]["delivery"], "sd-farsta"), Opened)


async def test_an_expired_consent_stops_an_unread_copy_at_reading(hub: Hub) -> None:
    _, delivery, _ = await office.refer(hub)
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(timedelta(days=200))
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)
