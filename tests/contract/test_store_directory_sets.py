"""What two administrators have agreed on, and counting in the log: what every store keeps of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.audit import entry
from hub.audit.entry import AuditAction
from hub.store import port, records
from hub.store.directory_sets import DirectorySet, Standing
from tests.contract import stored

PROPOSED = DirectorySet(Standing.PROPOSED, "sha256:a", {"units.toml": "# Åsö\n"}, stored.NOON, "staff:1")
IN_FORCE = replace(PROPOSED, standing=Standing.IN_FORCE, approved_by="staff:2")


async def write(store: port.Store, **changes: Any) -> None:
    group = store.begin()
    group.write(records.Changes(**changes))
    await store.commit(group)


async def test_gives_a_set_back_as_it_was(store: port.Store) -> None:
    assert store.reader().find_directory_set(Standing.PROPOSED) is None
    await write(store, directory_sets=[PROPOSED])
    assert store.reader().find_directory_set(Standing.PROPOSED) == PROPOSED
    assert store.reader().find_directory_set(Standing.IN_FORCE) is None


async def test_a_set_takes_the_place_of_the_one_that_stood_there(store: port.Store) -> None:
    other = replace(PROPOSED, digest="sha256:b", files={}, proposed_by=None)
    await write(store, directory_sets=[PROPOSED, IN_FORCE])
    await write(store, directory_sets=[other])
    assert store.reader().find_directory_set(Standing.PROPOSED) == other
    assert store.reader().find_directory_set(Standing.IN_FORCE) == IN_FORCE


async def test_what_was_proposed_is_taken_away_and_what_is_in_force_stays(store: port.Store) -> None:
    await write(store, directory_sets=[PROPOSED, IN_FORCE])
    await write(store, dropped_directory_sets=[Standing.PROPOSED])
    assert store.reader().find_directory_set(Standing.PROPOSED) is None
    assert store.reader().find_directory_set(Standing.IN_FORCE) == IN_FORCE


async def test_counts_entries_of_one_code_and_actor_from_an_instant_on(store: port.Store) -> None:
    told = [
        ("sd-farsta", "A", 0),
        ("sd-farsta", "A", 5),
        ("sd-farsta", "B", 5),
        ("jt-jarva", "A", 5),
        ("sd-farsta", "A", 9),
    ]
    rows = [
        entry.build(index, stored.NOON + timedelta(minutes=after), AuditAction.MESSAGE_REFUSED, actor, code=code)
        for index, (actor, code, after) in enumerate(told)
    ]
    await write(store, audit=rows)
    count = store.reader().count_audit
    assert count("A", "sd-farsta", stored.NOON) == 3
    assert count("A", "sd-farsta", stored.NOON + timedelta(minutes=5)) == 2
    assert count("A", "sd-farsta", stored.NOON + timedelta(minutes=10)) == 0
    assert count("C", "sd-farsta", stored.NOON) == 0
