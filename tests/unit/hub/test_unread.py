"""Copies that nobody opens, seen by both sides: a reminder, then back to the sender; and the sender's own time."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from hub import clock
from hub.delivery.reading import Gone, Opened
from hub.delivery.unread import LookAtUnread
from hub.intake.accepting import Accepted
from hub.service import Hub
from hub.store.records import AuditQuery, DeliveryState, MessageKey
from schemas import envelope as envelopes
from tests.support import events


def now(hub: Hub) -> datetime:
    return hub.clock.now()


async def wait(hub: Hub, **by: float) -> None:
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(**by))
    await hub.sweep.sweep()


async def send(hub: Hub, type_name: str, body: Any, **attributes: Any) -> Accepted:
    event = events.event(type_name, "sd-farsta", body, at=now(hub), **attributes)
    answer = await hub.accept(envelopes.parse_structured(event), "sd-farsta")
    assert isinstance(answer, Accepted), answer
    return answer


async def refer(hub: Hub, **attributes: Any) -> tuple[str, str]:
    """Message and delivery of a referral that lies unopened in the jobbtorg's inbox."""
    await send(hub, "consent.recorded", events.consent(at=now(hub)))
    sent = await send(hub, "referral.submitted", events.data("referral.submitted", at=now(hub)), **attributes)
    return sent.receipt["id"], sent.receipt["recipients"][0]["delivery"]


async def notices(hub: Hub, unit: str, name: str, message_id: str) -> list[dict[str, Any]]:
    found = []
    for claim in hub.reader.list_inbox(unit, limit=500, at=now(hub)):
        if claim.type == name:
            opened = await hub.read(claim.delivery_id, unit)
            assert isinstance(opened, Opened)
            content = opened.event["data"]["content"]
            if message_id in (content.get("about"), content.get("message_id")):
                found.append(content)
    return found


def state(hub: Hub, message_id: str) -> DeliveryState:
    (delivery,) = hub.reader.list_deliveries(MessageKey("/units/sd-farsta", message_id))
    return delivery.state


async def reminders(hub: Hub, message_id: str) -> list[dict[str, Any]]:
    return await notices(hub, "jt-sydost", "hub.deadline-due", message_id)


async def returns(hub: Hub, message_id: str) -> list[dict[str, Any]]:
    return await notices(hub, "sd-farsta", "hub.refused", message_id)


async def test_the_recipient_is_reminded_once_after_five_days_and_the_sender_has_it_back_after_thirty(hub: Hub) -> None:
    message_id, delivery = await refer(hub)
    await wait(hub, days=4, hours=23)
    assert await reminders(hub, message_id) == []
    await wait(hub, hours=1)
    await wait(hub, days=3)
    (reminder,) = await reminders(hub, message_id)
    assert (reminder["deadline"], reminder["responsible_unit"], reminder["level"]) == ("t19", "jt-sydost", 1)
    await wait(hub, days=21, hours=23)
    assert await returns(hub, message_id) == []
    await wait(hub, hours=1)
    await wait(hub, days=1)
    (returned,) = await returns(hub, message_id)
    assert (returned["unit"], returned["code"]) == ("jt-sydost", "EXPIRED")
    assert len(await reminders(hub, message_id)) == 1
    assert state(hub, message_id) is DeliveryState.EXPIRED
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_what_was_opened_is_not_reminded_of(hub: Hub) -> None:
    message_id, delivery = await refer(hub)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)
    await wait(hub, days=6)
    await wait(hub, days=26)
    assert await reminders(hub, message_id) == []
    assert await returns(hub, message_id) == []
    assert state(hub, message_id) is DeliveryState.READ


async def test_what_was_acknowledged_unread_stays_with_its_recipient(hub: Hub) -> None:
    message_id, delivery = await refer(hub)
    await hub.acknowledge(delivery, "jt-sydost")
    await wait(hub, days=6)
    await wait(hub, days=26)
    assert await reminders(hub, message_id) == []
    assert state(hub, message_id) is DeliveryState.NOTIFIED


async def test_the_senders_own_time_ends_it_and_the_sender_hears_of_it(hub: Hub) -> None:
    message_id, delivery = await refer(hub, expirytime=(now(hub) + timedelta(hours=2)).isoformat())
    await wait(hub, hours=1)
    assert state(hub, message_id) is DeliveryState.NOTIFIED
    await wait(hub, hours=1)
    assert state(hub, message_id) is DeliveryState.EXPIRED
    (told,) = await returns(hub, message_id)
    assert told["code"] == "EXPIRED"
    await wait(hub, days=6)
    assert await reminders(hub, message_id) == []
    rows = hub.reader.list_audit(AuditQuery(message_id=message_id))
    (entry,) = [json.loads(row.entry) for row in rows if row.action == "delivery_expired"]
    assert (entry["actor"], entry["unit"], entry["returned"]) == ("hub", "jt-sydost", False)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_opening_before_the_sweep_comes_but_after_the_time_tells_the_sender_all_the_same(hub: Hub) -> None:
    message_id, delivery = await refer(hub, expirytime=(now(hub) + timedelta(hours=2)).isoformat())
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(hours=3))
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)
    await hub.sweep.sweep()
    assert len(await returns(hub, message_id)) == 1


async def test_a_reading_in_the_same_group_as_the_look_wins_or_loses_whole(hub: Hub) -> None:
    message_id, delivery = await refer(hub)
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(days=31))
    read, _ = await asyncio.gather(hub.read(delivery, "jt-sydost"), hub.group.submit(LookAtUnread(delivery)))
    assert isinstance(read, Opened)
    assert await returns(hub, message_id) == []
    assert state(hub, message_id) is DeliveryState.READ


async def test_taken_over_in_the_same_group_as_the_look_it_is_not_given_back(hub: Hub) -> None:
    message_id, delivery = await refer(hub)
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(days=31))
    await asyncio.gather(hub.acknowledge(delivery, "jt-sydost"), hub.group.submit(LookAtUnread(delivery)))
    assert await returns(hub, message_id) == []
    assert state(hub, message_id) is DeliveryState.NOTIFIED


async def test_hundreds_that_run_out_together_are_marked_in_few_commits(hub: Hub) -> None:
    expiry = (now(hub) + timedelta(hours=1)).isoformat()
    bodies = [events.consent(at=now(hub), edges=[events.edge("sdn-farsta", "utbn")]) for _ in range(150)]
    sent = await asyncio.gather(*(send(hub, "consent.recorded", body, expirytime=expiry) for body in bodies))
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(hours=1))
    sizes: list[int] = []
    hub.group.on_commit(lambda committed: sizes.append(committed.size))
    await hub.sweep.sweep()
    assert {state(hub, accepted.receipt["id"]) for accepted in sent} == {DeliveryState.EXPIRED}
    assert len(sizes) < 12, sizes
    assert hub.reader.list_unread_due(now(hub), limit=10) == []


async def test_notices_of_the_hub_are_not_reminded_of(hub: Hub) -> None:
    message_id, _ = await refer(hub)
    await wait(hub, days=5)
    await wait(hub, days=10)
    claims = hub.reader.list_inbox("jt-sydost", limit=500, at=now(hub))
    about = [claim.message_id for claim in claims if claim.source == "/units/hub"]
    assert about
    told = [each for notice in about for each in await reminders(hub, notice)]
    assert told == []
    assert len(await reminders(hub, message_id)) == 1
