"""Where the bearer token comes from: a variable, a file that somebody renews, or a command that makes one."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from schemas import strict_json

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}=*")
_COMMAND_SECONDS: Final = 30.0
# How long before its end a token is no longer used, and how long one is used that does not say when it ends.
_MARGIN_SECONDS: Final = 30.0
_UNKNOWN_SECONDS: Final = 60.0


class TokenUnavailable(Exception):
    """There is no token now. The text says why in a few words and never holds any of it."""


class TokenSource(Protocol):
    """Asked before every attempt of every call."""

    async def __call__(self) -> str: ...

    def forget(self) -> None:
        """The last token may be no good: the next one is to be a new one."""


class FixedToken:
    """A token that was given at the start."""

    def __init__(self, text: str) -> None:
        self._text = _check(text, "SAMVERKAN_TOKEN")

    async def __call__(self) -> str:
        return self._text

    def forget(self) -> None:
        """There is no other."""


class FileToken:
    """The token in a file, read anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self) -> str:
        try:
            text = self._path.read_text(encoding="ascii")
        except OSError as fault:
            raise TokenUnavailable(f"the token file cannot be read ({fault.strerror})") from None
        except UnicodeDecodeError:
            text = ""
        return _check(text, "the token file")

    def forget(self) -> None:
        """Nothing is kept."""


class CommandToken:
    """What a command writes on its standard output, kept until shortly before the token ends."""

    def __init__(self, command: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._command = command
        self._clock = clock
        self._kept: tuple[str, float] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> str:
        async with self._one_at_a_time:
            if self._kept is None or self._clock() >= self._kept[1]:
                token = _check(await self._ask(), "the token command")
                self._kept = (token, _use_until(token, self._clock()))
            return self._kept[0]

    def forget(self) -> None:
        self._kept = None

    async def _ask(self) -> str:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=nothing, stdout=pipe)
        except OSError as fault:
            raise TokenUnavailable(f"the token command cannot be started ({fault.strerror})") from None
        try:
            written, _ = await asyncio.wait_for(process.communicate(), _COMMAND_SECONDS)
        except TimeoutError:
            raise TokenUnavailable(f"the token command took longer than {_COMMAND_SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise TokenUnavailable(f"the token command ended with exit code {process.returncode}")
        return written.decode("ascii", "replace")


def _check(text: str, origin: str) -> str:
    token = text.strip()
    if _TOKEN.fullmatch(token) is None:
        raise TokenUnavailable(f"{origin} holds no bearer token")
    return token


def _use_until(token: str, at: float) -> float:
    """From the `exp` of a JWT (RFC 7519), which is not verified here: the hub does that."""
    unknown = at + _UNKNOWN_SECONDS
    parts = token.split(".")
    if len(parts) != 3:
        return unknown
    try:
        claims = strict_json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, strict_json.NotJson):
        return unknown
    ends = claims.get("exp") if isinstance(claims, dict) else None
    return float(ends) - _MARGIN_SECONDS if isinstance(ends, int | float) else unknown
