"""An operator erases, holds back, rotates and backs up from the command line, beside a running hub."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from hub import backup, clock
from tests.acceptance.test_dead_letters import Office, office
from tests.support import office as inside

__all__ = ["office"]


def advance(office: Office, days: int) -> None:
    """The hub's own clock; the operator's tokens are judged by it, too, so they come first."""
    office.hub.gallring._clock = clock.FixedClock(office.hub.clock.now() + timedelta(days=days))


async def test_a_dry_run_shows_what_and_why_and_a_hold_keeps_it(office: Office) -> None:
    case, delivery, _ = await inside.refer(office.hub)
    await office.hub.acknowledge(delivery, "jt-sydost")
    advance(office, 8)
    shown = json.loads((await office.run("retention", "run", "--dry-run", "--json")).stdout)
    assert shown["counts"] == {"delivered_body": 1}
    assert [(each["kind"], each["type"], each["held"]) for each in shown["items"]] == [
        ("delivered_body", "referral.submitted", False)
    ]
    held = await office.run("retention", "hold", case, "--reference", "dnr-2026-17")
    assert held.exit_code == 0, held.output
    assert case in (await office.run("retention", "holds")).stdout
    table = (await office.run("retention", "run", "--dry-run")).stdout
    assert "body, delivered" in table
    assert "1 held back." in table
    assert (await office.run("retention", "release", case)).exit_code == 0
    assert (await office.run("retention", "release", case)).exit_code == 1


async def test_a_run_leaves_its_protocol(office: Office) -> None:
    ran = await office.run("retention", "run")
    assert (ran.exit_code, ran.stdout) == (0, "In all: nothing.\n")
    protocol = json.loads((await office.run("retention", "protocol", "--json")).stdout)["items"]
    assert [(each["actor"], each["counts"]) for each in protocol] == [("staff:operator", {})]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("hold", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", "--reference", "dnr-1"), 1),
        (("hold", "not-an-id", "--reference", "dnr-1"), 2),
        (("hold", "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11", "--reference", "Anna Svensson"), 2),
    ],
)
async def test_a_hold_that_cannot_be_is_said_to_be_so(office: Office, words: tuple[str, ...], code: int) -> None:
    result = await office.run("retention", *words)
    assert result.exit_code == code, result.output


async def test_units_are_not_let_in(office: Office) -> None:
    unit = office.field.party("sd-farsta")
    for method, path in (("GET", "retention/due"), ("POST", "retention/runs"), ("POST", "keys/rotate")):
        assert (await unit.call(method, f"/v1/admin/{path}")).status in (401, 403)


async def test_the_key_is_rotated_and_the_backup_made_while_the_hub_answers(office: Office, tmp_path: Path) -> None:
    await inside.refer(office.hub)
    rotated = await office.run("key", "rotate", "--json")
    assert rotated.exit_code == 0, rotated.output
    assert json.loads(rotated.stdout)["keys"] >= 2
    made = await office.run_here("backup", str(tmp_path / "copy"), "--keys-to", str(tmp_path / "keys"))
    assert made.exit_code == 0, made.output
    restored = await office.run_here("restore", str(tmp_path / "copy"), at=tmp_path / "again")
    assert restored.exit_code == 0, restored.output
    assert (tmp_path / "again" / backup.DATABASE).exists()
    assert (await office.run_here("restore", str(tmp_path / "keys"), at=tmp_path / "other")).exit_code == 1
