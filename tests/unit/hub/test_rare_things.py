"""What should be rare and is not: told to people, and where it could destroy, held back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prometheus_client import generate_latest
from structlog.testing import capture_logs

from hub import clock
from hub.delivery.reading import Gone, Opened
from hub.protection import ReleaseCase
from hub.service import Hub
from hub.store.records import AuditQuery
from schemas import envelope as envelopes
from tests.support import events, office, persons
from tests.support.persons import Person

OWN_NEED = [("jt", "OSL_10_2", None)]


async def refer_by_own_need(hub: Hub, person: Person, unit: str = "sd-farsta") -> str:
    to = [{"role": "responsible_jobbtorg"}]
    answer = await office.accepted(hub, "referral.submitted", unit, person=person, basis=OWN_NEED, to=to)
    return str(answer.receipt["case"])


def actions(hub: Hub, action: str) -> list[str]:
    return [row.actor for row in hub.reader.list_audit(AuditQuery(limit=500)) if row.action == action]


def alarms(hub: Hub, name: str) -> bool:
    return f'hub_alarms_total{{alarm="{name}"}} 1.0' in generate_latest(hub.metrics.registry).decode()


async def test_a_unit_that_uses_its_own_need_often_is_told_of_once(hub: Hub) -> None:
    most = hub.rulebook.settings.osl_10_2_most
    with capture_logs() as lines:
        for person in persons.ADULTS[:most]:
            await refer_by_own_need(hub, person)
        assert actions(hub, "osl_10_2_frequent") == []
        assert not alarms(hub, "osl_10_2_frequent")
        (case,) = [await refer_by_own_need(hub, person) for person in persons.ADULTS[most : most + 1]]
        await office.tell(hub, "plan.decided", "sd-farsta", case, basis=OWN_NEED)
    assert actions(hub, "osl_10_2_frequent") == ["sd-farsta"]
    assert alarms(hub, "osl_10_2_frequent")
    assert [line["unit"] for line in lines if line["event"] == "osl_10_2_frequent"] == ["sd-farsta"]


async def test_what_is_older_than_the_window_does_not_count(hub: Hub) -> None:
    most, hours = hub.rulebook.settings.osl_10_2_most, hub.rulebook.settings.osl_10_2_window_hours
    for person in persons.ADULTS[:most]:
        await refer_by_own_need(hub, person)
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(hours=hours, seconds=1))
    await refer_by_own_need(hub, persons.ADULTS[most])
    assert actions(hub, "osl_10_2_frequent") == []


async def test_each_use_stands_in_the_log_and_what_rests_on_a_consent_does_not(hub: Hub) -> None:
    await office.refer(hub)
    assert actions(hub, "osl_10_2_used") == []
    await refer_by_own_need(hub, persons.BO)
    assert actions(hub, "osl_10_2_used") == ["sd-farsta"]


async def flag(hub: Hub, person: Person, unit: str = "sd-bromma") -> None:
    handling: dict[str, Any] = {"protected_identity": "sekretessmarkering"}
    answer = await office.tell(hub, "referral.submitted", unit, person=person, handling=handling)
    assert office.outcome(answer) == "PROTECTED_IDENTITY"


async def hold_the_last(hub: Hub) -> tuple[str, Person, str]:
    """Case, person and copy of the one whom a unit flags after as many as are likely."""
    most = hub.rulebook.settings.protection_most
    for person in persons.ADULTS[:most]:
        await refer_by_own_need(hub, person)
        await flag(hub, person)
    person = persons.ADULTS[most]
    case = await refer_by_own_need(hub, person)
    (copy,) = [claim.delivery_id for claim in await hub.list_inbox("jt-sydost", limit=50) if claim.case_id == case]
    await flag(hub, person)
    return case, person, copy


async def test_a_unit_that_flags_one_after_another_destroys_no_more_and_raises_an_alarm(hub: Hub) -> None:
    case, person, copy = await hold_the_last(hub)
    assert len(actions(hub, "person_protected")) == hub.rulebook.settings.protection_most
    assert actions(hub, "person_held") == ["sd-bromma"]
    assert alarms(hub, "protection_frequent")
    kept = hub.reader.find_cases([case])[case].case
    assert kept.suspended
    assert kept.person_key == hub.vault.person_key(person.number)
    assert isinstance(await hub.read(copy, "jt-sydost"), Gone)
    notices = await office.notices(hub, "jt-sydost", "hub.manual-handling")
    assert case in {notice["case_id"] for notice in notices}


async def test_another_units_word_makes_the_hub_forget_what_was_held(hub: Hub) -> None:
    case, person, _ = await hold_the_last(hub)
    await flag(hub, person, "sd-farsta")
    assert hub.reader.find_cases([case])[case].case.parties == frozenset()
    assert hub.reader.find_data_keys([case]) == {}


async def test_what_was_held_by_mistake_goes_on_and_what_was_forgotten_does_not(hub: Hub) -> None:
    case, person, copy = await hold_the_last(hub)
    assert await hub.group.submit(ReleaseCase("staff:1", case))
    assert isinstance(await hub.read(copy, "jt-sydost"), Opened)
    assert actions(hub, "case_released") == ["staff:1"]
    assert not await hub.group.submit(ReleaseCase("staff:1", case))
    await flag(hub, person, "sd-farsta")
    assert not await hub.group.submit(ReleaseCase("staff:1", case))
    assert not await hub.group.submit(ReleaseCase("staff:1", events.new_id()))


async def test_flags_about_nobody_known_do_not_count(hub: Hub) -> None:
    for person in persons.ADULTS[:8]:
        await flag(hub, person)
    case = await refer_by_own_need(hub, persons.KIM)
    await flag(hub, persons.KIM)
    assert hub.reader.find_cases([case])[case].case.parties == frozenset()


async def test_the_same_flag_again_and_again_tells_nobody_again(hub: Hub) -> None:
    case, person, _ = await hold_the_last(hub)
    for _ in range(3):
        await flag(hub, person)
    assert actions(hub, "person_held") == ["sd-bromma"]
    notices = await office.notices(hub, "jt-sydost", "hub.manual-handling")
    assert [notice["case_id"] for notice in notices].count(case) == 1


async def test_a_case_that_ends_with_nobody_knowing_how_is_counted(hub: Hub) -> None:
    case, *_ = await office.refer(hub)
    await office.accepted(hub, "referral.answered", "jt-sydost", case)
    await office.accepted(hub, "enrolment.confirmed", "jt-sydost", case)
    lost = {"closing_reason": "unknown_no_contact", "evidence": "none", "self_supporting": "unknown"}
    assert actions(hub, "closed_unknown") == []
    await office.accepted(hub, "case.closed", "jt-sydost", case, content=lost)
    assert actions(hub, "closed_unknown") == ["jt-sydost"]


async def test_who_writes_in_anothers_name_is_told_of_at_once(hub: Hub) -> None:
    body = events.data("referral.submitted", at=hub.clock.now())
    event = events.event("referral.submitted", "sd-farsta", body, at=hub.clock.now())
    with capture_logs() as lines:
        answer = await hub.accept(envelopes.parse_structured(event), "jt-sydost")
    assert office.outcome(answer) == "SENDER_NOT_ALLOWED"
    assert alarms(hub, "foreign_source")
    assert [line["unit"] for line in lines if line["event"] == "foreign_source"] == ["jt-sydost"]
