import asyncio
import contextlib
import io
import json
import logging
import re
import sys
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath

import pytest
import structlog

from hub.audit.entry import AuditAction
from hub.telemetry import context, metrics, redaction
from hub.telemetry import logging as telemetry
from routing.refusals import RefusalCode

NUMBER = "199001012385"
FORMS = [
    "199001012385",
    "19900101-2385",
    "19900101 2385",
    "900101-2385",
    "900101+2385",
    "9001012385",
    "1990-01-01-2385",
    "1990 01 01 2385",
    "1990/01/01 2385",
    "19900101\u20132385",
    "19900101%2D2385",
    "19900101%202385",
    "202601612381",  # samordningsnummer: the day is counted from 61
    "189001019803",  # the check digit is wrong; it is still somebody's
]
STEERING = ["\n", "\r", "\x1b[31m", "\x00", "\x7f", "\x9b", "\u2028", "\u202e", "\u200b", "\ud800", "\t"]


class Stream(io.BytesIO):
    def __init__(self, *, terminal=False):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal

    @property
    def lines(self):
        return self.getvalue().decode().split("\n")[:-1]

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    kept = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    yield
    root.handlers[:], level, sys.excepthook, threading.excepthook = kept
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream():
    found = Stream()
    telemetry.configure("info", "json", found)
    return found


@pytest.fixture
def log():
    return structlog.get_logger()


class OurFault(Exception):
    """Stands for an exception class of ours."""


OurFault.__module__ = "hub.store.port"


def raised(error):
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_one_event_is_one_line_of_json(stream, log):
    log.info("message_accepted", type="referral.submitted", status=202, seconds=0.01)
    (event,) = stream.events
    assert list(event) == ["time", "level", "event", "type", "status", "seconds"]
    assert event | {"time": ""} == {
        "time": "",
        "level": "info",
        "event": "message_accepted",
        "type": "referral.submitted",
        "status": 202,
        "seconds": 0.01,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])


def test_the_time_is_utc(stream, log):
    log.info("hub_started", time="a field cannot stand in for it")
    told = datetime.fromisoformat(stream.events[0]["time"])
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


def test_less_than_the_level_is_not_written(log):
    stream = Stream()
    telemetry.configure("warning", "json", stream)
    log.info("unheard")
    log.warning("heard")
    assert [event["event"] for event in stream.events] == ["heard"]


def test_events_carry_request_and_trace(stream, log):
    with context.entered("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") as running:
        log.info("inside")
    log.info("outside")
    inside, outside = stream.events
    assert inside["request_id"] == running.request_id
    assert inside["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "request_id" not in outside


def test_configuring_again_replaces(stream, log):
    other = Stream()
    telemetry.configure("info", "json", other)
    log.info("once")
    logging.getLogger("x").warning("twice")
    assert stream.lines == []
    assert len(other.lines) == 2


@pytest.mark.parametrize(("terminal", "format", "is_json"), [(False, "auto", True), (True, "auto", False)])
def test_auto_asks_whether_there_is_a_terminal(log, terminal, format, is_json):
    stream = Stream(terminal=terminal)
    telemetry.configure("info", format, stream)
    log.info("hub_started", port=8080)
    assert stream.lines[0].startswith("{") is is_json
    assert ("\x1b[" in stream.lines[0]) is terminal


def test_console_lines_are_readable(log):
    stream = Stream()
    telemetry.configure("info", "console", stream)
    log.info("hub_started", host="::1", port=8080, note='a "b" c=d')
    assert re.fullmatch(
        r'\d\d:\d\d:\d\d\.\d{3} info     hub_started host=::1 port=8080 note="a \\"b\\" c=d"', stream.lines[0]
    )


# -- no personal number ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", ["{}", "se {} idag", "x{}y", "/cases/{}/log", "pnr={},"])
def test_a_personal_number_never_gets_out(stream, log, form, text):
    log.info("slip", field=text.format(form), nested={"list": [text.format(form)], text.format(form): 1})
    log.info(text.format(form))
    told = stream.getvalue().decode()
    assert form not in told
    assert told.count(redaction.NUMBER) == 4


def test_a_personal_number_as_a_whole_number_never_gets_out(stream, log):
    log.info("slip", a=199001012385, b=9001012385)
    assert stream.events[0]["a"] == stream.events[0]["b"] == redaction.NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "0b6e1f5a-3c52-4a0e-9d59-199001012385",
        "19900101-2385-4385-8385-199001012385",
        "1990010123851990" * 2,
        "sha256:" + "1990010123850000" * 4,
        "00f067aa0ba902b7",
        "2026-02-02T09:00:00.123Z",
        "2026-02-02",
        "8080",
        "1.25.0",
        "referral.submitted/jt",
        "4711-1234567",
    ],
)
def test_ids_digests_and_times_stay_whole(text):
    assert redaction.clean_text(text) == text


