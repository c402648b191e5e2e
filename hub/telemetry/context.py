"""Which request and which trace the running code belongs to (W3C Trace Context, level 1)."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import Final

from schemas.frozen import dataclass, replace

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 0x01


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace. `span_id` is the parent of whatever is called from here."""

    trace_id: str
    span_id: str
    sampled: bool

    def child(self) -> Trace:
        """The same trace, one step further in."""
        return replace(self, span_id=_random_id(8))

    def traceparent(self) -> str:
        """The header to pass on. Flags other than `sampled` are not known to this version, so they are
        dropped."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


@dataclass(frozen=True, slots=True)
class Context:
    request_id: str
    trace: Trace


_current: ContextVar[Context | None] = ContextVar("hub_context", default=None)


def parse_traceparent(header: str | None) -> Trace | None:
    """The caller's place in its trace; None when there is no header, or one that must be ignored."""
    match = _TRACEPARENT.fullmatch(header) if header else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def start_trace() -> Trace:
    """A trace that begins here."""
    return Trace(_random_id(16), _random_id(8), sampled=False)


def make_request_id() -> str:
    """A name for one request. Never taken from the caller, who could put anything into it."""
    return _random_id(16)


def entered(traceparent: str | None = None, *, request_id: str | None = None) -> AbstractContextManager[Context]:
    """The context of one request, for everything that runs inside the block, tasks started there included."""
    parent = parse_traceparent(traceparent)
    return _Entered(Context(request_id or make_request_id(), parent.child() if parent else start_trace()))


class _Entered:
    # A class, since a generator costs three times as much and every request enters one.
    __slots__ = ("_context", "_token")
    _token: Token[Context | None]

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        self._token = _current.set(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def current() -> Context | None:
    return _current.get()


def _random_id(size: int) -> str:
    text = os.urandom(size).hex()
    return text if text.strip("0") else _random_id(size)
