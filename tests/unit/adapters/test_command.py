"""The command line: help, wrong use, and what a shell sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters import main
from adapters.filedrop import command, lock
from tests.unit.adapters.box import Box, shorthand
from tests.unit.adapters.fake_hub import delivery


@pytest.fixture
def call(box: Box, monkeypatch: pytest.MonkeyPatch) -> Caller:
    monkeypatch.setenv("SAMVERKAN_TOKEN", "token")
    monkeypatch.setattr(command, "HubClient", lambda *_, **__: Door(box))
    return Caller(box)


class Door:
    """Opens on the fake hub."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def __aenter__(self) -> object:
        return self._box.hub

    async def __aexit__(self, *_: object) -> None:
        return None


class Caller:
    def __init__(self, box: Box) -> None:
        self._box = box

    def __call__(self, **changes: str | None) -> Result:
        flags: dict[str, str | None] = {
            "unit": "sd-farsta",
            "hub": "http://127.0.0.1:8080",
            "in": str(self._box.watched),
            "out": str(self._box.target),
        }
        words = ["filedrop", "--once"]
        for name, value in (flags | {key.replace("_", "-"): value for key, value in changes.items()}).items():
            words += [] if value is None else [f"--{name}", value]
        return CliRunner().invoke(main.app, words)


def test_sends_fetches_and_ends(box: Box, call: Caller) -> None:
    box.put("a.json", shorthand())
    box.hub.deliveries = [delivery(1)]
    result = call()
    assert result.exit_code == 0, result.output
    assert "ended: sent 1 · refused 0 · bad 0 · handled 0 · received 1 · gone 0 · waiting 0" in result.stdout
    assert (box.watched / ".samverkan" / "salt").exists()


def test_ends_with_1_when_something_was_bad(box: Box, call: Caller) -> None:
    box.put("a.json", b"{")
    assert call().exit_code == 1


WRONG: dict[str, dict[str, str | None]] = {
    "no unit": {"unit": None},
    "a name for a unit": {"unit": "Farsta stadsdel"},
    "no address": {"hub": "127.0.0.1:8080"},
    "two tokens": {"token_file": "a", "token_command": "b"},
    "no command": {"token_command": "'"},
    "no pause": {"poll": "0"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_wrong_use_is_one_sentence_and_2(call: Caller, changes: dict[str, str | None]) -> None:
    result = call(**changes)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_no_token_is_wrong_use(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMVERKAN_TOKEN")
    result = call()
    assert result.exit_code == 2
    assert "SAMVERKAN_TOKEN" in result.stderr


@pytest.mark.parametrize("other", ["", "sent", "refused", "bad", ".samverkan"])
def test_folders_must_not_be_each_other(box: Box, call: Caller, other: str) -> None:
    assert call(out=str(box.watched / other)).exit_code == 2


def test_a_file_is_no_folder(box: Box, call: Caller) -> None:
    box.target.write_text("", encoding="utf-8")
    assert call().exit_code == 2


def test_a_second_adapter_is_told_so_in_one_line(box: Box, call: Caller) -> None:
    with lock.hold(box.state):
        result = call(state=str(box.state))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert box.hub.calls == []


def test_warns_of_plain_http_to_another_machine(call: Caller) -> None:
    assert "unprotected" in call(hub="http://hub.example").stdout
    assert "unprotected" not in call().stdout
    assert "unprotected" not in call(hub="https://hub.example").stdout


def test_credentials_in_the_address_are_not_shown(call: Caller) -> None:
    assert "hemligt" not in call(hub="https://me:hemligt@hub.example").output


def test_the_help_has_an_example_and_every_flag() -> None:
    result = CliRunner().invoke(main.app, ["filedrop", "--help"], env={"COLUMNS": "200"}, color=False)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    assert "Example: samverkan-adapter filedrop --unit sd-farsta" in plain
    for flag in ("--unit", "--hub", "--in", "--out", "--token-file", "--token-command", "--state", "--poll", "--once"):
        assert flag in plain
    assert "SAMVERKAN_TOKEN" in plain


def test_an_unforeseen_fault_shows_no_text_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("199001012385")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.run()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("Unexpected ValueError in ")
    assert "199001012385" not in told


def test_an_unusable_folder_shows_no_path(box: Box, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise PermissionError(13, "Permission denied", "/199001012385")

    monkeypatch.setattr(lock, "hold", fail)
    result = call()
    assert result.exit_code == 1
    assert result.stderr.strip() == "A folder cannot be used: Permission denied."