def test_every_name_that_the_hub_logs_stays_whole():
    for name in [*AuditAction, *RefusalCode]:
        assert redaction.clean(name) == name.value


@pytest.mark.parametrize("form", FORMS)
def test_the_console_hides_personal_numbers_too(log, form):
    stream = Stream()
    telemetry.configure("info", "console", stream)
    log.info("slip", field=form)
    assert form not in stream.getvalue().decode()


# -- no injection ----------------------------------------------------------------------------------


@pytest.mark.parametrize("char", STEERING)
@pytest.mark.parametrize("format", ["json", "console"])
def test_no_character_steers_the_reader(log, char, format):
    stream = Stream()
    telemetry.configure("info", format, stream)
    event, text = f"a{char}b", f"text{char}more"
    log.info(event, field=f"x{char}12:00:00 error forged", **{f"n{char}m": 1})
    logging.getLogger(f"lib{char}rary").warning(text)
    assert len(stream.lines) == 2
    for line in stream.lines:
        assert line.isprintable()
        if format == "json":
            assert all(isinstance(text, int) or text.isprintable() for text in json.loads(line).values())


def test_a_value_cannot_look_like_a_field(log):
    stream = Stream()
    telemetry.configure("info", "console", stream)
    log.info("refused", unit="x level=error event=forged", other='"', empty="")
    assert 'unit="x level=error event=forged"' in stream.lines[0]
    assert stream.lines[0].endswith('other="\\"" empty=""')


# -- nothing of unknown objects --------------------------------------------------------------------


def test_values_of_known_kinds_keep_their_form():
    class Colour(Enum):
        RED = "red"

    values = [None, True, 1, 0.5, "Åsa", date(2026, 2, 2), datetime(2026, 2, 2, 9, tzinfo=UTC), Colour.RED]
    assert redaction.clean(values) == [
        None,
        True,
        1,
        0.5,
        "Åsa",
        "2026-02-02",
        "2026-02-02T09:00:00+00:00",
        "red",
    ]
    some_id = uuid.UUID("0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11")
    assert redaction.clean((some_id, PurePosixPath("/srv/hub"), {1})) == [str(some_id), "/srv/hub", [1]]


def test_an_object_of_an_unknown_class_is_only_named(stream, log):
    @dataclass
    class Person:
        name: str

    log.info("slip", person=Person("Asta Provberg"), raw=b"Asta Provberg", fault=ValueError("Asta Provberg"))
    assert "Asta" not in stream.getvalue().decode()
    assert stream.events[0]["person"] == "<Person>"


def test_deep_and_huge_values_do_not_stop_the_log(stream, log):
    deep = []
    for _ in range(5000):
        deep = [deep]
    log.info("slip", deep=deep, huge=10**400, nan=float("nan"))
    assert len(stream.events) == 1


# -- exceptions ------------------------------------------------------------------------------------


def test_a_foreign_exception_is_told_by_type_and_place_only(stream, log):
    secret = "Asta Provberg 199001012385"  # a local variable, and the exception's text

    def handler():
        raise KeyError(secret)

    try:
        handler()
    except KeyError:
        log.exception("request_failed")
    (event,) = stream.events
    (told,) = event["exception"]
    assert event["level"] == "error"
    assert told["type"] == "builtins.KeyError"
    assert re.fullmatch(r"unit/hub/test_telemetry\.py:\d+ handler", told["at"][-1])
    assert "Asta" not in stream.getvalue().decode()
    assert "secret" not in stream.getvalue().decode()


def test_the_text_of_our_own_exception_is_told_and_still_cleaned(stream, log):
    log.error("store_failed", exc_info=raised(OurFault(f"disk I/O error {NUMBER}")))
    assert stream.events[0]["exception"][0]["text"] == "disk I/O error [number]"


