"""The file drop against a hub that runs: folder to hub to folder, as two case systems see it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.adapters.town import NUMBER, Town, example, open_town, withdrawal

REFUSED_AND_BAD = 1


class CaseSystem:
    """One unit's two folders and its adapter as a process of its own."""

    def __init__(self, town: Town, unit: str, root: Path) -> None:
        self.town = town
        self.unit = unit
        self.watched = root / unit / "in"
        self.target = root / unit / "out"
        self.watched.mkdir(parents=True)
        self._second = 0

    def put(self, name: str, content: object) -> None:
        self._second += 1
        draft = self.watched / f"{name}.tmp"
        draft.write_text(json.dumps(content), encoding="utf-8")
        os.utime(draft, (self._second, self._second))
        draft.rename(self.watched / name)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        flags = ["--unit", self.unit, "--hub", self.town.url, "--in", str(self.watched), "--out", str(self.target)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.main", "filedrop", *flags, *words),
            env={**os.environ, "SAMVERKAN_TOKEN": self.town.token(self.unit)},
            cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run_once(self) -> tuple[int | None, str]:
        process = await self.start("--once")
        written, _ = await process.communicate()
        return process.returncode, written.decode()

    def sent(self, stem: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.watched / f"sent/{stem}.receipt.json").read_bytes())
        return document

    def received(self) -> list[Path]:
        return sorted(self.target.iterdir())


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path / "hub") as opened:
        yield opened


@pytest.fixture
def stadsdel(town: Town, tmp_path: Path) -> CaseSystem:
    return CaseSystem(town, "sd-farsta", tmp_path)


@pytest.fixture
def jobbtorg(town: Town, tmp_path: Path) -> CaseSystem:
    return CaseSystem(town, "jt-sydost", tmp_path)


async def test_a_referral_goes_from_folder_to_folder_and_its_outcome_back(
    stadsdel: CaseSystem, jobbtorg: CaseSystem
) -> None:
    stadsdel.put("samtycke.json", example("consent.recorded"))
    stadsdel.put(f"anvisning {NUMBER}.json", example("referral.submitted"))
    code, told = await stadsdel.run_once()
    assert code == 0, told
    assert NUMBER not in told
    receipt = stadsdel.sent(f"anvisning {NUMBER}")
    assert [row["unit"] for row in receipt["recipients"]] == ["jt-sydost"]

    code, told = await jobbtorg.run_once()
    assert code == 0, told
    events = [json.loads(path.read_bytes()) for path in jobbtorg.received()]
    (referral,) = [event for event in events if event["type"] == "se.samverkan.referral.submitted"]
    assert referral["id"] == receipt["id"]
    assert referral["data"]["person"]["given_name"] == "Asta"

    jobbtorg.put(f"{referral['deliveryid']}.handled.json", {"outcome": "handled", "note": "Tack"})
    code, told = await jobbtorg.run_once()
    assert code == 0, told
    assert len(jobbtorg.received()) == len(events)
    async with stadsdel.town.client("sd-farsta") as client:
        message = await client.message(receipt["id"])
    assert [(row.state, row.outcome, row.note) for row in message.recipients] == [("handled", "handled", "Tack")]


async def test_what_the_hub_refuses_lies_in_refused_with_the_reason(stadsdel: CaseSystem) -> None:
    stadsdel.put("a.json", example("referral.submitted"))
    stadsdel.put("b.json", {"type": "referral.submitted", "data": {"person": {"personal_number": NUMBER}}})
    stadsdel.put("c.json", [NUMBER])
    code, told = await stadsdel.run_once()
    assert code == REFUSED_AND_BAD
    codes = {
        name: json.loads((stadsdel.watched / name).read_bytes())["code"]
        for name in ("refused/a.problem.json", "refused/b.problem.json", "bad/c.problem.json")
    }
    assert codes["refused/a.problem.json"].startswith("CONSENT_")
    assert codes["refused/b.problem.json"] == "SCHEMA_INVALID"
    assert codes["bad/c.problem.json"] == "NOT_AN_EVENT"
    assert NUMBER not in told


async def test_a_withdrawn_consent_keeps_the_body_out_of_the_folder(stadsdel: CaseSystem, jobbtorg: CaseSystem) -> None:
    stadsdel.put("a.json", example("consent.recorded"))
    stadsdel.put("b.json", example("referral.submitted"))
    stadsdel.put("c.json", withdrawal())
    code, told = await stadsdel.run_once()
    assert code == 0, told
    code, told = await jobbtorg.run_once()
    assert code == 0, told
    assert " gone 0 " in told, "a stopped copy is not even announced any more"
    assert not [path for path in jobbtorg.received() if "referral.submitted" in path.name]


async def test_follows_both_ways_and_ends_when_asked(stadsdel: CaseSystem, jobbtorg: CaseSystem) -> None:
    process = await jobbtorg.start("--poll", "0.1")
    assert process.stdout is not None
    assert await process.stdout.readline()
    stadsdel.put("a.json", example("consent.recorded"))
    stadsdel.put("b.json", example("referral.submitted"))
    code, told = await stadsdel.run_once()
    assert code == 0, told
    while b"received referral.submitted" not in (line := await process.stdout.readline()):
        assert line, "the adapter ended by itself"
    process.send_signal(signal.SIGTERM)
    rest, _ = await process.communicate()
    assert process.returncode == 0
    assert rest.decode().splitlines()[-1].startswith("ended: sent 0")


@pytest.mark.slow
async def test_without_a_hub_the_file_stays_and_the_answer_is_no(stadsdel: CaseSystem) -> None:
    stadsdel.put("a.json", example("referral.submitted"))
    stadsdel.town.url = "http://127.0.0.1:1"
    code, told = await stadsdel.run_once()
    assert code == REFUSED_AND_BAD
    assert "waiting, nothing is lost" in told
    assert (stadsdel.watched / "a.json").exists()
