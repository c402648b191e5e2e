"""Credentials of agencies, and ids that may be used once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.store import parties, port, records
from hub.store.parties import KeyKind, PartyKey
from tests.contract import stored

HOUR = timedelta(hours=1)
# The clock of the stores under test stands a little after noon.
LATER = stored.NOON + HOUR


def key(**changes: Any) -> PartyKey:
    values: dict[str, Any] = {
        "unit_id": "sd-farsta",
        "key_id": stored.new_id("key"),
        "kind": KeyKind.JWK,
        "name": "2026-1",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "x" * 43},
        "begins_at": stored.NOON,
    }
    return PartyKey(**values | changes)


async def write(store: port.Store, **changes: Any) -> None:
    group = store.begin()
    group.write(records.Changes(**changes))
    await store.commit(group)


async def test_gives_the_keys_of_a_unit_back_oldest_first(store: port.Store) -> None:
    new, old = key(begins_at=LATER), key(ends_at=LATER)
    certificate = key(unit_id="jt-sydost", kind=KeyKind.CERTIFICATE, jwk=None, name=None)
    await write(store, party_keys=[new, old, certificate])
    assert store.reader().list_party_keys(["sd-farsta"]) == [old, new]
    assert store.reader().list_party_keys(["nobody"]) == []
    assert {each.key_id for each in store.reader().list_party_keys()} == {new.key_id, old.key_id, certificate.key_id}


async def test_a_key_takes_the_place_of_its_earlier_self_and_of_no_other_units(store: port.Store) -> None:
    mine, theirs = key(), key(unit_id="jt-sydost")
    theirs = replace(theirs, key_id=mine.key_id)
    await write(store, party_keys=[mine, theirs])
    await write(store, party_keys=[replace(mine, ends_at=LATER)])
    assert store.reader().list_party_keys(["sd-farsta"]) == [replace(mine, ends_at=LATER)]
    assert store.reader().list_party_keys(["jt-sydost"]) == [theirs]


@pytest.mark.parametrize(("minutes", "counts"), [(-1, False), (0, True), (59, True), (60, False), (61, False)], ids=str)
def test_a_key_counts_from_its_first_instant_to_before_its_last(minutes: int, counts: bool) -> None:
    limited = key(ends_at=stored.NOON + HOUR)
    assert limited.counts_at(stored.NOON + timedelta(minutes=minutes)) is counts


async def test_remembers_what_was_used_and_nothing_of_a_group_that_was_undone(store: port.Store) -> None:
    used, undone = parties.once("jti", "sd-farsta", "a"), parties.once("jti", "sd-farsta", "b")
    await write(store, used_ids={used: LATER})
    group = store.begin()
    group.write(records.Changes(used_ids={undone: LATER}))
    assert group.find_used_ids([used, undone]) == {used, undone}
    store.roll_back(group)
    assert store.reader().find_used_ids([used, undone]) == {used}
    assert store.reader().find_used_ids([]) == set()


async def test_an_id_that_is_used_already_cannot_be_used_again(store: port.Store) -> None:
    used = parties.once("jti", "sd-farsta", "a")
    await write(store, used_ids={used: LATER})
    group = store.begin()
    with pytest.raises(port.StoreUnavailable):
        group.write(records.Changes(used_ids={used: LATER}))
    store.roll_back(group)


async def test_forgets_what_would_be_refused_as_old(store: port.Store) -> None:
    old, new = parties.once("jti", "sd-farsta", "a"), parties.once("jti", "sd-farsta", "b")
    await write(store, used_ids={old: stored.NOON})
    await write(store, used_ids={new: LATER})
    assert store.reader().find_used_ids([old, new]) == {new}


def test_the_same_id_of_another_owner_or_for_another_purpose_is_another() -> None:
    names = {parties.once(*parts) for parts in (("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c"), ("x", "b", "c"))}
    assert len(names) == 4
    assert parties.once("a", "b\0c", "d") != parties.once("a", "b", "c")
