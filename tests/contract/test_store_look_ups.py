"""What is asked by key: messages, cases, consents, keys, sequences, the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from hub.store import port, records
from routing.case import PlanChain, ReportingRequest
from tests.contract import stored


async def test_gives_a_message_back_as_it_was_without_its_body(store: port.Store) -> None:
    message = stored.message(
        expires_at=stored.NOON + timedelta(days=3, microseconds=1), case_id=None, lane_id="consent-7"
    )
    await stored.keep(store, records.Changes(messages=[message]))
    assert store.reader().find_messages([message.key]) == {message.key: replace(message, sealed=None)}


async def test_gives_instants_back_in_utc_whatever_their_offset_was(store: port.Store) -> None:
    in_stockholm = datetime(2026, 7, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    message = stored.message(recorded_at=in_stockholm)
    await stored.keep(store, records.Changes(messages=[message]))
    found = store.reader().find_messages([message.key])[message.key].recorded_at
    assert found == in_stockholm
    assert found.tzinfo is UTC


async def test_refuses_an_instant_without_an_offset(store: port.Store) -> None:
    group = store.begin()
    naive = stored.message(recorded_at=stored.NOON.replace(tzinfo=None))
    with pytest.raises(TypeError):
        group.write(records.Changes(messages=[naive]))
    store.roll_back(group)


async def test_finds_nothing_where_nothing_is_asked_or_stored(store: port.Store) -> None:
    for reader in (store.reader(), group := store.begin()):
        assert reader.find_messages([]) == reader.find_messages([records.MessageKey("a", "b")]) == {}
        assert reader.find_cases([]) == reader.find_cases(["case-1"]) == {}
        assert reader.find_cases_of([]) == reader.find_cases_of(["person-1"]) == {}
        assert reader.find_consents() == reader.find_consents(person_keys=["a"], consent_ids=["b"]) == []
        assert reader.find_data_keys([]) == reader.find_data_keys(["case-1"]) == {}
        assert reader.find_deliveries([]) == reader.find_deliveries(["delivery-1"]) == {}
        assert reader.find_sequences([]) == reader.find_sequences([("case-1", "jt-sydost")]) == {}
    store.roll_back(group)


@pytest.mark.parametrize("count", [1, 2, 3, 33, 512, 513, 1100])
async def test_finds_however_many_are_asked_for(store: port.Store, count: int) -> None:
    keys = [records.DataKey(f"lane-{number}", b"wrapped", "kek-1") for number in range(count)]
    await stored.keep(store, records.Changes(data_keys=keys))
    asked = [key.lane_id for key in keys] + ["lane-unknown", "lane-0"]
    assert store.reader().find_data_keys(asked) == {key.lane_id: key for key in keys}


async def test_finds_one_among_more_than_a_statement_can_name(store: port.Store) -> None:
    key = records.DataKey("lane-139999", b"wrapped", "kek-1")
    await stored.keep(store, records.Changes(data_keys=[key]))
    assert store.reader().find_data_keys([f"lane-{number}" for number in range(140_000)]) == {key.lane_id: key}


async def test_gives_a_case_back_as_it_was(store: port.Store) -> None:
    case = stored.case(
        finsam_state="planned",
        parties=frozenset({"sd-farsta", "jt-sydost"}),
        responsible_stadsdel="sd-farsta",
        responsible_jobbtorg="jt-sydost",
        team="team-sydost",
        plans={"plan-1": PlanChain(3, 2), "plan-2": PlanChain(1, None)},
        reporting_request=ReportingRequest("message-1", frozenset({"attendance"}), date(2026, 9, 30)),
        suspended=True,
        closed_at=stored.NOON + timedelta(days=1),
        memory=b"sealed memory",
        next_at=stored.NOON + timedelta(days=5),
    )
    await stored.keep(store, records.Changes(cases={case.case.case_id: case}))
    assert store.reader().find_cases([case.case.case_id, "case-unknown"]) == {case.case.case_id: case}


async def test_gives_a_bare_case_back_as_it_was(store: port.Store) -> None:
    case = stored.case(person_key=None, state=None, finsam_state="initiated")
    await stored.keep(store, records.Changes(cases={case.case.case_id: case}))
    assert store.reader().find_cases([case.case.case_id]) == {case.case.case_id: case}


async def test_a_case_takes_the_place_of_its_earlier_self(store: port.Store) -> None:
    case = stored.case(team="team-sydost", parties=frozenset({"sd-farsta"}))
    await stored.keep(store, records.Changes(cases={case.case.case_id: case}))
    later = replace(case, case=replace(case.case, state="enrolled", team=None, parties=frozenset({"jt-sydost"})))
    await stored.keep(store, records.Changes(cases={case.case.case_id: later}))
    assert store.reader().find_cases([case.case.case_id]) == {case.case.case_id: later}


async def test_finds_all_cases_of_a_person_oldest_first(
    store: port.Store,
) -> None:
    cases = [
        stored.case("younger", opened_at=stored.NOON + timedelta(hours=1)),
        stored.case("older", state=None, finsam_state="initiated"),
        stored.case("closed", state="closed", opened_at=stored.NOON - timedelta(days=90), closed_at=stored.NOON),
        stored.case("another person's", person_key="person-2"),
        stored.case("nobody's", person_key=None),
    ]
    await stored.keep(store, records.Changes(cases={each.case.case_id: each for each in cases}))
    found = store.reader().find_cases_of(["person-1", "person-2", "person-3"])
    assert {person: [case.case_id for case in theirs] for person, theirs in found.items()} == {
        "person-1": ["closed", "older", "younger"],
        "person-2": ["another person's"],
    }


async def test_lists_cases_whose_deadline_wants_attention_the_longest_overdue_first(store: port.Store) -> None:
    waits = {"soon": 0, "long overdue": -48, "overdue": -1, "later": 1}
    cases = [stored.case(name, next_at=stored.NOON + timedelta(hours=hours)) for name, hours in waits.items()]
    cases.append(stored.case("without a deadline"))
    await stored.keep(store, records.Changes(cases={each.case.case_id: each for each in cases}))
    reader = store.reader()
    assert reader.list_due_cases(stored.NOON, limit=10) == ["long overdue", "overdue", "soon"]
    assert reader.list_due_cases(stored.NOON, limit=1) == ["long overdue"]


async def test_finds_an_earlier_message_with_those_who_got_it(store: port.Store) -> None:
    changes, message, delivery = stored.sent(message_id="message-1", case_id="case-1", lane_id="case-1")
    refused = stored.refused(message, unit_id="af-stockholm")
    changes.deliveries.append(refused)
    await stored.keep(store, changes, stored.sent(message_id="message-2")[0])
    [found] = store.reader().find_earlier(["message-1", "message-unknown"])
    assert (found.key, found.type, found.sender, found.case_id) == (message.key, message.type, message.sender, "case-1")
    assert found.recipients == {delivery.unit_id: delivery.kind}


async def test_gives_a_consent_back_as_it_was(store: port.Store) -> None:
    consent = stored.consent(narrowing={"parties": ["af"], "categories": ["HE", "SO"]})
    await stored.keep(store, records.Changes(consents=[consent]))
    assert store.reader().find_consents(consent_ids=[consent.consent_id]) == [consent]


async def test_finds_only_the_newest_version_of_a_consent(store: port.Store) -> None:
    versions = [stored.consent("consent-1", version=version) for version in (1, 3, 2)]
    other = stored.consent("consent-2")
    await stored.keep(store, records.Changes(consents=[*versions, other]))
    assert store.reader().find_consents(person_keys=["person-1"]) == [versions[1], other]
    assert store.reader().find_consents(consent_ids=["consent-1"]) == [versions[1]]


async def test_finds_a_consent_once_though_asked_for_twice(store: port.Store) -> None:
    mine, theirs = stored.consent("consent-1"), stored.consent("consent-2", person_key="person-2")
    await stored.keep(store, records.Changes(consents=[mine, theirs]))
    found = store.reader().find_consents(person_keys=["person-1"], consent_ids=["consent-1", "consent-2"])
    assert found == [mine, theirs]


async def test_a_withdrawal_narrows_the_same_version(store: port.Store) -> None:
    consent = stored.consent()
    await stored.keep(store, records.Changes(consents=[consent]))
    narrowed = replace(consent, status="withdrawn", narrowing={"parties": ["af"], "categories": []})
    group = store.begin()
    group.write(records.Changes(consents=[narrowed]))
    assert group.find_consents(person_keys=["person-1"]) == [narrowed]
    assert store.reader().find_consents(person_keys=["person-1"]) == [consent]
    await store.commit(group)
    assert store.reader().find_consents(person_keys=["person-1"]) == [narrowed]


async def test_keeps_the_last_number_per_lane_and_unit(store: port.Store) -> None:
    lanes = [("case-1", "jt-sydost"), ("case-1", "af-farsta"), ("case-2", "jt-sydost")]
    await stored.keep(store, records.Changes(sequences={lanes[0]: 1, lanes[1]: 7}))
    await stored.keep(store, records.Changes(sequences={lanes[0]: 2}))
    assert store.reader().find_sequences(lanes) == {lanes[0]: 2, lanes[1]: 7}
    assert store.reader().find_sequences([lanes[0]]) == {lanes[0]: 2}


async def test_counts_the_entries_of_the_log(store: port.Store) -> None:
    await stored.keep(store, records.Changes(audit=[stored.audit(0), stored.audit(1)]))
    assert store.reader().audit_size() == 2
    group = store.begin()
    group.write(records.Changes(audit=[stored.audit(2)]))
    assert group.audit_size() == 3
    assert store.reader().audit_size() == 2
    store.roll_back(group)


async def test_refuses_a_second_entry_at_the_same_index_of_the_log(store: port.Store) -> None:
    await stored.keep(store, records.Changes(audit=[stored.audit(0)]))
    group = store.begin()
    with pytest.raises(port.StoreUnavailable):
        group.write(records.Changes(audit=[stored.audit(0, action="other")]))
    store.roll_back(group)
    assert [row.action for row in store.reader().list_audit(records.AuditQuery())] == ["message_accepted"]


async def test_gives_an_entry_of_the_log_back_as_it_was(store: port.Store) -> None:
    row = stored.audit(
        0, unit="jt-sydost", type="plan.proposed", message_id="m", case_id="c", code="NO_BASIS", leaf=b"\xff" * 32
    )
    await stored.keep(store, records.Changes(audit=[row]))
    assert store.reader().list_audit(records.AuditQuery()) == [row]


@pytest.mark.parametrize("field", ["unit", "type", "message_id", "case_id", "code"])
async def test_lists_the_entries_of_the_log_that_have_what_is_asked(store: port.Store, field: str) -> None:
    rows = [stored.audit(index, **{field: value}) for index, value in enumerate(["a", "b", None, "a"])]
    await stored.keep(store, records.Changes(audit=rows))
    found = store.reader().list_audit(records.AuditQuery(**{field: "a"}))
    assert [row.index for row in found] == [0, 3]


async def test_lists_the_log_page_by_page_newest_last(store: port.Store) -> None:
    rows = [stored.audit(index, unit="af" if index % 2 else "fk") for index in range(10)]
    await stored.keep(store, records.Changes(audit=rows[::-1]))

    def page(**changes: object) -> list[int]:
        query = replace(records.AuditQuery(limit=3), **changes)
        return [row.index for row in store.reader().list_audit(query)]

    assert page() == [0, 1, 2]
    assert page(after=2) == [3, 4, 5]
    assert page(after=8) == [9]
    assert page(after=9) == []
    assert page(unit="af", after=3) == [5, 7, 9]
    assert page(since=rows[4].at) == [4, 5, 6]
    assert page(since=rows[4].at, unit="af") == [5, 7, 9]
    assert page(since=rows[9].at + timedelta(seconds=1)) == []


async def test_a_clock_that_was_put_back_hides_no_entry_of_the_log(store: port.Store) -> None:
    seconds = [0, 100, 40, 120]
    rows = [stored.audit(i, at=stored.NOON + timedelta(seconds=second)) for i, second in enumerate(seconds)]
    await stored.keep(store, records.Changes(audit=rows))
    found = store.reader().list_audit(records.AuditQuery(since=stored.NOON + timedelta(seconds=40)))
    assert [row.index for row in found] == [1, 2, 3]


async def test_tells_which_master_key_wrapped_the_data_keys(store: port.Store) -> None:
    assert store.reader().find_kek_id() is None
    await stored.keep(store, records.Changes(data_keys=[records.DataKey("case-1", b"wrapped", "kek-7")]))
    assert store.reader().find_kek_id() == "kek-7"


async def test_lists_what_came_to_a_unit_newest_first_whatever_became_of_it(store: port.Store) -> None:
    first, second, third = (stored.message() for _ in range(3))
    copies = [
        stored.delivery(first, state=records.DeliveryState.HANDLED),
        stored.delivery(second),
        stored.delivery(third, state=records.DeliveryState.READ),
        stored.refused(third),
        stored.delivery(third, unit_id="fk-stockholm"),
    ]
    group = store.begin()
    group.write(records.Changes(messages=[first, second, third], deliveries=copies))
    await store.commit(group)
    reader = store.reader()
    assert [claim.delivery_id for claim in reader.list_recent("jt-sydost", limit=10)] == [
        copies[index].delivery_id for index in (2, 1, 0)
    ]
    assert len(reader.list_recent("jt-sydost", limit=2)) == 2
    assert reader.list_recent("nobody", limit=2) == []


async def test_gives_a_sealed_body_by_its_key_only(store: port.Store) -> None:
    sent = stored.message(sealed=b"body")
    group = store.begin()
    group.write(records.Changes(messages=[sent]))
    await store.commit(group)
    reader = store.reader()
    assert reader.find_sealed(sent.key) == b"body"
    assert reader.find_sealed(records.MessageKey("/units/sd-bromma", sent.key.message_id)) is None
