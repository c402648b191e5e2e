import json
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath

import pytest

from hub.audit.entry import AuditAction
from hub.telemetry import logging as telemetry
from hub.telemetry import redaction
from routing.refusals import RefusalCode
from tests.unit.hub.telemetry.stream import Stream

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
