"""New rules while the hub runs: verified first, told in the log with both digests; if they fail, the old ones stay."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from hub import bootstrap, clock, settings
from hub.service import Hub
from hub.store.records import AuditQuery
from routing import rulebook as rulebooks
from routing.rule_files import RulesBroken
from tests.support import events, judging, office, persons


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return shutil.copytree(rulebooks.FOLDER, tmp_path / "rules")


@pytest.fixture
async def hub(tmp_path: Path, rules: Path) -> AsyncIterator[Hub]:
    flags = {"data_dir": str(tmp_path / "data"), "allow_test_numbers": True, "rules_dir": str(rules)}
    built = bootstrap.build_hub(
        settings.load(flags, {}, None),
        clock=clock.FixedClock(judging.NOON),
        registry=events.catalogue(),
        directory=judging.directory(),
    )
    await built.open()
    yield built
    await built.close()


def change(rules: Path, file: str, this: str, that: str) -> None:
    text = (rules / file).read_text("utf-8")
    assert this in text
    (rules / file).write_text(text.replace(this, that), "utf-8")


async def refer(hub: Hub) -> str:
    consent = events.consent(at=hub.clock.now(), person=persons.INES)
    assert office.outcome(await office.send(hub, "consent.recorded", "sd-farsta", consent)) in ("accepted", "AGE_RULE")
    return office.outcome(await office.tell(hub, "referral.submitted", "sd-farsta", person=persons.INES))


async def test_what_comes_after_is_decided_by_the_new_rules(hub: Hub, rules: Path) -> None:
    assert await refer(hub) == "accepted"
    change(rules, "settings.toml", "minimum_age = 16", "minimum_age = 30")
    assert await hub.reload_rules() == hub.rulebook.digest
    assert await refer(hub) == "AGE_RULE"


async def test_the_log_tells_of_both(hub: Hub, rules: Path) -> None:
    before = hub.rulebook.digest
    change(rules, "settings.toml", "minimum_age = 16", "minimum_age = 17")
    after = await hub.reload_rules()
    (row,) = [row for row in hub.reader.list_audit(AuditQuery(limit=100)) if row.action == "rules_changed"]
    entry = orjson.loads(row.entry)
    assert (entry["before"], entry["rulebook"]) == (before, after)
    assert before != after


@pytest.mark.parametrize(
    ("this", "that"),
    [("minimum_age = 16", "minimum_age = 0"), ("minimum_age = 16", "minimum_age = "), ("minimum_age = 16\n", "")],
)
async def test_a_set_with_a_fault_is_refused_and_the_old_one_stays(hub: Hub, rules: Path, this: str, that: str) -> None:
    before, size = hub.deciding, hub.reader.audit_size()
    change(rules, "settings.toml", this, that)
    with pytest.raises(RulesBroken):
        await hub.reload_rules()
    assert hub.deciding is before
    assert hub.reader.audit_size() == size
    assert await refer(hub) == "accepted"


async def test_rules_that_say_the_same_are_no_change(hub: Hub, rules: Path) -> None:
    size = hub.reader.audit_size()
    change(rules, "settings.toml", "minimum_age = 16", "# The same.\nminimum_age = 16")
    await hub.reload_rules()
    assert hub.reader.audit_size() == size
