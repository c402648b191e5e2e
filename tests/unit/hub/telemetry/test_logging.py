import asyncio
import contextlib
import io
import logging
import re
import sys
import threading
from datetime import UTC, datetime

import pytest
import structlog

from hub.telemetry import context
from hub.telemetry import logging as telemetry
from tests.unit.hub.telemetry.stream import Stream

NUMBER = "199001012385"


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


def test_a_logger_may_have_a_name_as_those_of_libraries_have(stream):
    structlog.get_logger("stamina").warning("retry_scheduled", attempt=1)
    assert [(event["level"], event["event"]) for event in stream.events] == [("warning", "retry_scheduled")]


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
    assert re.fullmatch(r"hub/telemetry/test_logging\.py:\d+ handler", told["at"][-1])
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


@pytest.mark.parametrize("name", ["aiohttp.access", "aiohttp.server", "sqlalchemy.engine.Engine", "alembic", "asyncio"])
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
        logging.getLogger("library.part").info("what it does")
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


class Buffered(Stream):
    """Counts how often lines are sent on."""

    flushes = 0

    def flush(self):
        self.flushes += 1


async def test_lines_of_one_turn_of_the_loop_go_out_together(log):
    stream = Buffered()
    telemetry.configure("info", "json", stream)
    for number in range(3):
        log.info("event", number=number)
    assert stream.flushes == 0
    await asyncio.sleep(0)
    assert stream.flushes == 1
    assert [event["number"] for event in stream.events] == [0, 1, 2]


async def test_a_fault_goes_out_at_once_with_what_was_before_it(log):
    stream = Buffered()
    telemetry.configure("info", "json", stream)
    log.info("before")
    log.error("fault")
    assert stream.flushes == 1


def test_without_a_loop_every_line_goes_out_at_once(log):
    stream = Buffered()
    telemetry.configure("info", "json", stream)
    log.info("event")
    assert stream.flushes == 1


class FullDisk(Stream):
    """Takes so much and no more."""

    is_full = True

    def write(self, content):
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().write(content)

    def flush(self):
        if self.is_full:
            raise OSError(28, "No space left on device")
        super().flush()


def test_a_full_disk_loses_lines_and_stops_nobody(log):
    stream = FullDisk()
    telemetry.configure("info", "json", stream)
    log.info("hub_started")
    log.error("door_closed")
    stream.is_full = False
    log.info("request")
    assert [event["event"] for event in stream.events] == ["request", "log_lines_lost"]
    assert stream.events[1]["lines"] == 2
    log.info("request")
    assert len(stream.events) == 3
