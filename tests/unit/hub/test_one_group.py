"""Commands of one commit group: each sees what the ones before it did, as if they had come one after another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub import clock
from hub.delivery.answering import AlreadyAnswered, Noted
from hub.delivery.reading import Gone, Opened
from hub.intake.accepting import Accepted
from hub.intake.receiving import NotAccepted
from hub.service import Hub
from hub.store.records import AuditQuery, MessageKey
from schemas import envelope as envelopes
from tests.support import events, judging, persons


async def send(hub: Hub, type_name: str, unit: str, body: Any, subject: str | None = None) -> Accepted | NotAccepted:
    event = events.event(type_name, unit, body, at=hub.clock.now(), subject=subject)
    return await hub.accept(envelopes.parse_structured(event), unit)


async def refer(hub: Hub) -> tuple[str, str, str]:
    """Case, delivery and consent of a referral that waits in the jobbtorg's inbox."""
    consent = events.consent(at=judging.NOON)
    assert isinstance(await send(hub, "consent.recorded", "sd-farsta", consent), Accepted)
    referral = await send(hub, "referral.submitted", "sd-farsta", events.data("referral.submitted", at=judging.NOON))
    assert isinstance(referral, Accepted)
    (row,) = referral.receipt["recipients"]
    return referral.receipt["case"], row["delivery"], consent["content"]["consent_id"]


def withdraw(hub: Hub, consent_id: str, *categories: str) -> Any:
    scope: dict[str, Any] = {"scope": "categories", "categories": list(categories)} if categories else {"scope": "all"}
    return send(hub, "consent.withdrawn", "sd-farsta", events.withdrawal(consent_id, at=judging.NOON, **scope))


def sizes(hub: Hub) -> list[int]:
    heard: list[int] = []
    hub.group.on_commit(lambda committed: heard.append(committed.size))
    return heard


async def test_a_reading_behind_a_withdrawal_in_one_group_is_refused(hub: Hub) -> None:
    _, delivery, consent_id = await refer(hub)
    heard = sizes(hub)
    withdrawn, read = await asyncio.gather(withdraw(hub, consent_id), hub.read(delivery, "jt-sydost"))
    assert max(heard) >= 2, "they did not travel together"  # a checkpoint of the log may have gone before or along
    assert isinstance(withdrawn, Accepted)
    assert isinstance(read, Gone)


async def test_a_reading_before_a_withdrawal_in_one_group_is_answered(hub: Hub) -> None:
    _, delivery, consent_id = await refer(hub)
    read, _ = await asyncio.gather(hub.read(delivery, "jt-sydost"), withdraw(hub, consent_id))
    assert isinstance(read, Opened)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Gone)


async def test_withdrawals_in_one_group_add_up_whatever_is_read_between_them(hub: Hub) -> None:
    _, delivery, consent_id = await refer(hub)
    answers = await asyncio.gather(
        withdraw(hub, consent_id, "ED"),
        hub.read(delivery, "jt-sydost"),
        withdraw(hub, consent_id, "FN"),
        hub.read(delivery, "jt-sydost"),
    )
    assert isinstance(answers[1], Opened)
    assert "education_level" not in answers[1].event["data"]["content"]
    last = await hub.read(delivery, "jt-sydost")
    assert isinstance(last, Opened)
    assert not last.event["data"]["content"].keys() & {"education_level", "functional_needs"}


async def test_a_message_behind_a_withdrawal_in_one_group_has_no_basis(hub: Hub) -> None:
    case, _, consent_id = await refer(hub)
    body = events.data("referral.answered", at=judging.NOON)
    _, answer = await asyncio.gather(withdraw(hub, consent_id), send(hub, "referral.answered", "jt-sydost", body, case))
    assert isinstance(answer, NotAccepted)
    assert answer.refusal.code == "CONSENT_WITHDRAWN"


async def test_a_message_behind_its_consent_in_one_group_is_taken(hub: Hub) -> None:
    consent, referral = await asyncio.gather(
        send(hub, "consent.recorded", "sd-farsta", events.consent(at=judging.NOON)),
        send(hub, "referral.submitted", "sd-farsta", events.data("referral.submitted", at=judging.NOON)),
    )
    assert isinstance(consent, Accepted)
    assert isinstance(referral, Accepted)


async def test_two_referrals_of_one_person_in_one_group_are_one_case(hub: Hub) -> None:
    await send(hub, "consent.recorded", "sd-farsta", events.consent(at=judging.NOON))
    answers = await asyncio.gather(
        *(
            send(hub, "referral.submitted", "sd-farsta", events.data("referral.submitted", at=judging.NOON))
            for _ in range(3)
        )
    )
    assert [type(answer) for answer in answers] == [Accepted, NotAccepted, NotAccepted]
    assert answers[1].refusal.code == "DUPLICATE_CASE"  # type: ignore[union-attr]


async def test_steps_of_one_case_in_one_group_follow_each_other(hub: Hub) -> None:
    case, _, _ = await refer(hub)
    steps = ("referral.answered", "enrolment.confirmed", "plan.proposed", "plan.proposed")
    answers = await asyncio.gather(
        *(send(hub, name, "jt-sydost", events.data(name, at=judging.NOON), case) for name in steps)
    )
    assert [type(answer) for answer in answers] == [Accepted, Accepted, Accepted, NotAccepted]
    claims = hub.reader.list_received("sd-farsta", case)
    assert [claim.sequence for claim in claims] == [1, 2, 3]


