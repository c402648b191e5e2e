"""Asking witnesses: each new checkpoint is shown to them before it is published, with the proof that it continues.

A witness that is away holds nothing up for long: after five seconds the checkpoint is published with whoever has
answered, and the one that has not is asked again with a later checkpoint. The metric of its lag tells of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import structlog

from hub import bounded
from hub.audit import notes
from hub.audit.checkpoints import Checkpoint
from hub.audit.notes import NoteWrong
from hub.audit.policy import NamedWitness
from hub.audit.witness import Request
from hub.clock import Clock

log = structlog.get_logger()

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
PAUSE: Final = timedelta(seconds=30)
_LARGEST_ANSWER: Final = 20_000

Prove = Callable[[int, int], Awaitable[Sequence[bytes]]]
"""The proof that the log of the second size continues that of the first (RFC 9162 2.1.4)."""


@dataclass(slots=True)
class _Known:
    """How far a witness has come, as far as it has told."""

    size: int = 0
    not_before: datetime | None = None


class Witnesses:
    """Those that this log asks."""

    def __init__(self, witnesses: Sequence[NamedWitness], clock: Clock) -> None:
        self._witnesses = [witness for witness in witnesses if witness.url is not None]
        self._clock = clock
        self._known = {witness.name: _Known() for witness in self._witnesses}

    def __bool__(self) -> bool:
        return bool(self._witnesses)

    def lags(self, size: int) -> dict[str, int]:
        """How many entries each has not cosigned yet."""
        return {name: max(0, size - known.size) for name, known in self._known.items()}

    def is_lagging(self, size: int) -> bool:
        """True when one that may be asked now has not cosigned this size."""
        at = self._clock.now()
        return any(self._may_ask(known, at) and known.size < size for known in self._known.values())

    async def cosign(self, checkpoint: Checkpoint, note: str, prove: Prove) -> list[str]:
        """Signature lines of those that have cosigned this very checkpoint. Raises what `prove` raises."""
        at = self._clock.now()
        asked = [witness for witness in self._witnesses if self._may_ask(self._known[witness.name], at)]
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            answers = await asyncio.gather(*(self._ask(session, witness, checkpoint, note, prove) for witness in asked))
        return [line for lines in answers for line in lines]

    def _may_ask(self, known: _Known, at: datetime) -> bool:
        return known.not_before is None or known.not_before <= at

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        witness: NamedWitness,
        checkpoint: Checkpoint,
        note: str,
        prove: Prove,
    ) -> list[str]:
        known = self._known[witness.name]
        try:
            status, body = await self._post(session, witness, await _request(known.size, checkpoint, note, prove))
            if status == 409:  # it knows another size than we believed
                known.size = _read_size(body)
                status, body = await self._post(session, witness, await _request(known.size, checkpoint, note, prove))
            lines = _cosignatures(status, body, witness, checkpoint)
        except (aiohttp.ClientError, TimeoutError, NoteWrong) as fault:
            known.not_before = self._clock.now() + PAUSE
            log.warning("witness_absent", witness=witness.name, reason=str(fault) or type(fault).__name__)
            return []
        known.size, known.not_before = checkpoint.size, None
        return lines

    async def _post(self, session: aiohttp.ClientSession, witness: NamedWitness, request: Request) -> tuple[int, str]:
        body = request.text.encode()
        async with session.post(f"{witness.url}/add-checkpoint", data=body, allow_redirects=False) as response:
            try:
                return response.status, (await bounded.read(response, _LARGEST_ANSWER)).decode("utf-8", "replace")
            except bounded.TooLong:
                raise NoteWrong("its answer is too long") from None


async def _request(old: int, checkpoint: Checkpoint, note: str, prove: Prove) -> Request:
    if old > checkpoint.size:
        raise NoteWrong("it has seen more of the log than there is")
    return Request(old, tuple(await prove(old, checkpoint.size)), note)


def _read_size(body: str) -> int:
    text = body.removesuffix("\n")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NoteWrong("it answers 409 without a size")
    return int(text)


def _cosignatures(status: int, body: str, witness: NamedWitness, checkpoint: Checkpoint) -> list[str]:
    """Those lines of the answer that are this witness's and hold. Raises `NoteWrong`."""
    if status != 200:
        raise NoteWrong(f"it answers {status}")
    note = notes.join(checkpoint.text, [body])
    notes.open_note(note, [witness.verifier])
    lines = notes.split(note)[1]
    return [line for line in lines if line.startswith(f"\u2014 {witness.verifier.name} ")]
