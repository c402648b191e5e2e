"""Claim checks on their way to endpoints, with a clock that stands still and endpoints that do as they are told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import bootstrap, clock, settings
from hub.delivery.leasing import LeasingRelay
from hub.delivery.reading import Opened
from hub.intake.accepting import Accepted
from hub.push.calling import Outcome, Result
from hub.push.pusher import Pusher
from hub.push.sending import LEASE, LeasePush
from hub.service import Hub
from hub.store.dead_letters import DeadLetterQuery
from hub.store.records import AuditQuery, DeliveryState
from hub.transport.in_process import InProcessTransport
from schemas import envelope as envelopes
from tests.support import events, judging, persons
from tests.support.waiting import until

TAKEN, FAILED = Outcome(Result.TAKEN, "204"), Outcome(Result.FAILED, "500")
GONE = Outcome(Result.GONE, "410")
UNIT, URL = "sfi-stockholm", "https://vaxel.example.se/samverkan"


class Endpoints:
    """Answers as told; what was last told goes on."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.answers: deque[Outcome] = deque([TAKEN])
        self.held: asyncio.Event | None = None
        self.under_way = self.most_under_way = 0

    def will(self, *answers: Outcome) -> None:
        self.answers = deque(answers)

    async def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        self.calls.append((url, headers, json.loads(body)))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.held is not None:
            await self.held.wait()
        self.under_way -= 1
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]

    async def close(self) -> None:
        return None

    @property
    def told(self) -> list[str]:
        return [str(body["deliveryid"]) for _, _, body in self.calls]


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


def build(given: settings.Settings, endpoints: Endpoints, **parts: Any) -> Hub:
    return bootstrap.build_hub(
        given,
        clock=clock.FixedClock(judging.NOON),
        caller=endpoints,
        registry=events.catalogue(),
        directory=judging.directory(),
        rulebook=judging.rules(),
        **parts,
    )


@pytest.fixture
async def hub(tmp_path: Path, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setattr(Pusher, "start", lambda self: None)  # each test says when it is time to look
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = build(given, endpoints)
    await hub.open()
    await hub.endpoints.set(UNIT, UNIT, URL)
    yield hub
    await hub.close()


async def note(hub: Hub) -> str:
    """The delivery of a notice to SFI, in a lane of its own."""
    body = events.consent(at=hub.clock.now(), person=persons.BO, edges=[events.edge("sdn-farsta", "utbn")])
    event = events.event("consent.recorded", "sd-farsta", body, at=hub.clock.now())
    answer = await hub.accept(envelopes.parse_structured(event), "sd-farsta")
    assert isinstance(answer, Accepted)
    return str(answer.receipt["recipients"][0]["delivery"])


async def wait(hub: Hub, **by: float) -> None:
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(**by))
    await hub.pusher.round()


def on_its_way(hub: Hub, delivery: str) -> bool:
    return bool(hub.reader.find_pushes([delivery]))


def state(hub: Hub, delivery: str) -> DeliveryState:
    return hub.reader.find_deliveries([delivery])[delivery].delivery.state


def failures(hub: Hub) -> int:
    found = hub.endpoints.find(UNIT)
    assert found
    return found.failures


async def test_what_an_endpoint_takes_is_told_once_and_holds_nothing_of_the_person(
    hub: Hub, endpoints: Endpoints
) -> None:
    delivery = await note(hub)
    for _ in range(3):
        await wait(hub, hours=1)
    ((url, headers, body),) = endpoints.calls
    assert (url, headers["webhook-id"]) == (URL, delivery)
    assert body.keys() == {"specversion", "id", "source", "type", "sequence", "recordedtime", "deliveryid", "dataref"}
    assert body["dataref"] == f"/v1/inbox/{delivery}"
    assert not on_its_way(hub, delivery)


async def test_a_failing_endpoint_is_asked_later_and_later_under_the_same_id(hub: Hub, endpoints: Endpoints) -> None:
    endpoints.will(FAILED, FAILED, TAKEN)
    delivery = await note(hub)
    await hub.pusher.round()
    await wait(hub, seconds=3)
    assert len(endpoints.calls) == 1
    await wait(hub, seconds=4)
    assert (len(endpoints.calls), failures(hub)) == (2, 2)
    await wait(hub, seconds=40)
    assert endpoints.told == [delivery] * 3
    assert {headers["webhook-id"] for _, headers, _ in endpoints.calls} == {delivery}
    assert (on_its_way(hub, delivery), failures(hub)) == (False, 0)


async def test_an_endpoint_that_asks_for_peace_gets_it_for_everything(hub: Hub, endpoints: Endpoints) -> None:
    endpoints.will(Outcome(Result.FAILED, "503", timedelta(hours=2)), TAKEN)
    await note(hub)
    await hub.pusher.round()
    await note(hub)
    await wait(hub, minutes=119)
    assert len(endpoints.calls) == 1
    await wait(hub, minutes=2)
    assert len(endpoints.calls) == 3


