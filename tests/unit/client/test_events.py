from datetime import UTC, datetime, timedelta

import pytest

from hub.client.events import new_event
from schemas.envelope import NotAnEvent

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
CASE = "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
MESSAGE = "7d7c6b5a-1f2e-4d3c-8b9a-001122334455"


def make(type="referral.submitted", unit="sd-farsta", data=None, **changes):
    return new_event(type, unit, data or {"content": {}}, **changes)


def test_an_event_needs_type_unit_and_data_only():
    event = make()
    assert (event.type, event.source) == ("se.samverkan.referral.submitted", "/units/sd-farsta")
    assert event.data == {"content": {}}
    assert (event.subject, event.dataschema, event.expirytime, event.causationid) == (None, None, None, None)
    assert abs(datetime.now(UTC) - event.time) < timedelta(minutes=1)


def test_every_event_has_its_own_id():
    assert make().id != make().id


def test_the_full_type_is_accepted_too():
    assert make("se.samverkan.plan.proposed").type == "se.samverkan.plan.proposed"


def test_a_version_names_the_schema():
    assert make(version="1.0").dataschema == "/schemas/referral.submitted/1.0"


def test_case_times_and_end_are_taken_over():
    event = make(subject=CASE, at=AT, expires=AT + timedelta(days=7))
    assert (event.subject, event.time, event.expirytime) == (CASE, AT, AT + timedelta(days=7))


def test_an_answer_stays_in_the_case_and_thread_of_what_it_answers():
    asked = make(subject=CASE)
    first = make("referral.accepted", "jt-sydost", in_reply_to=asked)
    second = make("plan.proposed", "sd-farsta", in_reply_to=first)
    assert (first.subject, first.causationid, first.correlationid) == (CASE, asked.id, asked.id)
    assert (second.subject, second.causationid, second.correlationid) == (CASE, first.id, asked.id)


def test_an_answer_may_know_the_id_only():
    event = make(in_reply_to=MESSAGE)
    assert (event.causationid, event.correlationid, event.subject) == (MESSAGE, None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "SD Farsta"},
        {"type": "Referral"},
        {"subject": "199001012385"},
        {"in_reply_to": "x"},
        {"version": "one"},
        {"at": datetime(2026, 2, 2, 9, 0)},  # noqa: DTZ001 - the lack of a zone is the fault
    ],
)
def test_refuses_what_the_hub_would_refuse_without_repeating_it(changes):
    with pytest.raises(NotAnEvent) as refused:
        make(**changes)
    assert refused.value.faults
    assert "199001012385" not in str(refused.value)
