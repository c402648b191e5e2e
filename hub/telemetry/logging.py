"""Logs: one JSON object per line on standard output, or readable lines on a terminal. One way out for
everything.

Our own events are names with fields. Records of other libraries go the same way, but stripped: their texts
are written by people who do not know what our values are, so only the template of a text is kept, never its
arguments. Of an exception only its type and where it arose is told; its text only when its class is ours.

Where the lines can not be written, on a full disk for instance, they are lost and the hub goes on: what has to be kept
is in the audit log. How many were lost is told by the next line that can be written.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from hub.telemetry import context, redaction

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]

_OUR_PACKAGES: Final = frozenset({"schemas", "routing", "hub", "adapters"})
_MOST_FRAMES: Final = 20
_MOST_CAUSES: Final = 8
_VALUE_BEGINS: Final = re.compile(r"[\n(<\[{'\"`=:]")
_FIRST: Final = ("time", "level", "event", "request_id", "trace_id")
_COLOURS: Final = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}


def configure(level: Level, format: Format = "auto", stream: BinaryIO | None = None) -> None:
    """Sends every log of this process to `stream` (standard output). Calling again replaces what was set
    before.

    `auto` is for a person when the stream is a terminal, else JSON. Exceptions that nobody caught are logged
    too, instead of being printed with their values.
    """
    out = stream if stream is not None else sys.stdout.buffer
    writer = _Writer(out, readable=format == "console" or (format == "auto" and out.isatty()))
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[_name_level, writer.write_event],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_Sink,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_StandardHandler(writer)]
    # What libraries tell below a warning is about themselves; whoever looks for a fault in them asks for
    # debug.
    root.setLevel(threshold if level == "debug" else max(threshold, logging.WARNING))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _Sink:
    """What structlog would print to. Everything has been written when it gets here."""

    def __init__(self, *_name: object) -> None:
        """Libraries give the name of their logger."""

    def msg(self, *_: object, **__: object) -> None:
        return None

    debug = info = warning = error = critical = exception = fatal = log = msg


class _Writer:
    """Turns an event into one line and writes it whole."""

    def __init__(self, stream: BinaryIO, *, readable: bool) -> None:
        self._stream = stream
        self._readable = readable
        self._coloured = readable and stream.isatty()
        self._lock = threading.Lock()
        self._flushed_by: asyncio.AbstractEventLoop | None = None
        self._lost = 0

    def write_event(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The last structlog processor."""
        self.write(event)
        raise structlog.DropEvent

    def write(self, event: Mapping[str, Any]) -> None:
        fields = _arrange(event)
        line = _as_text(fields, coloured=self._coloured) if self._readable else orjson.dumps(fields)
        lost = self._put(line)
        if lost:
            self.write({"event": "log_lines_lost", "level": "error", "lines": lost})
        if event.get("level") != "info" or not self._flushes_soon():
            self._flush()

    def _put(self, line: bytes) -> int:
        """How many lines before this one were lost; this one counts when it is lost, too."""
        with self._lock:
            try:
                self._stream.write(line + b"\n")
            except OSError:
                self._lost += 1
                return 0
            lost, self._lost = self._lost, 0
            return lost

    def _flushes_soon(self) -> bool:
        """True inside an event loop: a commit group answers many requests in one turn of it, and their lines go out
        together at its end. Elsewhere no later moment is sure to come."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._flushed_by is not loop:
            self._flushed_by = loop
            loop.call_soon(self._flush)
        return True

    def _flush(self) -> None:
        self._flushed_by = None
        with self._lock:
            if not self._stream.closed:
                with contextlib.suppress(OSError):  # the stream keeps it, and the next flush tries again
                    self._stream.flush()


class _StandardHandler(logging.Handler):
    """Takes what other libraries log. Never formats a record: its arguments may hold anything."""

    def __init__(self, writer: _Writer) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.write(
                {
                    "event": "library_log",
                    "level": record.levelname.lower(),
                    "logger": record.name,
                    "text": _template_of(record),
                    "exc_info": record.exc_info,
                }
            )
        except (OSError, ValueError, TypeError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """The standard one prints the record with its arguments to standard error."""
        sys.stderr.write(f"a log record of level {record.levelno} could not be written\n")


def _template_of(record: logging.LogRecord) -> str | None:
    """The beginning of the text before its arguments are filled in.

    Some libraries fill their texts themselves (asyncio: `Exception in callback f('...')`), so it ends where a
    value could begin."""
    if not isinstance(record.msg, str):
        return None
    return _VALUE_BEGINS.split(record.msg, maxsplit=1)[0].strip()[:200]


def _name_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["level"] = "error" if method == "exception" else method
    return event


def _arrange(event: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON data in reading order, cleaned: time, level, event, request, trace, the event's own
    fields."""
    fields: dict[str, Any] = dict.fromkeys(_FIRST)
    running = context.current()
    if running is not None:
        fields["request_id"] = running.request_id
        fields["trace_id"] = running.trace.trace_id
    for name, value in event.items():
        if name != "exc_info" and value is not None:
            fields[_clean_name(name)] = redaction.clean(value)
    fields["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    error = _exception_of(event.get("exc_info"))
    if error is not None:
        fields["exception"] = redaction.clean(describe_exception(error))
    return {name: value for name, value in fields.items() if value is not None}


@functools.lru_cache(maxsize=512)
def _clean_name(name: str) -> str:
    """Names of fields stand in the code, so they are few."""
    return redaction.clean_text(str(name))


def describe_exception(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes, the nearest first: types and places. No value that a stranger's text may
    hold."""
    told: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(told) < _MOST_CAUSES:
        told.append(_describe_one(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return told


def _describe_one(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    one: dict[str, Any] = {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "at": _places(error.__traceback__),
    }
    if kind.__module__.partition(".")[0] in _OUR_PACKAGES:
        one["text"] = str(error)
    if isinstance(error, BaseExceptionGroup):
        one["of"] = [_describe_one(inner) for inner in error.exceptions[:_MOST_CAUSES]]
    return one


def _places(traceback: TracebackType | None) -> list[str]:
    """Where it passed, outermost first; of a long way only the inner end."""
    places = [
        f"{'/'.join(PurePath(frame.f_code.co_filename).parts[1:][-3:])}:{line} {frame.f_code.co_name}"
        for frame, line in walk_tb(traceback)
    ]
    return places[-_MOST_FRAMES:]


def _exception_of(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _as_text(fields: dict[str, Any], *, coloured: bool) -> bytes:
    """`time level event name=value ...`, the only escape codes being our own."""
    level = str(fields.get("level", "info"))
    event = str(fields.get("event", ""))
    head = f"{fields['time'][11:23]} {level:<8} {event}"
    if coloured:
        head = f"\x1b[{_COLOURS.get(level, '0')}m{head}\x1b[0m"
    rest = {name: value for name, value in fields.items() if name not in ("time", "level", "event")}
    return " ".join([head, *(f"{name}={_shown(value)}" for name, value in rest.items())]).encode()


def _shown(value: object) -> str:
    """A plain word as it stands, anything else as JSON, so that no value can look like a further field."""
    if isinstance(value, str) and value and not set(value) & set(' "=\\'):
        return value
    return orjson.dumps(value).decode()


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("uncaught_exception", exc_info=error.with_traceback(traceback))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        structlog.get_logger().critical("uncaught_exception", exc_info=args.exc_value)
