import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.client import answers, errors
from hub.client.events import new_event
from schemas import envelope
from tests.unit.client.small_hub import PROBLEM, RECEIPT, answer, drop, raw

EVENT = new_event("referral.submitted", "sd-farsta", {"content": {}})
DELIVERED = envelope.to_structured(EVENT) | {
    "recordedtime": "2026-02-02T09:00:00.123Z",
    "sequence": "3",
    "dataref": "/v1/inbox/0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11",
    "deliveryid": "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11",
}


def claim(delivery):
    return {
        "delivery": delivery,
        "message": "m",
        "type": "se.samverkan.referral.submitted",
        "source": "/units/sd-farsta",
        "subject": None,
        "sequence": 1,
        "recordedtime": "2026-02-02T09:00:00.123Z",
        "dataref": f"/v1/inbox/{delivery}",
        "state": "pending",
    }


def page(*deliveries, next=None):
    return answer(200, {"items": [claim(delivery) for delivery in deliveries], "next": next})


def sent(message_id):
    return {
        "id": message_id,
        "source": "/units/sd-farsta",
        "type": "se.samverkan.referral.submitted",
        "recordedtime": "2026-02-02T09:00:00.123Z",
    }


async def take(iterator, count):
    taken = []
    async for item in iterator:
        taken.append(item.delivery)
        if len(taken) == count:
            break
    await iterator.aclose()
    return taken


async def test_a_batch_is_answered_event_by_event(small_hub, client):
    entries = [
        {"status": 202, "body": RECEIPT},
        {"status": 200, "body": RECEIPT},
        {"status": 422, "body": PROBLEM},
    ]
    small_hub.will(answer(200, entries))
    first, second, third = await client.send_batch([EVENT, EVENT, {"id": "x"}])
    assert (first.repeated, second.repeated) == (False, True)
    assert isinstance(third, answers.Problem)
    assert third.code == "SCHEMA_INVALID"
    assert small_hub.calls[0][2]["Content-Type"] == "application/cloudevents-batch+json"
    assert [event["id"] for event in json.loads(small_hub.bodies[0])] == [EVENT.id, EVENT.id, "x"]


async def test_a_batch_with_missing_answers_is_not_understood(small_hub, client):
    small_hub.will(answer(200, [{"status": 202, "body": RECEIPT}]))
    with pytest.raises(errors.AnswerNotUnderstood):
        await client.send_batch([EVENT, EVENT])


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_from_one_to_a_hundred_events(client, count):
    with pytest.raises(ValueError, match="from 1 to 100 events"):
        await client.send_batch([EVENT] * count)


async def test_explains_without_sending(small_hub, client):
    small_hub.will(answer(200, RECEIPT | {"log": None}))
    receipt = await client.explain(EVENT)
    assert receipt.log is None
    assert small_hub.targets == ["POST /v1/rules/explain"]


async def test_an_own_message_tells_how_far_each_recipient_has_come(small_hub, client):
    row = RECEIPT["recipients"][0] | {
        "state": "handled",
        "outcome": "needs_info",
        "note": "Asta Provberg",
        "handled": "2026-02-03T09:00:00Z",
    }
    small_hub.will(answer(200, sent("m1") | {"recipients": [row], "news": "of a later version"}))
    message = await client.message("m1")
    assert (message.recipients[0].state, message.recipients[0].outcome) == ("handled", "needs_info")
    assert message.recipients[0].note == "Asta Provberg"
    assert "Asta" not in repr(message)


async def test_own_messages_come_page_by_page(small_hub, client):
    small_hub.will(
        answer(200, {"items": [sent("m3"), sent("m2")], "next": "2"}),
        answer(200, {"items": [sent("m1")], "next": None}),
    )
    since = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
    found = [
        m.id async for m in client.messages(case="c1", type="se.samverkan.plan.proposed", since=since, page_size=2)
    ]
    assert found == ["m3", "m2", "m1"]
    query = "case=c1&type=plan.proposed&since=2026-02-02T09:00:00Z&limit=2"
    assert small_hub.targets == [f"GET /v1/messages?{query}", f"GET /v1/messages?{query}&cursor=2"]


async def test_a_cursor_that_does_not_move_ends_the_list(small_hub, client):
    small_hub.will(answer(200, {"items": [sent("m1")], "next": "2"}))
    assert len([m async for m in client.messages()]) == 2


async def test_a_page_of_the_inbox(small_hub, client):
    small_hub.will(page("d1", "d2", next="17"))
    found = await client.inbox(wait=timedelta(seconds=99), limit=2, cursor="15", state="read")
    assert [claim.delivery for claim in found.items] == ["d1", "d2"]
    assert found.next == "17"
    assert small_hub.targets == ["GET /v1/inbox?wait=30&limit=2&cursor=15&state=read"]


async def test_the_inbox_without_wishes_asks_for_nothing_special(small_hub, client):
    small_hub.will(page())
    assert (await client.inbox()).items == ()
    assert small_hub.targets == ["GET /v1/inbox"]


async def test_everything_in_the_inbox_comes_once_and_in_order(small_hub, client, waits):
    small_hub.will(page("d1", "d2", next="2"), page("d3", next="3"), page(next="3"), page("d4", next="4"))
    assert await take(client.iter_inbox(), 4) == ["d1", "d2", "d3", "d4"]
    assert small_hub.targets == [
        f"GET /v1/inbox?wait=25&limit=100{rest}" for rest in ("", "&cursor=2", "&cursor=3", "&cursor=3")
    ]