def test_causes_are_told_nearest_first_and_as_little(stream, log):
    try:
        try:
            raise ValueError("Asta Provberg")
        except ValueError as cause:
            raise OurFault("no") from cause
    except OurFault:
        log.exception("failed")
    assert [one["type"] for one in stream.events[0]["exception"]] == [
        "hub.store.port.OurFault",
        "builtins.ValueError",
    ]
    assert "Asta" not in stream.getvalue().decode()


def test_a_cause_that_was_hidden_stays_hidden(stream, log):
    try:
        try:
            raise ValueError
        except ValueError:
            raise OurFault from None
    except OurFault:
        log.exception("failed")
    assert len(stream.events[0]["exception"]) == 1


def test_groups_and_notes_tell_no_values(stream, log):
    inner = ValueError("Asta Provberg")
    inner.add_note("Asta Provberg")
    log.error("failed", exc_info=raised(ExceptionGroup("Asta Provberg", [inner, OurFault("no")])))
    (told,) = stream.events[0]["exception"]
    assert [one["type"] for one in told["of"]] == ["builtins.ValueError", "hub.store.port.OurFault"]
    assert "Asta" not in stream.getvalue().decode()


def test_a_circle_of_causes_ends(stream, log):
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    log.error("failed", exc_info=one)
    assert len(stream.events[0]["exception"]) == 8


def test_what_nobody_caught_is_logged_without_its_text(stream, capsys):
    sys.excepthook(ValueError, raised(ValueError("Asta Provberg")), None)
    thread = threading.Thread(target=lambda: int("Asta Provberg"))
    thread.start()
    thread.join()
    assert [event["event"] for event in stream.events] == ["uncaught_exception"] * 2
    assert "Asta" not in stream.getvalue().decode() + capsys.readouterr().err


# -- other libraries -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["aiohttp.access", "aiohttp.server", "sqlalchemy.engine.Engine", "alembic", "asyncio"]
)
def test_records_of_libraries_go_the_same_way_without_their_values(stream, name):
    logging.getLogger(name).error("Unhandled message %r from %s", "Asta Provberg", NUMBER)
    (event,) = stream.events
    assert event | {"time": ""} == {
        "time": "",
        "level": "error",
        "event": "library_log",
        "logger": name,
        "text": "Unhandled message %r from %s",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Exception in callback f('Asta Provberg')",
        "Task exception was never retrieved\nfuture: <Task ... exception=ValueError('Asta Provberg')>",
        'body="Asta Provberg"',
        "invalid input: Asta Provberg",
        "values {Asta Provberg}",
    ],
)
def test_a_text_that_a_library_filled_itself_ends_where_a_value_could_begin(stream, text):
    logging.getLogger("asyncio").error(text)
    assert "Asta" not in stream.getvalue().decode()
    assert len(stream.events) == 1


def test_the_exception_of_a_library_record_is_told_by_type_and_place(stream):
    try:
        raise ValueError("Asta Provberg")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", "10.0.0.1")
    (event,) = stream.events
    assert event["exception"][0]["type"] == "builtins.ValueError"
    assert "Asta" not in stream.getvalue().decode()


def test_a_record_whose_message_is_an_object_is_not_rendered(stream):
    logging.getLogger("library").error(ValueError("Asta Provberg"))
    assert "text" not in stream.events[0]


def test_libraries_are_quiet_below_a_warning_unless_asked():
    for level, expected in [("info", 0), ("debug", 1)]:
        stream = Stream()
        telemetry.configure(level, "json", stream)
        logging.getLogger("sqlalchemy.engine").info("SELECT 1")
        assert len(stream.lines) == expected


def test_a_record_that_cannot_be_written_is_not_printed_with_its_values(capsys):
    stream = Stream()
    telemetry.configure("info", "json", stream)
    stream.close()
    logging.getLogger("library").error("text %s", "Asta Provberg")
    error = capsys.readouterr().err
    assert error == "a log record of level 40 could not be written\n"


async def test_a_task_that_died_unseen_tells_no_values(stream):
    async def die():
        raise ValueError("Asta Provberg")

    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": raised(ValueError("Asta Provberg"))}
    )
    with contextlib.suppress(ValueError):
        await die()
    assert stream.events[0]["exception"][0]["type"] == "builtins.ValueError"
    assert "Asta" not in stream.getvalue().decode()


