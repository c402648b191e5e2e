"""Where the bearer token comes from."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from adapters.filedrop.tokens import CommandToken, FileToken, FixedToken, TokenUnavailable


def jwt(ends: int) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": ends}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def counting_command(path: Path, token: str) -> list[str]:
    """Prints the token and a mark of how often it was asked."""
    program = (
        f"import pathlib; p = pathlib.Path({str(path)!r}); n = len(p.read_text()) if p.exists() else 0;"
        f"p.write_text('x' * (n + 1)); print({token!r})"
    )
    return [sys.executable, "-c", program]


async def test_a_token_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n", encoding="ascii")
    tokens = FileToken(path)
    assert await tokens() == "first"
    path.write_text("second\n", encoding="ascii")
    assert await tokens() == "second"


@pytest.mark.parametrize("content", [b"", b"two words", b"line\nbreak", "nyckel-å".encode()])
async def test_what_is_no_token_is_never_sent_nor_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(TokenUnavailable, match="the token file holds no bearer token"):
        await FileToken(path)()


async def test_a_missing_token_file_is_told_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(TokenUnavailable) as told:
        await FileToken(tmp_path / "token")()
    assert str(tmp_path) not in str(told.value)


def test_a_variable_without_a_token_is_refused_at_once() -> None:
    with pytest.raises(TokenUnavailable):
        FixedToken("two words")


async def test_a_commands_token_is_kept_until_shortly_before_it_ends(tmp_path: Path) -> None:
    now = [1000.0]
    asked = tmp_path / "asked"
    tokens = CommandToken(counting_command(asked, jwt(2000)), clock=lambda: now[0])
    assert await tokens() == await tokens() == jwt(2000)
    now[0] = 1969.0
    await tokens()
    assert len(asked.read_text(encoding="ascii")) == 1
    now[0] = 1971.0
    await tokens()
    assert len(asked.read_text(encoding="ascii")) == 2


async def test_a_token_that_does_not_say_when_it_ends_is_kept_a_minute(tmp_path: Path) -> None:
    now = [0.0]
    asked = tmp_path / "asked"
    tokens = CommandToken(counting_command(asked, "opaque"), clock=lambda: now[0])
    for at in (0.0, 59.0, 61.0):
        now[0] = at
        await tokens()
    assert len(asked.read_text(encoding="ascii")) == 2


async def test_a_forgotten_token_is_asked_for_again(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    tokens = CommandToken(counting_command(asked, "opaque"))
    await tokens()
    tokens.forget()
    await tokens()
    assert len(asked.read_text(encoding="ascii")) == 2


async def test_a_command_that_fails_or_is_not_there_gives_no_token() -> None:
    with pytest.raises(TokenUnavailable, match="exit code 3"):
        await CommandToken([sys.executable, "-c", "print('secret'); raise SystemExit(3)"])()
    with pytest.raises(TokenUnavailable, match="cannot be started"):
        await CommandToken(["/no/such/command"])()