async def test_after_five_failures_one_at_a_time_shows_whether_it_is_back(hub: Hub, endpoints: Endpoints) -> None:
    endpoints.will(FAILED)
    deliveries = [await note(hub) for _ in range(8)]
    await hub.pusher.round()
    assert failures(hub) >= 5
    before = len(endpoints.calls)
    await wait(hub, seconds=10)
    assert len(endpoints.calls) == before, "an endpoint at rest was called"
    await wait(hub, hours=2)
    assert len(endpoints.calls) == before + 1
    endpoints.will(TAKEN)
    await wait(hub, hours=2)
    await wait(hub, hours=14)
    assert set(deliveries) <= set(endpoints.told)
    assert not any(on_its_way(hub, each) for each in deliveries)
    assert failures(hub) == 0


async def test_after_five_days_it_is_a_dead_letter_and_the_sender_knows(hub: Hub, endpoints: Endpoints) -> None:
    endpoints.will(FAILED)
    deliveries = [await note(hub) for _ in range(3)]
    for _ in range(11):
        await wait(hub, hours=11)
    await wait(hub, hours=1)
    dead = hub.reader.list_dead_letters(DeadLetterQuery())
    assert sorted(each.letter.delivery_id for each in dead) == sorted(deliveries)
    assert {each.letter.reason.value for each in dead} == {"push_exhausted"}
    assert not any(on_its_way(hub, each) for each in deliveries)
    claims = hub.reader.list_inbox("sd-farsta", limit=100, at=hub.clock.now())
    told: list[Any] = [await hub.read(each.delivery_id, "sd-farsta") for each in claims if each.type == "hub.refused"]
    assert {each.event["data"]["content"]["code"] for each in told} == {"COULD_NOT_BE_DELIVERED"}
    assert len(told) == 3
    # Retried, it begins anew under the same id.
    endpoints.will(TAKEN)
    await hub.retry_dead_letter(deliveries[0], "staff:anna")
    before = len(endpoints.calls)
    await wait(hub, hours=2)
    assert endpoints.told[before:] == [deliveries[0]]


async def test_a_hub_that_was_down_for_a_week_tries_before_it_gives_up(hub: Hub, endpoints: Endpoints) -> None:
    delivery = await note(hub)
    await wait(hub, days=7)
    assert endpoints.told == [delivery]
    assert hub.reader.list_dead_letters(DeadLetterQuery()) == []


async def test_gone_ends_the_endpoint_and_the_mailbox_has_it_all(hub: Hub, endpoints: Endpoints) -> None:
    endpoints.will(GONE)
    deliveries = [await note(hub) for _ in range(2)]
    await hub.pusher.round()
    found = hub.endpoints.find(UNIT)
    assert found
    assert (found.is_active, found.ended_by) == (False, "gone")
    later = await note(hub)
    before = len(endpoints.calls)
    await wait(hub, days=1)
    assert len(endpoints.calls) == before
    inbox = [claim.delivery_id for claim in hub.reader.list_inbox(UNIT, limit=10, at=hub.clock.now())]
    assert inbox == [*deliveries, later]
    # Registered again, it gets what nobody has opened.
    endpoints.will(TAKEN)
    await hub.endpoints.set(UNIT, UNIT, URL)
    await hub.pusher.round()
    assert endpoints.told[before:] == inbox


async def test_what_was_opened_in_the_meantime_is_not_pushed(hub: Hub, endpoints: Endpoints) -> None:
    opened, taken = await note(hub), await note(hub)
    assert isinstance(await hub.read(opened, UNIT), Opened)
    await hub.acknowledge(taken, UNIT)
    await hub.pusher.round()
    assert endpoints.calls == []
    assert not on_its_way(hub, opened)
    assert not on_its_way(hub, taken)


async def test_no_more_than_four_at_once_to_one_endpoint(hub: Hub, endpoints: Endpoints) -> None:
    for _ in range(30):
        await note(hub)
    await hub.pusher.round()
    assert len(set(endpoints.told)) == len(endpoints.told) == 30
    assert endpoints.most_under_way <= 4


async def test_a_slow_endpoint_holds_its_four_places_and_no_more_however_often_one_looks(
    hub: Hub, endpoints: Endpoints
) -> None:
    endpoints.held = asyncio.Event()
    for _ in range(10):
        await note(hub)
    for _ in range(3):
        await hub.pusher._begin_due()
    await until(lambda: endpoints.under_way == 4, "four calls")
    assert await hub.pusher._begin_due() == 0
    endpoints.held.set()
    await hub.pusher.round()
    assert (len(endpoints.told), endpoints.most_under_way) == (10, 4)