async def test_the_first_of_two_outcomes_in_one_group_stands(hub: Hub) -> None:
    _, delivery, _ = await refer(hub)
    answers = await asyncio.gather(
        hub.report_handled(delivery, "jt-sydost", "declined", None),
        hub.report_handled(delivery, "jt-sydost", "handled", None),
        hub.report_handled(delivery, "jt-sydost", "declined", None),
    )
    assert [type(answer) for answer in answers] == [Noted, AlreadyAnswered, Noted]
    view = hub.reader.find_deliveries([delivery])[delivery].delivery
    assert (view.state, view.outcome) == ("handled", "declined")


async def test_a_reading_behind_its_handling_in_one_group_takes_no_step_back(hub: Hub) -> None:
    _, delivery, _ = await refer(hub)
    await asyncio.gather(hub.report_handled(delivery, "jt-sydost", "handled", None), hub.read(delivery, "jt-sydost"))
    assert hub.reader.find_deliveries([delivery])[delivery].delivery.state == "handled"


async def test_an_acknowledgement_twice_in_one_group_is_one(hub: Hub) -> None:
    _, delivery, _ = await refer(hub)
    before = hub.reader.audit_size()
    await asyncio.gather(hub.acknowledge(delivery, "jt-sydost"), hub.acknowledge(delivery, "jt-sydost"))
    assert hub.reader.audit_size() == before + 1


async def test_a_refused_message_leaves_one_entry_in_the_log_and_nothing_else(hub: Hub) -> None:
    before = hub.reader.audit_size()
    body = events.data("referral.submitted", at=judging.NOON, handling={"protected_identity": "sekretessmarkering"})
    event = envelopes.parse_structured(events.event("referral.submitted", "sd-farsta", body, at=judging.NOON))
    refused = await hub.accept(event, "sd-farsta")
    assert isinstance(refused, NotAccepted)
    assert hub.reader.audit_size() == before + 1
    assert hub.reader.find_messages([MessageKey("/units/sd-farsta", event.id)]) == {}
    assert hub.reader.list_sent("sd-farsta", limit=10) == []
    assert hub.reader.find_cases_of([hub.vault.person_key(persons.ASTA.number)]).get("x") is None
    assert sum(hub.reader.count_by_state().values()) == 0


@pytest.mark.parametrize(("after", "expected"), [(timedelta(hours=1), Opened), (timedelta(days=400), Gone)])
async def test_what_may_be_read_is_decided_when_it_is_read(hub: Hub, after: timedelta, expected: type) -> None:
    _, delivery, _ = await refer(hub)
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(after)
    assert isinstance(await hub.read(delivery, "jt-sydost"), expected)


async def test_an_inbox_that_waits_while_the_hub_stops_is_answered(hub: Hub) -> None:
    waiting = asyncio.create_task(hub.list_inbox("fk-stockholm", limit=10, wait=30))
    await asyncio.sleep(0)
    await hub.transport.close()
    assert await waiting == []
    # And whoever comes after that too.
    assert await hub.list_inbox("fk-stockholm", limit=10, wait=30) == []


async def test_with_the_persons_death_all_consents_end(hub: Hub) -> None:
    case, delivery, consent_id = await refer(hub)
    for name in ("referral.answered", "enrolment.confirmed"):
        assert isinstance(await send(hub, name, "jt-sydost", events.data(name, at=judging.NOON), case), Accepted)
    content = {"closing_reason": "deceased", "employment": None, "note": None}
    body = events.data("case.closed", at=judging.NOON, content=content, basis=[("sd", "SOL_15_9", None)])
    # What is read behind it in the same group is already too late.
    closed, read = await asyncio.gather(
        send(hub, "case.closed", "jt-sydost", body, case), hub.read(delivery, "jt-sydost")
    )
    assert isinstance(closed, Accepted)
    assert isinstance(read, Gone)
    # The closing itself rests on the stadsdel's standing request, and may be read.
    assert isinstance(await hub.read(closed.receipt["recipients"][0]["delivery"], "sd-farsta"), Opened)
    version = events.consent(at=judging.NOON, consent_id=consent_id, version=2)
    refused = await send(hub, "consent.recorded", "sd-farsta", version)
    assert isinstance(refused, NotAccepted)
    told = [(row.action, row.actor) for row in hub.reader.list_audit(AuditQuery(limit=500))]
    for entry in (
        ("consent_recorded", "sd-farsta"),
        ("consent_ended", "jt-sydost"),
        ("delivery_withheld", "jt-sydost"),
    ):
        assert told.count(entry) == 1, entry


async def test_a_closing_for_another_reason_ends_no_consent(hub: Hub) -> None:
    case, delivery, _ = await refer(hub)
    for name in ("referral.answered", "enrolment.confirmed", "case.closed"):
        assert isinstance(await send(hub, name, "jt-sydost", events.data(name, at=judging.NOON), case), Accepted)
    assert isinstance(await hub.read(delivery, "jt-sydost"), Opened)


async def test_the_cases_of_a_person_whom_nobody_prepared_are_found_all_the_same(hub: Hub) -> None:
    case_id, _, _ = await refer(hub)
    person_key = hub.vault.person_key(persons.ASTA.number)
    assert [case.case_id for case in hub.look().list_cases_of(person_key)] == [case_id]


async def test_a_case_that_another_command_of_the_group_opened_is_among_the_persons_cases(hub: Hub) -> None:
    await refer(hub)
    ledger, person_key = hub.look(), hub.vault.person_key(persons.ASTA.number)
    (stored,) = ledger.list_cases_of(person_key)
    ledger.put_case(replace(stored, case_id="later", state="referred"))
    assert {case.case_id for case in ledger.list_cases_of(person_key)} == {stored.case_id, "later"}
