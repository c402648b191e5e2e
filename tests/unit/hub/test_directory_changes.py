"""Units change while the hub runs only when two administrators want it; what they agreed on outlives the process."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from hub import bootstrap, bootstrap_replay, clock, reloading, settings
from hub.directory_changes import ApproveDirectory, NotApproved, ProposeDirectory
from hub.replay.replaying import Judged
from hub.service import Hub
from hub.store.directory_sets import DirectorySet
from hub.store.records import AuditQuery
from routing import directory as directories
from routing.rule_files import RulesBroken
from tests.support import events, judging, office, persons
from tests.support.persons import Person

ONE, OTHER = "staff:one", "staff:other"
OLD_NAME, NEW_NAME = 'name = "Jobbtorg Sydost"', 'name = "Jobbtorg Sydöst"'


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return shutil.copytree(directories.FOLDER, tmp_path / "directory")


@pytest.fixture
def build(tmp_path: Path, units: Path) -> Callable[[], Hub]:
    def build() -> Hub:
        flags = {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "directory_dir": str(units)}
        at, rules = clock.FixedClock(judging.NOON), judging.rules()
        given = settings.load(flags, {}, None)
        return bootstrap.build_hub(given, clock=at, registry=events.catalogue(), rulebook=rules)

    return build


@pytest.fixture
async def hub(build: Callable[[], Hub]) -> AsyncIterator[Hub]:
    built = build()
    await built.open()
    yield built
    await built.close()


def change(units: Path, this: str = OLD_NAME, that: str = NEW_NAME) -> None:
    text = (units / "units.toml").read_text("utf-8")
    assert this in text
    (units / "units.toml").write_text(text.replace(this, that), "utf-8")


def change_catchment(units: Path) -> None:
    text = (units / "catchments.toml").read_text("utf-8")
    row = 'stadsdel = "sd-farsta"\njobbtorg = "jt-sydost"'
    assert row in text
    (units / "catchments.toml").write_text(text.replace(row, row.replace("sydost", "vasterort")), "utf-8")


async def refer(hub: Hub, person: Person, jobbtorg: str) -> None:
    """Named, so that another catchment is a reason to refuse."""
    consent = events.consent(at=hub.clock.now(), person=person)
    assert office.outcome(await office.send(hub, "consent.recorded", "sd-farsta", consent)) == "accepted"
    await office.accepted(hub, "referral.submitted", "sd-farsta", person=person, to=[{"unit": jobbtorg}])


def name_of(hub: Hub, unit_id: str = "jt-sydost") -> str:
    unit = hub.directory.find_unit(unit_id)
    assert unit is not None
    return unit.name


def told(hub: Hub, action: str) -> list[dict[str, object]]:
    rows = hub.reader.list_audit(AuditQuery(limit=200))
    return [orjson.loads(row.entry) for row in rows if row.action == action]


async def propose(hub: Hub, actor: str = ONE) -> str:
    proposed = (await reloading.reload(hub, actor)).proposed
    assert proposed is not None
    return proposed.digest


async def test_nothing_changes_before_another_has_approved(hub: Hub, units: Path) -> None:
    before = hub.directory.digest
    change(units)
    digest = await propose(hub)
    assert hub.directory.digest == before
    assert await reloading.approve_directory(hub, ONE, digest) is NotApproved.SAME_PERSON
    assert (hub.directory.digest, told(hub, "directory_changed")) == (before, [])
    assert isinstance(await reloading.approve_directory(hub, OTHER, digest), DirectorySet)
    assert (hub.directory.digest, name_of(hub)) == (digest, "Jobbtorg Sydöst")


async def test_the_log_tells_of_both_people_and_both_sets(hub: Hub, units: Path) -> None:
    before = hub.directory.digest
    change(units)
    digest = await propose(hub)
    await reloading.approve_directory(hub, OTHER, digest)
    (proposed,), (changed,) = told(hub, "change_proposed"), told(hub, "directory_changed")
    assert (proposed["actor"], proposed["digest"]) == (ONE, digest)
    assert (changed["before"], changed["directory"]) == (before, digest)
    assert (changed["proposed_by"], changed["approved_by"]) == (ONE, OTHER)


async def test_decisions_follow_the_units_that_were_approved(hub: Hub, units: Path) -> None:
    consent = events.consent(at=hub.clock.now())
    assert office.outcome(await office.send(hub, "consent.recorded", "sd-farsta", consent)) == "accepted"
    change_catchment(units)
    to = [{"unit": "jt-vasterort"}]
    assert office.outcome(await office.tell(hub, "referral.submitted", "sd-farsta", to=to)) == "WRONG_CATCHMENT"
    await reloading.approve_directory(hub, OTHER, await propose(hub))
    assert office.outcome(await office.tell(hub, "referral.submitted", "sd-farsta", to=to)) == "accepted"


async def test_past_messages_are_judged_by_the_directory_of_their_time(hub: Hub, units: Path) -> None:
    old = hub.directory.digest
    await refer(hub, persons.ASTA, "jt-sydost")
    assert isinstance(hub.clock, clock.FixedClock)
    hub.clock.advance(timedelta(days=1))
    change_catchment(units)
    await reloading.approve_directory(hub, OTHER, await propose(hub))
    await refer(hub, persons.BO, "jt-vasterort")
    kept = hub.reader.list_directories()
    assert [each.digest for each in kept] == [old, hub.directory.digest]
    assert kept[1].since - kept[0].since == timedelta(days=1)
    with bootstrap_replay.open_replay(hub.settings, judging.rules(), judging.rules()) as work:
        assert list(work.run()) == []
    assert work.counts[Judged.WHOLE] == 4
    assert not work.counts[Judged.COPIES]


async def test_what_is_approved_is_what_was_proposed_and_not_what_lies_there_since(hub: Hub, units: Path) -> None:
    change(units)
    digest = await propose(hub)
    change(units, NEW_NAME, 'name = "Jobbtorg Nordväst"')
    await reloading.approve_directory(hub, OTHER, digest)
    assert name_of(hub) == "Jobbtorg Sydöst"


async def test_a_later_proposal_takes_the_place_of_one_that_nobody_approved(hub: Hub, units: Path) -> None:
    change(units)
    first = await propose(hub)
    change(units, NEW_NAME, 'name = "Jobbtorg Nordväst"')
    second = await propose(hub, OTHER)
    assert await reloading.approve_directory(hub, OTHER, first) is NotApproved.ANOTHER_PROPOSED
    assert isinstance(await reloading.approve_directory(hub, ONE, second), DirectorySet)
    assert [each["digest"] for each in told(hub, "change_rejected")] == [first]


async def test_the_same_again_stays_its_first_proposers(hub: Hub, units: Path) -> None:
    change(units)
    digest = await propose(hub)
    assert await propose(hub, OTHER) == digest
    assert await reloading.approve_directory(hub, ONE, digest) is NotApproved.SAME_PERSON


async def test_what_is_turned_down_cannot_be_approved(hub: Hub, units: Path) -> None:
    change(units)
    digest = await propose(hub)
    assert isinstance(await reloading.reject_directory(hub, ONE), DirectorySet)
    assert await reloading.reject_directory(hub, ONE) is NotApproved.NOTHING_PROPOSED
    assert await reloading.approve_directory(hub, OTHER, digest) is NotApproved.NOTHING_PROPOSED


async def test_two_approvals_in_one_group_change_once(hub: Hub, units: Path) -> None:
    change(units)
    digest = await propose(hub)
    answers = [hub.group.submit(ApproveDirectory(actor, digest)) for actor in (OTHER, "staff:third")]
    first, second = [await each for each in answers]
    assert isinstance(first, DirectorySet)
    assert second is NotApproved.NOTHING_PROPOSED


async def test_a_set_with_a_fault_is_refused_and_the_old_one_stays(hub: Hub, units: Path) -> None:
    before, size = hub.deciding, hub.reader.audit_size()
    change(units, 'id = "jt-sydost"', 'id = "jt-sydvast"')
    with pytest.raises(RulesBroken):
        await reloading.reload(hub, ONE)
    assert (hub.deciding, hub.reader.audit_size()) == (before, size)


async def test_a_proposal_that_this_version_cannot_read_is_not_approved(hub: Hub) -> None:
    before = hub.directory.digest
    await hub.group.submit(ProposeDirectory(ONE, "sha256:strange", {"units.toml": "[[unit]]\nid = 1\n"}))
    with pytest.raises(RulesBroken):
        await reloading.approve_directory(hub, OTHER, "sha256:strange")
    assert hub.directory.digest == before


async def test_a_signal_only_tells_that_units_wait_for_approval(hub: Hub, units: Path) -> None:
    before = hub.directory.digest
    change(units)
    with capture_logs() as lines:
        await reloading.on_hangup(hub)
    waits = [line for line in lines if line["event"] == "directory_change_waits"]
    assert [(line["in_force"], line["on_disk"] != before) for line in waits] == [(before, True)]
    assert (hub.directory.digest, await reloading.find_proposal(hub)) == (before, None)


async def test_a_start_takes_what_was_agreed_on_and_not_what_lies_on_disk(
    build: Callable[[], Hub], units: Path
) -> None:
    first = build()
    await first.open()
    agreed = first.directory.digest
    await first.close()
    change(units)
    with capture_logs() as lines:
        second = build()
    assert second.directory.digest == agreed
    assert any(line["event"] == "directory_change_waits" for line in lines)
    await second.open()
    await reloading.approve_directory(second, OTHER, await propose(second))
    await second.close()
    third = build()
    assert name_of(third) == "Jobbtorg Sydöst"
    await third.close()


async def test_another_process_follows_what_was_approved_through_the_first(hub: Hub, units: Path) -> None:
    old = hub.deciding
    change(units)
    await reloading.approve_directory(hub, OTHER, await propose(hub))
    hub.deciding = old  # as a process that has not heard of it
    await hub.sweep.sweep()
    assert name_of(hub) == "Jobbtorg Sydöst"


async def test_the_second_administrator_sees_each_row_that_changes(hub: Hub, units: Path) -> None:
    change(units)
    from hub import directory_changes

    found = directory_changes.list_differences(hub.directory, directories.load(units))
    assert [line[0] for line in found] == ["-", "+"]
    assert "Jobbtorg Sydost" in found[0]
    assert "Jobbtorg Sydöst" in found[1]
