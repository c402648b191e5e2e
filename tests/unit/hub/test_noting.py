"""What is done with the data directory beside the hub is in the log: soon where it runs, else before it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub import backup
from hub.audit import noting
from hub.audit.entry import AuditAction
from hub.audit.noting import Note, Notebook, NotNoted
from hub.cli import looking
from hub.commit_group import CommitGroup
from hub.identity.reasons import Reason
from hub.service import Hub
from hub.store.port import StoreUnavailable
from hub.store.records import AuditQuery
from tests.support import judging
from tests.unit.hub.test_rotation import rebuild

CASE = "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
LOOK = looking.look("log_search", Reason("complaint", "2026-117"), {"by": ["case"]}, case_id=CASE)


def entries(hub: Hub, *actions: AuditAction) -> list[dict[str, Any]]:
    rows = hub.reader.list_audit(AuditQuery(limit=500))
    return [json.loads(row.entry) for row in rows if row.action in {each.value for each in actions}]


def notes(hub: Hub) -> list[str]:
    return [path.suffix for path in (hub.settings.data_dir / noting.FOLDER).iterdir()]


async def test_the_next_sweep_enters_a_look_with_its_reason_and_when_it_was(hub: Hub) -> None:
    Notebook(hub.settings.data_dir).write(LOOK, judging.NOON)
    await hub.sweep.sweep()
    [entry] = entries(hub, AuditAction.STAFF_LOOKED)
    assert (entry["actor"], entry["look"], entry["by"]) == ("staff:operator", "log_search", ["case"])
    assert (entry["reason"], entry["reference"], entry["noted"]) == ("complaint", "2026-117", entry["t"])
    assert [row.case_id for row in hub.reader.list_audit(AuditQuery(case_id=CASE))] == [CASE]
    assert notes(hub) == []
    await hub.sweep.sweep()
    assert len(entries(hub, AuditAction.STAFF_LOOKED)) == 1


async def test_a_hub_that_starts_enters_what_was_noted_without_it(hub: Hub) -> None:
    await hub.close()
    notebook = Notebook(hub.settings.data_dir)
    notebook.write(LOOK, judging.NOON)
    notebook.write(Note(AuditAction.LOG_EXPORTED, {"look": "log", "form": "csv", "reason": "incident"}), judging.NOON)
    # One that a hub had begun with when it crashed.
    [first, _] = sorted((hub.settings.data_dir / noting.FOLDER).iterdir())
    first.rename(first.with_suffix(".taken"))
    again = rebuild(hub.settings.data_dir)
    await again.open()
    assert len(entries(again, AuditAction.STAFF_LOOKED)) == 1
    [exported] = entries(again, AuditAction.LOG_EXPORTED)
    assert (exported["form"], exported["reason"]) == ("csv", "incident")
    await again.close()


async def test_every_backup_is_in_the_log(hub: Hub, tmp_path: Path) -> None:
    backup.make(hub.settings.data_dir, tmp_path / "copy", judging.NOON, keys_to=tmp_path / "keys")
    await hub.sweep.sweep()
    assert [entry["keys"] for entry in entries(hub, AuditAction.BACKUP_MADE)] == [True]


async def test_what_is_no_note_is_put_aside_and_holds_up_no_other(hub: Hub) -> None:
    folder = hub.settings.data_dir / noting.FOLDER
    folder.mkdir()
    forged = {"action": "consent_recorded", "detail": {}, "message_id": None, "case_id": None, "unit": None}
    (folder / "0.note").write_text("no JSON")
    (folder / "1.note").write_text(json.dumps(forged))
    (folder / "2.note").write_text(json.dumps({**forged, "action": "staff_looked", "detail": {"A": 1}}))
    Notebook(hub.settings.data_dir).write(LOOK, judging.NOON)
    await hub.sweep.sweep()
    assert len(entries(hub, AuditAction.STAFF_LOOKED)) == 1
    assert entries(hub, AuditAction.CONSENT_RECORDED) == []
    assert notes(hub) == [".refused"] * 3


async def test_what_the_log_cannot_take_stays(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: CommitGroup, command: object) -> None:
        raise StoreUnavailable("full")

    notebook = Notebook(hub.settings.data_dir)
    notebook.write(LOOK, judging.NOON)
    with monkeypatch.context() as broken:
        broken.setattr(CommitGroup, "submit", refuse)
        with pytest.raises(StoreUnavailable):
            await notebook.enter(hub.group)
    assert notes(hub) == [".note"]
    await notebook.enter(hub.group)
    assert len(entries(hub, AuditAction.STAFF_LOOKED)) == 1


def test_where_no_note_can_be_left_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotNoted, match="noted"):
        Notebook(tmp_path / "nothing").write(LOOK, judging.NOON)
    (tmp_path / noting.FOLDER).write_text("in the way")
    with pytest.raises(NotNoted, match="noted"):
        Notebook(tmp_path).write(LOOK, judging.NOON)


def test_a_backup_that_cannot_be_noted_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / backup.DATABASE).write_bytes(b"")
    (tmp_path / "data" / noting.FOLDER).write_text("in the way")
    with pytest.raises(backup.BackupWrong, match="noted"):
        backup.make(tmp_path / "data", tmp_path / "copy", judging.NOON)
    assert not list((tmp_path / "copy").iterdir())
