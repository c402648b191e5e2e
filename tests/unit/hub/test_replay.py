"""Past messages decided again by other rules: each as it was met, and reasons only."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub import bootstrap_replay
from hub.cli.main import app
from hub.replay.replaying import Changed, Judged, Replay
from hub.service import Hub
from hub.store.records import AuditQuery
from routing import rulebook
from tests.support import events, judging, office, persons

LOOKED = "staff_looked"
PLAN = "5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0001"
WAY = ["consent.recorded", "referral.submitted", "referral.answered", "enrolment.confirmed", "plan.proposed"]


async def play(hub: Hub) -> None:
    """The straight way as far as an approved plan, and then the consent is withdrawn."""
    case, _, consent_id = await office.refer(hub)
    await office.accepted(hub, "referral.answered", "jt-sydost", case)
    await office.accepted(hub, "enrolment.confirmed", "jt-sydost", case)
    await office.accepted(hub, "plan.proposed", "jt-sydost", case, content={"plan_id": PLAN, "version": 1})
    approval = {"plan_id": PLAN, "version": 1, "decision": "approved", "conditions": None}
    await office.accepted(hub, "plan.decided", "sd-farsta", case, content=approval)
    withdrawal = events.withdrawal(consent_id, at=hub.clock.now(), person=persons.ASTA, scope="all")
    assert office.outcome(await office.send(hub, "consent.withdrawn", "sd-farsta", withdrawal)) == "accepted"


def changed_rules(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = shutil.copytree(rulebook.FOLDER, tmp_path / "rules.new")
    text = (folder / file).read_text("utf-8")
    assert text.count(old) >= 1
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return folder


def replay(hub: Hub, after: Path | None) -> tuple[list[Changed], Replay]:
    with bootstrap_replay.open_replay(hub.settings, judging.rules(), rulebook.load(after)) as work:
        return list(work.run()), work


def told(found: list[Changed]) -> list[tuple[str, str, str, str | None]]:
    return [(each.type, each.recipient, each.before.verdict, each.after.code) for each in found]


async def test_the_same_rules_decide_every_message_as_before_though_the_consent_is_gone_since(hub: Hub) -> None:
    await play(hub)
    found, work = replay(hub, None)
    assert told(found) == []
    assert work.counts[Judged.WHOLE] == len(WAY) + 2
    assert not work.counts[Judged.COPIES]
    assert not work.counts[Judged.ERASED]


async def test_a_sender_that_is_none_any_more_is_named_with_the_rule_that_refuses_it(hub: Hub, tmp_path: Path) -> None:
    await play(hub)
    rules = changed_rules(tmp_path, "types.toml", 'senders = ["sd"]\nrefused', 'senders = ["utb"]\nrefused')
    found, _ = replay(hub, rules)
    (change,) = found
    assert told(found) == [("referral.submitted", "jt-sydost", "deliver", "SENDER_NOT_ALLOWED")]
    assert (change.before.rule, change.after.rule) == ("referral.submitted/jt", "referral.submitted/sender")


async def test_a_state_in_which_a_message_fits_no_more_is_found(hub: Hub, tmp_path: Path) -> None:
    """The case stands elsewhere today: it is judged as it stood then."""
    await play(hub)
    old = 'from = ["enrolled", "planning", "active", "under-review"]\ntype = "plan.proposed"'
    rules = changed_rules(tmp_path, "lifecycle.toml", old, old.replace('"enrolled", ', ""))
    found, _ = replay(hub, rules)
    assert told(found) == [("plan.proposed", "sd-farsta", "deliver", "STATE_CONFLICT")]


async def test_a_field_that_arrives_no_more_is_named_by_its_pointer(hub: Hub, tmp_path: Path) -> None:
    await play(hub)
    ceiling = '[ceiling.jt]\nID = "yes"\nCO = '
    found, _ = replay(hub, changed_rules(tmp_path, "categories.toml", f'{ceiling}"yes"', f'{ceiling}"no"'))
    (change,) = found
    assert (change.type, change.before.verdict, change.after.verdict) == ("referral.submitted", "deliver", "redact")
    assert set(change.after.withheld) - set(change.before.withheld) == {"/content/contact"}


@pytest.mark.parametrize("left", ["x''", "zeroblob(200)"])
async def test_where_a_body_is_gone_or_damaged_the_rest_of_its_case_is_judged_copy_by_copy(hub: Hub, left: str) -> None:
    await play(hub)
    with sqlite3.connect(hub.settings.data_dir / "hub.sqlite3") as connection:
        connection.execute(f"UPDATE messages SET sealed = {left} WHERE type = 'referral.submitted'")
    connection.close()
    found, work = replay(hub, None)
    assert told(found) == []
    assert (work.counts[Judged.ERASED], work.counts[Judged.COPIES]) == (1, 4)


async def test_the_command_shows_reasons_and_counts_and_nothing_of_the_person(hub: Hub, tmp_path: Path) -> None:
    await play(hub)
    rules = changed_rules(tmp_path, "types.toml", 'senders = ["sd"]\nrefused', 'senders = ["utb"]\nrefused')
    words = ["rules", "diff", "packaged", str(rules), "--replay", "--data-dir", str(hub.settings.data_dir)]
    shown = CliRunner().invoke(app, words, prog_name="samverkan")
    assert shown.exit_code == 1
    assert "referral.submitted -> jt-sydost: deliver referral.submitted/jt => refuse SENDER_NOT_ALLOWED" in shown.stdout
    assert "12 messages: 7 judged whole" in shown.stderr
    as_json = CliRunner().invoke(app, [*words, "--json"], prog_name="samverkan")
    past: dict[str, Any] = json.loads(as_json.stdout)["replay"]
    assert past["counts"]["changed_decisions"] == 1
    for output in (shown.output, as_json.output):
        assert persons.ASTA.number not in output
        assert persons.ASTA.family_name not in output


async def test_the_look_of_the_command_is_in_the_log_with_both_rulebooks(hub: Hub) -> None:
    await play(hub)
    words = ["rules", "diff", "packaged", "packaged", "--replay", "--data-dir", str(hub.settings.data_dir)]
    assert CliRunner().invoke(app, [*words, "--reason", "supervision"], prog_name="samverkan").exit_code == 0
    await hub.sweep.sweep()
    [entry] = [json.loads(row.entry) for row in hub.reader.list_audit(AuditQuery(limit=500)) if row.action == LOOKED]
    assert (entry["look"], entry["reason"]) == ("rules_replay", "supervision")
    assert entry["old"] == entry["new"] == judging.rules().digest
