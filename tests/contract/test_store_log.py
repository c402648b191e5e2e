"""The tree beside the log: leaves, nodes, checkpoints."""

from __future__ import annotations

from hub.store import port, records
from hub.store.records import CheckpointKind
from tests.contract import stored


async def test_gives_leaves_and_entries_of_a_stretch_in_order(store: port.Store) -> None:
    many = [stored.audit(index, entry=b"entry %d" % index, leaf=bytes([index]) * 32) for index in range(9)]
    await stored.keep(store, records.Changes(audit=list(reversed(many))))
    assert store.reader().list_log_hashes(0, 3, 6) == [bytes([index]) * 32 for index in (3, 4, 5)]
    assert store.reader().list_log_entries(7, 100) == [b"entry 7", b"entry 8"]
    assert store.reader().list_log_entries(9, 100) == store.reader().list_log_hashes(0, 4, 4) == []


async def test_gives_nodes_of_one_level_only(store: port.Store) -> None:
    nodes = [records.LogNode(level, index, bytes([level, index]) * 16) for level in (1, 2) for index in range(4)]
    await stored.keep(store, records.Changes(log_nodes=nodes))
    assert store.reader().list_log_hashes(2, 1, 3) == [bytes([2, 1]) * 16, bytes([2, 2]) * 16]
    assert store.reader().list_log_hashes(3, 0, 9) == []


async def test_a_node_stays_as_it_was_first_written(store: port.Store) -> None:
    await stored.keep(store, records.Changes(log_nodes=[records.LogNode(1, 0, bytes(32))]))
    await stored.keep(store, records.Changes(log_nodes=[records.LogNode(1, 0, b"x" * 32)]))
    assert store.reader().list_log_hashes(1, 0, 1) == [bytes(32)]


async def test_a_larger_checkpoint_takes_the_place_of_a_smaller_one_of_its_kind(store: port.Store) -> None:
    published = stored.checkpoint(5, kind=CheckpointKind.PUBLISHED)
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(5), published]))
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(7)]))
    assert store.reader().find_checkpoint(CheckpointKind.SIGNED) == stored.checkpoint(7)
    assert store.reader().find_checkpoint(CheckpointKind.PUBLISHED) == published


async def test_a_smaller_checkpoint_changes_nothing(store: port.Store) -> None:
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(7)]))
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(6)]))
    assert store.reader().find_checkpoint(CheckpointKind.SIGNED) == stored.checkpoint(7)


async def test_a_checkpoint_of_the_same_size_may_gain_signatures(store: port.Store) -> None:
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(7)]))
    await stored.keep(store, records.Changes(checkpoints=[stored.checkpoint(7, note="with another line")]))
    found = store.reader().find_checkpoint(CheckpointKind.SIGNED)
    assert found is not None
    assert found.note == "with another line"
