"""Staff, sessions and drafts: what every store keeps about those who sign in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.identity.roles import Grant, Role
from hub.store import people, port, records
from tests.contract import stored

HOUR = timedelta(hours=1)


def member(**changes: Any) -> people.StaffMember:
    values: dict[str, Any] = {
        "staff_id": stored.new_id("staff"),
        "iss": "https://idp.example",
        "sub": stored.new_id("sub"),
        "name": "Åsa Öberg",
        "grants": frozenset({Grant(Role.HANDLAGGARE, "sd-farsta"), Grant(Role.AUDITOR)}),
        "changed_at": stored.NOON,
    }
    return people.StaffMember(**values | changes)


def session(of: people.StaffMember, **changes: Any) -> people.Session:
    values: dict[str, Any] = {
        "session_key": stored.new_id("session"),
        "staff_id": of.staff_id,
        "started_at": stored.NOON,
        "ends_at": stored.NOON + HOUR,
        "memory": {"reason": "supervision"},
    }
    return people.Session(**values | changes)


def draft(of: people.StaffMember, **changes: Any) -> people.Draft:
    values: dict[str, Any] = {
        "draft_id": stored.new_id("draft"),
        "staff_id": of.staff_id,
        "lane_id": "case-1",
        "saved_at": stored.NOON,
        "sealed": b"nonce and ciphertext",
    }
    return people.Draft(**values | changes)


async def write(store: port.Store, **changes: Any) -> None:
    group = store.begin()
    group.write(records.Changes(**changes))
    await store.commit(group)


async def test_gives_a_member_back_by_id_and_by_who_vouches(store: port.Store) -> None:
    asa = member()
    await write(store, staff=[asa])
    reader = store.reader()
    assert reader.find_staff([asa.staff_id]) == {asa.staff_id: asa}
    assert reader.find_staff_by_subject(asa.iss, asa.sub) == asa
    assert reader.find_staff_by_subject("https://other.example", asa.sub) is None
    assert reader.find_staff([]) == {}


async def test_a_member_takes_the_place_of_its_earlier_self(store: port.Store) -> None:
    asa = member()
    await write(store, staff=[asa])
    changed = replace(asa, grants=frozenset({Grant(Role.ADMINISTRATOR)}), ended_at=stored.NOON + HOUR)
    await write(store, staff=[changed])
    assert store.reader().list_staff() == [changed]


async def test_two_members_cannot_be_the_same_person(store: port.Store) -> None:
    asa = member()
    await write(store, staff=[asa])
    with pytest.raises(port.StoreUnavailable):
        await write(store, staff=[member(sub=asa.sub)])


async def test_lists_members_by_name(store: port.Store) -> None:
    await write(store, staff=[member(name="Bo"), member(name="Anna"), member(name="Cilla")])
    assert [each.name for each in store.reader().list_staff()] == ["Anna", "Bo", "Cilla"]


async def test_a_member_who_ends_keeps_no_session_and_others_keep_theirs(store: port.Store) -> None:
    asa, bo = member(), member()
    his, hers = session(bo), session(asa)
    await write(store, staff=[asa, bo], sessions=[his, hers])
    assert store.reader().find_sessions([his.session_key, hers.session_key]) == {
        his.session_key: his,
        hers.session_key: hers,
    }
    await write(store, staff=[replace(asa, ended_at=stored.NOON)])
    assert store.reader().find_sessions([his.session_key, hers.session_key]) == {his.session_key: his}


async def test_a_session_remembers_what_it_was_told_last_and_ends_when_told(store: port.Store) -> None:
    asa = member()
    first = session(asa)
    await write(store, sessions=[first])
    await write(store, sessions=[replace(first, memory={})])
    assert store.reader().find_sessions([first.session_key])[first.session_key].memory == {}
    await write(store, ended_sessions=[first.session_key])
    assert store.reader().find_sessions([first.session_key]) == {}


async def test_sessions_whose_time_was_over_go_when_another_starts(store: port.Store) -> None:
    asa = member()
    old, running = session(asa), session(asa, ends_at=stored.NOON + 2 * HOUR)
    await write(store, sessions=[old, running])
    later = session(asa, started_at=stored.NOON + HOUR, ends_at=stored.NOON + 2 * HOUR)
    await write(store, sessions=[later])
    keys = [each.session_key for each in (old, running, later)]
    assert set(store.reader().find_sessions(keys)) == {running.session_key, later.session_key}


async def test_lists_a_persons_running_sessions_the_newest_first(store: port.Store) -> None:
    asa, bo = member(), member()
    first = session(asa, ends_at=stored.NOON + 3 * HOUR)
    used = session(asa, started_at=stored.NOON + HOUR, ends_at=stored.NOON + 2 * HOUR, used_at=stored.NOON + HOUR)
    await write(store, sessions=[first, session(bo, ends_at=stored.NOON + 3 * HOUR)])
    await write(store, sessions=[used])
    reader = store.reader()
    assert reader.list_sessions(asa.staff_id, stored.NOON + HOUR) == [used, first]
    assert reader.list_sessions(asa.staff_id, used.ends_at) == [first]
    assert reader.list_sessions("nobody", stored.NOON) == []


async def test_a_draft_is_kept_replaced_and_dropped(store: port.Store) -> None:
    asa = member()
    begun = draft(asa)
    await write(store, drafts=[begun])
    more = replace(begun, sealed=b"longer", saved_at=stored.NOON + HOUR)
    await write(store, drafts=[more])
    assert store.reader().find_drafts([begun.draft_id]) == {begun.draft_id: more}
    await write(store, dropped_drafts=[begun.draft_id])
    assert store.reader().find_drafts([begun.draft_id]) == {}


async def test_drafts_of_a_case_go_with_its_key(store: port.Store) -> None:
    asa = member()
    of_it, of_another = draft(asa, lane_id="case-1"), draft(asa, lane_id="case-2")
    await write(store, drafts=[of_it, of_another])
    await write(store, shreds=[records.Shred({"case-1": "gone-1"})])
    assert set(store.reader().find_drafts([of_it.draft_id, of_another.draft_id])) == {of_another.draft_id}