def test_the_guard_would_be_missed(log):
    """The control: structlog's usual JSON chain lets a number out, so the tests above can fail."""
    text = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()],
        logger_factory=lambda *_: structlog.PrintLogger(text),
    )
    log.info("slip", field=NUMBER)
    assert NUMBER in text.getvalue()


# -- trace context ---------------------------------------------------------------------------------

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_is_read_and_passed_on():
    trace = context.parse_traceparent(TRACEPARENT)
    assert (trace.trace_id, trace.span_id, trace.sampled) == (TRACEPARENT[3:35], TRACEPARENT[36:52], True)
    assert trace.traceparent() == TRACEPARENT
    assert trace.child().trace_id == trace.trace_id
    assert trace.child().span_id != trace.span_id


def test_a_later_version_of_the_header_is_read_as_far_as_known():
    trace = context.parse_traceparent(f"cc{TRACEPARENT[2:-2]}ff-what-the-future-will-be-like")
    assert trace.traceparent() == TRACEPARENT


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        TRACEPARENT.upper(),
        TRACEPARENT + "-",
        TRACEPARENT + "-more",
        TRACEPARENT + " ",
        "ff" + TRACEPARENT[2:],
        "00-" + "0" * 32 + TRACEPARENT[35:],
        TRACEPARENT[:36] + "0" * 16 + "-01",
        TRACEPARENT[:-1],
        TRACEPARENT.replace("-", "_"),
        "00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01",
    ],
)
def test_a_header_that_must_be_ignored_starts_a_new_trace(header):
    assert context.parse_traceparent(header) is None
    with context.entered(header) as running:
        assert context.parse_traceparent(running.trace.traceparent()) == running.trace


async def test_each_task_has_its_own_context():
    async def request():
        with context.entered() as running:
            await asyncio.sleep(0)
            return context.current() is running

    assert all(await asyncio.gather(*(request() for _ in range(5))))
    assert context.current() is None


def test_the_context_ends_with_the_block():
    with context.entered(request_id="outer"):
        with context.entered(request_id="inner"):
            assert context.current().request_id == "inner"
        assert context.current().request_id == "outer"
    assert context.current() is None


# -- metrics ---------------------------------------------------------------------------------------


def series(text):
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line[0] != "#"
    }


def test_metrics_tell_what_was_counted():
    found = metrics.Metrics("0.1.0")
    found.messages_accepted.labels(type="referral.submitted").inc()
    found.messages_refused.labels(code="NO_BASIS").inc(2)
    found.duplicate_messages.inc()
    found.request_seconds.labels(route="/v1/messages", method="POST", status="202").observe(0.02)
    found.commit_group_size.observe(30)
    found.commit_seconds.observe(0.003)
    found.outbox_rows.set(4)
    found.outbox_oldest_age_seconds.set(1.5)
    found.audit_tree_size.set(70_000)
    found.deliveries.labels(state="pending").set(3)
    content_type, body = found.render()
    told = series(body.decode())
    assert content_type.startswith("text/plain; version=")
    assert told['hub_messages_accepted_total{type="referral.submitted"}'] == 1
    assert told['hub_messages_refused_total{code="NO_BASIS"}'] == 2
    assert told["hub_duplicate_messages_total"] == 1
    assert told['hub_request_seconds_count{method="POST",route="/v1/messages",status="202"}'] == 1
    assert told["hub_commit_group_size_sum"] == 30
    assert told['hub_commit_seconds_bucket{le="0.005"}'] == 1
    assert told["hub_outbox_rows"] == 4
    assert told["hub_outbox_oldest_age_seconds"] == 1.5
    assert told["hub_audit_tree_size"] == 70_000
    assert told['hub_deliveries{state="pending"}'] == 3
    assert any(name.startswith("hub_build_info{") and 'version="0.1.0"' in name for name in told)


def test_no_label_names_a_unit_a_case_or_a_person():
    found = metrics.Metrics("0.1.0")
    labels = {name for metric in vars(found).values() for name in getattr(metric, "_labelnames", ())}
    assert labels == {"type", "code", "route", "method", "status", "state"}


def test_two_hubs_in_one_process_count_apart():
    one, other = metrics.Metrics("0.1.0"), metrics.Metrics("0.1.0")
    one.duplicate_messages.inc()
    assert series(other.render()[1].decode())["hub_duplicate_messages_total"] == 0
