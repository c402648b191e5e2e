"""A commit group: together or not at all."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from hub.store import port, records
from tests.contract import stored, technologies

ROOT = Path(__file__).parents[2]


def everything(message_id: str = "message-x") -> records.Changes:
    """Changes that touch every table."""
    changes, *_ = stored.sent(message_id=message_id, lane_id="case-x", case_id="case-x")
    changes.cases["case-x"] = stored.case("case-x", person_key="person-x")
    changes.consents.append(stored.consent("consent-x", person_key="person-x"))
    changes.data_keys.append(records.DataKey("case-x", b"wrapped", "kek-1"))
    changes.sequences["case-x", "jt-sydost"] = 1
    changes.audit.append(stored.audit(0))
    changes.log_nodes.append(records.LogNode(1, 0, bytes(32)))
    changes.checkpoints.append(stored.checkpoint(1))
    changes.person_entries.append(("person-x", 0))
    return changes


def assert_empty(reader: port.Reader) -> None:
    key = records.MessageKey("/units/sd-farsta", "message-x")
    assert reader.find_messages([key]) == {}
    assert reader.list_deliveries(key) == []
    assert reader.list_inbox("jt-sydost", limit=10, at=stored.NOON) == []
    assert reader.list_unpublished(limit=10) == []
    assert reader.oldest_unpublished_at() is None
    assert reader.count_by_state() == {}
    assert reader.find_cases(["case-x"]) == {}
    assert reader.find_cases_of(["person-x"]) == {}
    assert reader.find_consents(person_keys=["person-x"]) == []
    assert reader.find_data_keys(["case-x"]) == {}
    assert reader.find_sequences([("case-x", "jt-sydost")]) == {}
    assert reader.audit_size() == 0
    assert reader.list_audit(records.AuditQuery()) == []
    assert reader.list_log_hashes(0, 0, 9) == reader.list_log_hashes(1, 0, 9) == []
    assert reader.find_checkpoint(records.CheckpointKind.SIGNED) is None


def assert_kept(reader: port.Reader) -> None:
    key = records.MessageKey("/units/sd-farsta", "message-x")
    assert list(reader.find_messages([key])) == [key]
    assert len(reader.list_deliveries(key)) == 1
    assert len(reader.list_unpublished(limit=10)) == 1
    assert reader.count_by_state() == {"pending": 1}
    assert list(reader.find_cases(["case-x"])) == ["case-x"]
    assert len(reader.find_consents(consent_ids=["consent-x"])) == 1
    assert list(reader.find_data_keys(["case-x"])) == ["case-x"]
    assert reader.find_sequences([("case-x", "jt-sydost")]) == {("case-x", "jt-sydost"): 1}
    assert reader.audit_size() == 1
    assert reader.list_log_hashes(0, 0, 9) == reader.list_log_hashes(1, 0, 9) == [bytes(32)]
    assert reader.find_checkpoint(records.CheckpointKind.SIGNED) == stored.checkpoint(1)


async def test_keeps_everything_that_a_committed_group_wrote(store: port.Store) -> None:
    await stored.keep(store, everything())
    assert_kept(store.reader())


async def test_keeps_committed_groups_when_it_is_closed_and_opened(
    technology: technologies.StoreTechnology, store: port.Store
) -> None:
    await stored.keep(store, everything())
    store.close()
    again = technology.open()
    assert_kept(again.reader())
    again.close()


async def test_keeps_nothing_of_a_group_that_is_rolled_back(store: port.Store) -> None:
    group = store.begin()
    group.write(everything())
    store.roll_back(group)
    assert_empty(store.reader())


async def test_keeps_nothing_of_a_group_that_was_open_when_the_store_was_closed(
    technology: technologies.StoreTechnology, store: port.Store
) -> None:
    store.begin().write(everything())
    store.close()
    again = technology.open()
    assert_empty(again.reader())
    again.close()


async def test_a_group_sees_its_own_writes_and_readers_do_not_until_the_commit(store: port.Store) -> None:
    group = store.begin()
    assert_empty(group)
    group.write(everything())
    assert_kept(group)
    assert_empty(store.reader())
    await store.commit(group)
    assert_kept(store.reader())


async def test_a_group_sees_what_earlier_groups_committed(store: port.Store) -> None:
    await stored.keep(store, everything())
    group = store.begin()
    assert_kept(group)
    store.roll_back(group)


async def test_several_writes_of_a_group_become_durable_together(store: port.Store) -> None:
    await stored.keep(store, stored.sent()[0], stored.sent()[0], stored.sent()[0])
    assert store.reader().count_by_state() == {"pending": 3}


async def test_commits_a_group_without_writes(store: port.Store) -> None:
    await store.commit(store.begin())
    assert_empty(store.reader())


async def test_has_one_group_at_a_time(store: port.Store) -> None:
    group = store.begin()
    with pytest.raises(RuntimeError):
        store.begin()
    store.roll_back(group)
    store.roll_back(store.begin())


async def test_a_group_that_has_ended_takes_and_tells_nothing(store: port.Store) -> None:
    committed, rolled_back = store.begin(), None
    await store.commit(committed)
    rolled_back = store.begin()
    store.roll_back(rolled_back)
    for group in (committed, rolled_back):
        with pytest.raises(RuntimeError):
            group.write(everything())
        with pytest.raises(RuntimeError):
            group.audit_size()
        with pytest.raises(RuntimeError):
            await store.commit(group)
    assert_empty(store.reader())


async def test_rolling_back_twice_or_after_a_commit_changes_nothing(store: port.Store) -> None:
    group = store.begin()
    group.write(everything())
    await store.commit(group)
    store.roll_back(group)
    other = store.begin()
    store.roll_back(group)
    assert_kept(other)
    store.roll_back(other)
    store.roll_back(other)


async def test_refuses_a_message_whose_key_is_there_already(store: port.Store) -> None:
    await stored.keep(store, stored.sent(message_id="message-1")[0])
    group = store.begin()
    with pytest.raises(port.DuplicateMessage):
        group.write(stored.sent(message_id="message-1")[0])
    store.roll_back(group)
    assert store.reader().count_by_state() == {"pending": 1}


async def test_refuses_a_message_that_the_same_group_has_written(store: port.Store) -> None:
    group = store.begin()
    group.write(stored.sent(message_id="message-1")[0])
    with pytest.raises(port.DuplicateMessage):
        group.write(stored.sent(message_id="message-1")[0])
    store.roll_back(group)
    assert store.reader().count_by_state() == {}


async def test_takes_the_same_message_id_from_another_source(store: port.Store) -> None:
    of_farsta = stored.sent(message_id="message-1")[0]
    of_skarpnack = stored.sent(message_id="message-1", source="/units/sd-skarpnack")[0]
    await stored.keep(store, of_farsta, of_skarpnack)
    keys = [of_farsta.messages[0].key, of_skarpnack.messages[0].key]
    assert set(store.reader().find_messages(keys)) == set(keys)
    assert set(store.reader().find_messages(keys[:1])) == {keys[0]}


async def test_a_group_whose_write_failed_cannot_be_committed(store: port.Store) -> None:
    await stored.keep(store, stored.sent(message_id="message-1")[0])
    group = store.begin()
    first = stored.sent(message_id="message-2")[0]
    double = stored.sent(message_id="message-1")[0]
    with pytest.raises(port.DuplicateMessage):
        group.write(records.Changes(messages=first.messages + double.messages))
    with pytest.raises(port.StoreUnavailable):
        await store.commit(group)
    assert store.reader().find_messages([first.messages[0].key]) == {}
    await stored.keep(store, first)
    assert list(store.reader().find_messages([first.messages[0].key])) == [first.messages[0].key]


async def test_refuses_a_second_copy_with_the_same_sequence(store: port.Store) -> None:
    await stored.keep(store, stored.sent(delivery={"sequence": 1})[0])
    group = store.begin()
    with pytest.raises(port.StoreUnavailable):
        group.write(stored.sent(delivery={"sequence": 1})[0])
    store.roll_back(group)


async def test_never_writes_over_a_data_key(store: port.Store) -> None:
    await stored.keep(store, records.Changes(data_keys=[records.DataKey("case-1", b"first", "kek-1")]))
    group = store.begin()
    with pytest.raises(port.StoreUnavailable):
        group.write(records.Changes(data_keys=[records.DataKey("case-1", b"second", "kek-1")]))
    store.roll_back(group)
    assert store.reader().find_data_keys(["case-1"])["case-1"].wrapped == b"first"


async def test_a_commit_that_fails_leaves_nothing_and_the_store_goes_on(
    technology: technologies.StoreTechnology, store: port.Store
) -> None:
    group = store.begin()
    group.write(everything())
    with technology.failing_commits():
        with pytest.raises(port.StoreUnavailable):
            await store.commit(group)
        assert_empty(store.reader())
        with pytest.raises(port.StoreUnavailable):
            store.check()
    assert_empty(store.reader())
    await stored.keep(store, everything())
    assert_kept(store.reader())
    store.check()


async def test_is_well_again_as_soon_as_the_disk_is(
    technology: technologies.StoreTechnology, store: port.Store
) -> None:
    group = store.begin()
    group.write(everything())
    with technology.failing_commits(), pytest.raises(port.StoreUnavailable):
        await store.commit(group)
    store.check()


async def test_errors_quote_nothing_that_was_written(store: port.Store) -> None:
    group = store.begin()
    group.write(stored.sent(message_id="telling-id", delivery={"sequence": 1})[0])
    with pytest.raises(port.StoreUnavailable) as caught:
        group.write(stored.sent(lane_id="case-1", delivery={"sequence": 1})[0])
    store.roll_back(group)
    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "jt-sydost" not in told
    assert "case-1" not in told


async def test_a_commit_goes_on_to_its_end_when_nobody_waits_for_it_any_more(store: port.Store) -> None:
    group = store.begin()
    group.write(everything())
    task = asyncio.create_task(store.commit(group))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert_kept(store.reader())
    store.roll_back(store.begin())


async def test_no_group_opens_while_a_commit_is_under_way(store: port.Store) -> None:
    group = store.begin()
    group.write(everything())
    task = asyncio.create_task(store.commit(group))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        store.begin()
    with pytest.raises(RuntimeError):
        group.audit_size()
    with pytest.raises(RuntimeError):
        await store.commit(group)
    store.roll_back(group)
    await task
    assert_kept(store.reader())


async def test_finds_nothing_wrong_with_itself_while_a_commit_is_under_way(store: port.Store) -> None:
    group = store.begin()
    group.write(everything())
    task = asyncio.create_task(store.commit(group))
    await asyncio.sleep(0)
    store.check()
    await task


async def test_closing_waits_for_a_commit_under_way(
    technology: technologies.StoreTechnology, store: port.Store
) -> None:
    group = store.begin()
    group.write(everything())
    task = asyncio.create_task(store.commit(group))
    await asyncio.sleep(0)
    store.close()
    await task
    again = technology.open()
    assert_kept(again.reader())
    again.close()


async def test_a_closed_store_says_that_it_is_unavailable(store: port.Store) -> None:
    store.close()
    store.close()
    with pytest.raises(port.StoreUnavailable):
        store.begin()
    with pytest.raises(port.StoreUnavailable):
        store.reader()
    with pytest.raises(port.StoreUnavailable):
        store.check()


async def test_names_its_technology_and_finds_nothing_wrong_with_itself(store: port.Store) -> None:
    store.check()
    assert store.technology


def test_keeps_every_committed_group_and_nothing_of_the_open_one_when_it_is_killed(
    technology: technologies.StoreTechnology, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["technology"]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.committing_child", name, technology.place],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        told = [line.strip() for line in iter(child.stdout.readline, "in the middle\n")]
        child.send_signal(signal.SIGKILL)
    assert len(told) == 20
    store = technology.open()
    keys = [records.MessageKey("/units/sd-farsta", message_id) for message_id in told]
    assert set(store.reader().find_messages(keys)) == set(keys)
    lost = records.MessageKey("/units/sd-farsta", "never committed")
    assert store.reader().find_messages([lost]) == {}
    assert store.reader().count_by_state() == {"pending": 20}
    store.check()
    store.close()


async def test_positions_are_never_given_twice(store: port.Store) -> None:
    group = store.begin()
    group.write(stored.sent()[0])
    store.roll_back(group)
    await stored.keep(store, stored.sent()[0])
    await stored.keep(store, stored.sent(recorded_at=stored.NOON + timedelta(seconds=1))[0])
    positions = [claim.position for claim in store.reader().list_inbox("jt-sydost", limit=9, at=stored.NOON)]
    assert positions == sorted(set(positions))
    assert min(positions) > 0
