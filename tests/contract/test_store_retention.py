"""What gallring asks of a store and leaves in it."""

from __future__ import annotations

from datetime import timedelta

from hub.store import port, records
from hub.store.dead_letters import DeadLetter, DeadLetterQuery, DeathReason
from hub.store.kept import Copy, Hold, KeptBody, RetentionRun, Tombstone
from hub.store.records import Changes, DeliveryState
from tests.contract import stored

LATER = stored.NOON + timedelta(minutes=5)
"""The clock of every store here."""


async def test_lists_bodies_with_everybodys_copies(store: port.Store) -> None:
    first, message, copy = stored.sent()
    other = stored.delivery(message, unit_id="af-farsta", acked_at=LATER, state=DeliveryState.HANDLED)
    first.deliveries.append(other)
    await stored.keep(store, first, stored.sent()[0])
    found = store.reader().list_kept_bodies(after=0, until=1)
    assert found == [
        KeptBody(
            1,
            message.key.message_id,
            message.lane_id,
            message.type,
            message.recorded_at,
            [Copy(copy.delivery_id, "pending", None), Copy(other.delivery_id, "handled", LATER)],
        )
    ]
    assert store.reader().last_message_position() == 2


async def test_a_dead_letter_counts_from_its_death_and_goes_with_the_body(store: port.Store) -> None:
    changes, _, copy = stored.sent(delivery={"state": DeliveryState.DEAD})
    changes.buried.append(DeadLetter(copy.delivery_id, DeathReason.POISON, 3, LATER))
    await stored.keep(store, changes)
    (body,) = store.reader().list_kept_bodies(after=0, until=1)
    assert body.copies == [Copy(copy.delivery_id, "dead", LATER)]
    await stored.keep(store, Changes(erased_bodies=[1]))
    assert store.reader().list_dead_letters(DeadLetterQuery()) == []
    await stored.keep(store, Changes(erased_metadata=[1]))
    assert store.reader().list_oldest_messages(after=0, limit=1) == []


async def test_no_message_has_no_position(store: port.Store) -> None:
    assert store.reader().last_message_position() == 0
    assert store.reader().list_kept_bodies(after=0, until=100) == []


async def test_an_erased_body_is_gone_with_the_notes_about_it_and_says_when(store: port.Store) -> None:
    changes, message, copy = stored.sent(delivery={"note": b"sealed note"})
    await stored.keep(store, changes)
    await stored.keep(store, Changes(erased_bodies=[1]))
    assert store.reader().list_kept_bodies(after=0, until=1) == []
    view = store.reader().find_deliveries([copy.delivery_id])[copy.delivery_id]
    assert (view.message.sealed, view.message.erased_at, view.delivery.note) == (b"", LATER, None)
    assert store.reader().find_messages([message.key])[message.key].erased_at == LATER


async def test_erased_metadata_leaves_no_row_and_no_count(store: port.Store) -> None:
    changes, message, copy = stored.sent()
    case = stored.case("case-1")
    changes.cases["case-1"] = case
    changes.sequences[("case-1", "jt-sydost")] = 1
    kept = stored.sent(lane_id="case-2", case_id="case-2")[0]
    await stored.keep(store, changes, kept)
    await stored.keep(store, Changes(erased_metadata=[1]))
    reader = store.reader()
    assert reader.find_messages([message.key]) == {}
    assert reader.find_deliveries([copy.delivery_id]) == {}
    assert reader.find_cases(["case-1"]) == {}
    assert reader.find_sequences([("case-1", "jt-sydost")]) == {}
    assert reader.count_by_state() == {"pending": 1}
    assert [each.position for each in reader.list_oldest_messages(after=0, limit=5)] == [2]


async def test_a_case_whose_key_is_there_outlives_its_messages(store: port.Store) -> None:
    changes, _, _ = stored.sent()
    changes.cases["case-1"] = stored.case("case-1")
    changes.data_keys.append(records.DataKey("case-1", b"wrapped", "kek"))
    await stored.keep(store, changes)
    await stored.keep(store, Changes(erased_metadata=[1]))
    assert store.reader().find_cases(["case-1"])


async def test_walks_through_the_keys_in_pages(store: port.Store) -> None:
    keys = [records.DataKey(name, b"wrapped", "kek") for name in ("a", "b", "consent:c", "person:d")]
    await stored.keep(store, Changes(data_keys=keys))
    reader = store.reader()
    assert [key.lane_id for key in reader.list_data_keys(after="", limit=3)] == ["a", "b", "consent:c"]
    assert reader.list_data_keys(after="consent:c", limit=3) == keys[3:]


