"""The operator's scanner: a command that reads a file from standard input and says by its exit code what it is.

0 is clean, 1 is not; whatever else happens is no answer, and without one nothing is released (the codes of clamscan).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Protocol, Self

import structlog

log = structlog.get_logger()

CLEAN: Final = 0
INFECTED: Final = 1


class ScanUnanswered(Exception):
    """The scanner has not said whether the file is clean. Trying again may help."""


class Scan(Protocol):
    """One file under way through a scanner, as an asynchronous context manager."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def take(self, part: bytes) -> None: ...

    async def is_clean(self) -> bool:
        """After the last part. Raises `ScanUnanswered`."""


class NoScan:
    """Where the operator has set no scanner."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    async def take(self, part: bytes) -> None:
        return None

    async def is_clean(self) -> bool:
        return True


class CommandScan:
    """A process of its own for one file. It runs without a shell, with nothing of the file in its arguments, and ends
    with the context whatever happens."""

    def __init__(self, command: str, seconds: float) -> None:
        self._words = shlex.split(command)
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        nowhere, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        try:
            # It reads what strangers send: the hub's settings, passwords among them, are none of its business.
            environ = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERKAN_")}
            self._process = await asyncio.create_subprocess_exec(
                *self._words, stdin=pipe, stdout=nowhere, stderr=nowhere, env=environ
            )
        except OSError as fault:
            log.error("scanner_not_started", reason=type(fault).__name__)  # noqa: TRY400 - no traceback: expected
            raise ScanUnanswered from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process = self._running()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        await self._close_input()

    async def take(self, part: bytes) -> None:
        stream = self._running().stdin
        assert stream is not None
        # It may have seen enough: what it thinks stands in its exit code.
        with contextlib.suppress(ConnectionError, RuntimeError):
            async with self._in_time():
                stream.write(part)
                await stream.drain()

    async def is_clean(self) -> bool:
        async with self._in_time():
            await self._close_input()
            code = await self._running().wait()
        if code not in (CLEAN, INFECTED):
            log.error("scanner_failed", code=code)
            raise ScanUnanswered
        return code == CLEAN

    async def _close_input(self) -> None:
        stream = self._running().stdin
        assert stream is not None
        with contextlib.suppress(ConnectionError):
            stream.close()
            await stream.wait_closed()

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            log.error("scanner_too_slow", seconds=self._seconds)  # noqa: TRY400 - no traceback: expected
            raise ScanUnanswered from None

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process


class Scanner:
    """Begins scans: by `command`, which may take so many `seconds` for a part and for its answer."""

    def __init__(self, command: str | None, seconds: float) -> None:
        self._command = command
        self._seconds = seconds

    @property
    def is_set(self) -> bool:
        return self._command is not None

    def begin(self) -> Scan:
        return NoScan() if self._command is None else CommandScan(self._command, self._seconds)