async def test_two_processes_over_one_store_send_each_once(hub: Hub, endpoints: Endpoints) -> None:
    other = Pusher(hub.store, hub.group, endpoints, hub.clock, hub.metrics)
    for _ in range(12):
        await note(hub)
    await asyncio.gather(hub.pusher.round(), other.round())
    assert len(set(endpoints.told)) == len(endpoints.told) == 12


async def test_whoever_dies_with_a_lease_loses_it_and_the_claim_check_comes_again(
    hub: Hub, endpoints: Endpoints
) -> None:
    delivery = await note(hub)
    assert await hub.group.submit(LeasePush(delivery)) is not None  # and then nothing: the process is gone
    await wait(hub, seconds=LEASE.total_seconds() - 1)
    assert endpoints.calls == []
    await wait(hub, seconds=1)
    assert endpoints.told == [delivery]
    assert not on_its_way(hub, delivery)


async def test_a_late_failure_of_a_lost_lease_says_nothing_about_the_attempt_after_it(
    hub: Hub, endpoints: Endpoints
) -> None:
    endpoints.will(FAILED)
    endpoints.held = asyncio.Event()
    delivery = await note(hub)
    late = asyncio.create_task(hub.pusher.round())
    while not endpoints.calls:
        await asyncio.wait([late], timeout=0.001)
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(LEASE)
    second = await hub.group.submit(LeasePush(delivery))
    assert second is not None
    assert second.attempt == 2
    endpoints.held.set()
    await late
    found = hub.reader.find_pushes([delivery])[delivery]
    assert found.leased_until == hub.clock.now() + LEASE
    assert failures(hub) == 0


async def test_a_lost_record_of_success_means_twice_and_never_not_at_all(
    hub: Hub, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.push.sending import RecordPush
    from hub.store.port import StoreUnavailable

    delivery = await note(hub)
    real: Callable[[Any], Any] = hub.group.submit

    async def submit(command: Any) -> Any:
        if isinstance(command, RecordPush):
            raise StoreUnavailable
        return await real(command)

    with monkeypatch.context() as broken:
        broken.setattr(hub.group, "submit", submit)
        await hub.pusher.round()
    assert on_its_way(hub, delivery)
    await wait(hub, seconds=61)
    assert endpoints.told == [delivery, delivery]
    assert not on_its_way(hub, delivery)


def everything_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_the_secret_is_shown_when_it_is_new_and_stands_nowhere_in_clear(hub: Hub, tmp_path: Path) -> None:
    again = await hub.endpoints.set(UNIT, UNIT, URL + "/2")
    assert again.secret is None
    rotated = await hub.endpoints.rotate(UNIT, "staff:anna")
    assert rotated
    assert rotated.secret
    assert rotated.secret.startswith("whsec_")
    assert not any(rotated.secret.encode() in content for content in everything_in(tmp_path))
    rows = [row for row in hub.reader.list_audit(AuditQuery(limit=1000)) if row.action == "webhook_changed"]
    entries = [json.loads(row.entry) for row in rows]
    assert [(entry["actor"], entry["unit"], entry["step"]) for entry in entries] == [
        (UNIT, UNIT, "set"),
        (UNIT, UNIT, "set"),
        ("staff:anna", UNIT, "rotated"),
    ]
    assert "vaxel" not in json.dumps(entries)


async def test_steps_in_one_group_follow_each_other(hub: Hub) -> None:
    answers = await asyncio.gather(
        hub.endpoints.remove(UNIT, UNIT),
        hub.endpoints.rotate(UNIT, UNIT),
        hub.endpoints.set(UNIT, UNIT, URL),
        hub.endpoints.rotate(UNIT, UNIT),
    )
    assert [answer is not None for answer in answers] == [True, False, True, True]
    found = hub.endpoints.find(UNIT)
    assert found
    assert found.url == URL


class Elsewhere(InProcessTransport):
    """A transport at whose door a claim check is not yet when it is committed."""

    @property
    def is_immediate(self) -> bool:
        return False


async def test_with_a_2xx_the_recipient_counts_as_notified(
    tmp_path: Path, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in (Pusher, LeasingRelay):
        monkeypatch.setattr(part, "start", lambda self: None)
    given = settings.load({"data_dir": str(tmp_path / "data"), "allow_test_numbers": True}, {}, None)
    hub = build(given, endpoints, transport=Elsewhere())
    await hub.open()
    await hub.endpoints.set(UNIT, UNIT, URL)
    endpoints.will(FAILED, TAKEN)
    delivery = await note(hub)
    await hub.pusher.round()
    assert state(hub, delivery) is DeliveryState.PENDING
    await wait(hub, minutes=1)
    assert state(hub, delivery) is DeliveryState.NOTIFIED
    assert hub.reader.list_unpublished(limit=10) == []
    await hub.close()