async def test_knows_when_a_lane_was_last_spoken_in_and_which_cases_have_bodies(store: port.Store) -> None:
    old = stored.sent(lane_id="person:1", case_id=None)[0]
    new = stored.sent(lane_id="person:1", case_id=None, recorded_at=LATER)[0]
    await stored.keep(store, old, new, stored.sent()[0])
    reader = store.reader()
    assert reader.find_last_messages(["person:1", "person:2"]) == {"person:1": LATER}
    assert reader.list_cases_with_bodies(["case-1", "case-2"]) == {"case-1"}
    await stored.keep(store, Changes(erased_bodies=[3]))
    assert reader.list_cases_with_bodies(["case-1", "case-2"]) == set()


async def test_finds_the_lane_of_a_message(store: port.Store) -> None:
    await stored.keep(store, stored.sent(message_id="message-x")[0])
    assert store.reader().find_lane_of("message-x") == "case-1"
    assert store.reader().find_lane_of("message-y") is None


async def test_a_hold_stands_until_it_is_released(store: port.Store) -> None:
    hold = Hold("case-1", "dnr-17", "staff:1", stored.NOON)
    await stored.keep(store, Changes(holds=[hold]))
    assert store.reader().list_holds() == [hold]
    await stored.keep(store, Changes(released=["case-1"]))
    assert store.reader().list_holds() == []


async def test_a_hold_follows_the_lane_whose_name_is_taken_away(store: port.Store) -> None:
    await stored.keep(store, Changes(holds=[Hold("person:1", "dnr-17", "staff:1", stored.NOON)]))
    await stored.keep(store, Changes(shreds=[records.Shred({"person:1": "person:x"})]))
    assert [hold.lane_id for hold in store.reader().list_holds()] == ["person:x"]


async def test_keeps_tombstones_and_the_protocol(store: port.Store) -> None:
    tombstone = Tombstone("ab" * 16, stored.NOON)
    runs = [
        RetentionRun(f"run-{day}", stored.NOON + timedelta(days=day), LATER, "hub", "sha256:x", {"case": day}, day)
        for day in (1, 2)
    ]
    await stored.keep(store, Changes(tombstones=[tombstone], retention_runs=runs))
    assert store.reader().list_tombstones() == [tombstone]
    assert store.reader().list_retention_runs(limit=5) == runs[::-1]
    assert store.reader().list_retention_runs(limit=1) == runs[1:]


async def test_one_consent_goes_while_others_of_the_person_stay(store: port.Store) -> None:
    await stored.keep(store, Changes(consents=[stored.consent("consent-1"), stored.consent("consent-2")]))
    shred = records.Shred({"consent:consent-1": "consent:consent-1"}, replacement="nobody", consents=["consent-1"])
    await stored.keep(store, Changes(shreds=[shred]))
    (gone,) = store.reader().find_consents(consent_ids=["consent-1"])
    assert (gone.person_key, gone.sealed, gone.status) == ("nobody", b"", "void")
    assert [each.consent_id for each in store.reader().find_consents(person_keys=["person-1"])] == ["consent-2"]


async def test_when_a_consent_ended_is_kept(store: port.Store) -> None:
    ended = stored.consent("consent-1", ended_at=LATER)
    await stored.keep(store, Changes(consents=[ended]))
    assert store.reader().find_consents(consent_ids=["consent-1"]) == [ended]


async def test_between_groups_the_files_can_be_scrubbed_and_within_one_not(store: port.Store) -> None:
    changes, message, _ = stored.sent()
    await stored.keep(store, changes)
    await stored.keep(store, Changes(erased_bodies=[1]))
    group = store.begin()
    inside = store.scrub()
    store.roll_back(group)
    assert store.scrub() is True
    assert inside is (not store.technology.startswith("SQLite"))  # a server needs no turn: it scrubs by itself
    assert store.reader().find_messages([message.key])
    await stored.keep(store, stored.sent()[0])
    assert store.reader().last_message_position() == 2


async def test_the_keys_that_are_left_are_there_when_they_have_been_written_anew(store: port.Store) -> None:
    keys = [records.DataKey(name, b"wrapped", "kek") for name in ("a", "b")]
    await stored.keep(store, Changes(data_keys=keys))
    await stored.keep(store, Changes(shreds=[records.Shred({"b": "b"})]))
    await store.rewrite_keys()
    assert store.reader().list_data_keys(after="", limit=3) == keys[:1]