async def test_a_hub_without_a_cursor_behind_the_last_page_brings_nothing_twice(small_hub, client, waits):
    small_hub.will(page("d1", "d2"), page("d1", "d2"), page("d2", "d3"), page("d3", "d4"))
    assert await take(client.iter_inbox(), 4) == ["d1", "d2", "d3", "d4"]


async def test_an_answer_with_nothing_new_is_followed_by_a_pause(small_hub, client, waits):
    small_hub.will(page("d1"), page("d1"), page(), page("d2"))
    assert await take(client.iter_inbox(), 2) == ["d1", "d2"]
    assert waits == [1, 1]


async def test_listening_survives_a_hub_that_restarts(small_hub, client, waits):
    small_hub.will(page("d1", next="1"), drop, answer(503), page("d2", next="2"))
    assert await take(client.iter_inbox(), 2) == ["d1", "d2"]


async def test_listening_ends_in_an_error_when_the_hub_stays_away(small_hub, client, waits):
    small_hub.will(answer(503))
    with pytest.raises(errors.HubUnavailable):
        await take(client.iter_inbox(), 1)


async def test_listening_stops_in_the_middle_of_a_long_wait(small_hub, client):
    stop, asked = asyncio.Event(), asyncio.Event()

    async def hold(_):
        asked.set()
        await asyncio.Event().wait()

    small_hub.will(page("d1", next="1"), hold)

    async def listen():
        return [claim.delivery async for claim in client.iter_inbox(stop)]

    listening = asyncio.create_task(listen())
    await asked.wait()
    stop.set()
    assert await listening == ["d1"]


async def test_listening_that_was_stopped_before_asks_nothing(small_hub, client):
    stop = asyncio.Event()
    stop.set()
    assert [claim async for claim in client.iter_inbox(stop)] == []
    assert small_hub.calls == []


async def test_stopping_leaves_no_task_behind(small_hub, client):
    small_hub.will(page("d1", next="1"))
    before = asyncio.all_tasks()
    await take(client.iter_inbox(asyncio.Event()), 1)
    assert {
        task for task in asyncio.all_tasks() - before if "each_claim" in repr(task) or "inbox" in repr(task)
    } == set()


async def test_fetching_gives_the_event(small_hub, client):
    small_hub.will(answer(200, DELIVERED))
    event = await client.fetch("d1")
    assert (event.id, event.sequence, event.deliveryid) == (EVENT.id, 3, DELIVERED["deliveryid"])


async def test_what_may_no_longer_be_disclosed_is_refused(small_hub, client):
    small_hub.will(answer(410, {"status": 410, "code": "COULD_NOT_BE_DELIVERED", "title": "x"}))
    with pytest.raises(errors.Refused) as raised:
        await client.fetch("d1")
    assert (raised.value.status, raised.value.code) == (410, "COULD_NOT_BE_DELIVERED")


async def test_what_is_no_event_is_not_understood(small_hub, client):
    small_hub.will(answer(200, {"id": "Asta Provberg"}))
    with pytest.raises(errors.AnswerNotUnderstood) as raised:
        await client.fetch("d1")
    assert "Asta" not in str(raised.value)


async def test_acknowledges_and_reports(small_hub, client):
    small_hub.will(raw(None, status=204))
    await client.ack("d1")
    await client.handled("d1", "handled")
    await client.handled("d2", "declined", "Fel enhet")
    assert small_hub.targets == [
        "POST /v1/inbox/d1/ack",
        "POST /v1/inbox/d1/handled",
        "POST /v1/inbox/d2/handled",
    ]
    assert [json.loads(body) for body in small_hub.bodies[1:]] == [
        {"outcome": "handled"},
        {"outcome": "declined", "note": "Fel enhet"},
    ]


async def test_an_acknowledgement_whose_answer_was_lost_is_repeated(small_hub, client):
    small_hub.will(drop, raw(None, status=204))
    await client.ack("d1")
    assert small_hub.targets == ["POST /v1/inbox/d1/ack"] * 2


async def test_looks_things_up(small_hub, client):
    small_hub.will(answer(200, {"id": "x"}))
    for found in (
        client.case("c1"),
        client.consent("k1"),
        client.units(),
        client.units(on="all"),
        client.catalogue(),
        client.schema("se.samverkan.plan.proposed", "1.0"),
    ):
        assert await found == {"id": "x"}
    assert small_hub.targets == [
        "GET /v1/cases/c1",
        "GET /v1/consents/k1",
        "GET /v1/directory/units",
        "GET /v1/directory/units?on=all",
        "GET /v1/catalogue",
        "GET /schemas/plan.proposed/1.0",
    ]


async def test_readiness_is_asked_once(small_hub, client):
    small_hub.will(answer(200, {}))
    assert await client.ready()
    small_hub.will(answer(503, {}))
    assert not await client.ready()
    assert small_hub.targets == ["GET /readyz"] * 2


async def test_a_hub_that_breaks_off_is_not_ready(small_hub, client):
    small_hub.will(drop)
    assert not await client.ready()


async def test_answers_do_not_change(small_hub, client):
    small_hub.will(answer(202, RECEIPT))
    receipt = await client.send(EVENT)
    with pytest.raises(ValueError, match="frozen"):
        receipt.case = "other"
