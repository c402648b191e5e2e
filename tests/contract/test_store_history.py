"""How the hub has been doing, and what it has decided by: what every store keeps of it, for all processes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.store import port
from hub.store.history import SAMPLES_KEPT, RulebookDated, Sample, StoredDirectory, StoredRulebook
from hub.store.records import Changes
from tests.contract.stored import NOON, keep

SAMPLE = Sample("a", NOON, 3, 1.25, 1, 17, 0.005, 0.25)
MINUTE = timedelta(minutes=1)
OLD = StoredRulebook("sha256:old", NOON, {"types.toml": "# Åsö\n[[type]]\n"})
NEW = StoredRulebook("sha256:new", NOON + MINUTE, {"types.toml": ""})


async def test_gives_readings_back_as_they_were_oldest_first(store: port.Store) -> None:
    later, other = replace(SAMPLE, at=NOON + MINUTE), replace(SAMPLE, process="b", unread=4)
    await keep(store, Changes(samples=[later, other, SAMPLE]))
    assert store.reader().list_samples(NOON) == [SAMPLE, other, later]
    assert store.reader().list_samples(NOON + MINUTE) == [later]


async def test_a_reading_that_is_there_already_stays_as_it_is(store: port.Store) -> None:
    await keep(store, Changes(samples=[SAMPLE]))
    await keep(store, Changes(samples=[replace(SAMPLE, unread=9)]))
    assert store.reader().list_samples(NOON) == [SAMPLE]


async def test_old_readings_go_with_the_next_one_whichever_process_took_them(store: port.Store) -> None:
    kept = replace(SAMPLE, process="b", at=NOON + MINUTE)
    await keep(store, Changes(samples=[SAMPLE, kept]))
    newest = replace(SAMPLE, at=NOON + MINUTE + SAMPLES_KEPT)
    await keep(store, Changes(samples=[newest]))
    assert store.reader().list_samples(NOON) == [kept, newest]


async def test_gives_a_rulebook_back_with_the_text_of_its_files(store: port.Store) -> None:
    await keep(store, Changes(rulebooks=[OLD]))
    assert store.reader().find_rulebook("sha256:old") == OLD
    assert store.reader().find_rulebook("sha256:new") is None


async def test_the_rulebook_that_came_into_force_last_is_first_also_when_it_was_there_before(store: port.Store) -> None:
    await keep(store, Changes(rulebooks=[OLD, NEW]))
    new, old = RulebookDated(NEW.digest, NEW.since), RulebookDated(OLD.digest, OLD.since)
    assert store.reader().list_rulebooks(limit=9) == [new, old]
    assert store.reader().list_rulebooks(limit=1) == [new]
    again = replace(OLD, since=NEW.since + MINUTE)
    await keep(store, Changes(rulebooks=[again]))
    assert store.reader().list_rulebooks(limit=9) == [RulebookDated(OLD.digest, again.since), new]


async def test_every_directory_is_kept_as_it_came_into_force_also_one_that_comes_back(store: port.Store) -> None:
    assert store.reader().list_directories() == []
    first = StoredDirectory("sha256:first", NOON, {"units.toml": "# Åsö\n"})
    other = StoredDirectory("sha256:other", NOON + MINUTE, {})
    back = replace(first, since=NOON + 2 * MINUTE)
    await keep(store, Changes(directories=[other]), Changes(directories=[first]))
    await keep(store, Changes(directories=[back]))
    assert store.reader().list_directories() == [first, other, back]
