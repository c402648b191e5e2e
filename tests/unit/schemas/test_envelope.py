from __future__ import annotations

import contextlib
import json
import traceback
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import envelope, strict_json

ID = "6f0f5a3e-6c0e-4b0e-9a55-0d1f6a1f0001"
CASE = "0b8c3a52-7d2e-4a4e-8d0e-2f1a7c9e0009"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STRUCTURED = "application/cloudevents+json"
# How fast a shared machine draws says nothing about what holds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BATCH = "application/cloudevents-batch+json"
DATA: dict[str, Any] = {"handling": {"purpose": "jobbtorg_planning"}, "content": {"note": "Räksmörgås"}}


def document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": ID,
        "source": "/units/sd-farsta",
        "type": "se.samverkan.referral.submitted",
        "time": "2026-02-02T09:10:05+01:00",
        "dataschema": "/schemas/referral.submitted/1.0",
        "datacontenttype": "application/json",
        "subject": CASE,
        "data": DATA,
    }
    found.update(changes)
    return {name: value for name, value in found.items() if value is not ...}


def faults_of(found: object) -> set[tuple[str, str]]:
    assert isinstance(found, envelope.NotAnEvent)
    return {(fault.pointer, fault.keyword) for fault in found.faults}


def refuse(event: object) -> envelope.NotAnEvent:
    with pytest.raises(envelope.NotAnEvent) as refused:
        envelope.parse_structured(event)
    return refused.value


def official(**changes: Any) -> CloudEvent:
    attributes = document(time=datetime(2026, 2, 2, 9, 10, 5, tzinfo=timezone(timedelta(hours=1))), **changes)
    return CloudEvent(attributes=attributes, data=attributes.pop("data"))


def test_reads_the_attributes() -> None:
    event = envelope.parse_structured(document(correlationid=ID, causationid=ID, traceparent=TRACE))

    assert event.unit_id == "sd-farsta"
    assert event.catalogue_type == "referral.submitted"
    assert event.schema_version == "1.0"
    assert event.time == datetime(2026, 2, 2, 8, 10, 5, tzinfo=UTC)
    assert event.data == DATA
    assert (event.subject, event.causationid, event.traceparent) == (CASE, ID, TRACE)


def test_uuids_come_out_in_lower_case() -> None:
    event = envelope.parse_structured(document(id=ID.upper(), subject=CASE.upper()))

    assert (event.id, event.subject) == (ID, CASE)


@pytest.mark.parametrize("name", ["dataschema", "subject", "datacontenttype"])
@pytest.mark.parametrize("value", [..., None])
def test_optional_attributes_may_be_absent_or_null(name: str, value: object) -> None:
    event = envelope.parse_structured(document(**{name: value}))

    assert event.schema_version in (None, "1.0")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
@pytest.mark.parametrize("value", [..., None])
def test_required_attributes_may_not(name: str, value: object) -> None:
    assert faults_of(refuse(document(**{name: value}))) == {(f"/{name}", "required")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "1"),
        ("id", 1),
        ("id", f"{{{ID}}}"),
        ("id", f"urn:uuid:{ID}"),
        ("id", ID + "\n"),
        ("source", "sd-farsta"),
        ("source", "/units/"),
        ("source", "/units/SD-Farsta"),
        ("source", "/units/sd-farsta/"),
        ("source", "/units/sd-farsta\n"),
        ("source", "/units/-sd"),
        ("source", "/units/" + "a" * 65),
        ("type", "referral.submitted"),
        ("type", "se.samverkan."),
        ("type", "se.samverkan.Referral"),
        ("type", "org.example.referral.submitted"),
        ("type", "se.samverkan." + "a" * 200),
        ("dataschema", "referral.submitted/1.0"),
        ("dataschema", "/schemas/referral.submitted/1"),
        ("dataschema", "/schemas/referral.submitted/1.0.0"),
        ("dataschema", "https://example.org/schemas/referral.submitted/1.0"),
        ("time", "2026-02-02T09:10:05"),
        ("time", "2026-02-02"),
        ("time", "2026-02-30T09:10:05Z"),
        ("time", "2026-02-02T24:00:00Z"),
        ("time", "2026-02-02T09:10:60Z"),
        ("time", "2026-02-02T09:10:05+24:00"),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("time", 1770000000),
        ("time", "2026-02-02 09:10:05Z"),
        ("expirytime", "tomorrow"),
        ("subject", "case-1"),
        ("correlationid", ""),
        ("causationid", "x"),
        ("traceparent", "00-4bf92f35"),
        ("traceparent", "ff" + TRACE[2:]),
        ("sequence", -1),
        ("sequence", True),
        ("sequence", "1.0"),
        ("dataref", "two words"),
        ("deliveryid", "d1"),
    ],
)
def test_names_the_attribute_that_is_wrong(name: str, value: object) -> None:
    assert faults_of(refuse(document(**{name: value}))) == {(f"/{name}", "format")}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"specversion": "0.3"}, ("/specversion", "const")),
        ({"specversion": 1.0}, ("/specversion", "const")),
        ({"datacontenttype": "application/xml"}, ("/datacontenttype", "const")),
        ({"datacontenttype": "application/json; charset=latin-1"}, ("/datacontenttype", "const")),
        ({"datacontenttype": 1}, ("/datacontenttype", "const")),
        ({"dataschema": "/schemas/plan.proposed/1.0"}, ("/dataschema", "const")),
        ({"data": []}, ("/data", "type")),
        ({"data": "{}"}, ("/data", "type")),
        ({"data_base64": "e30="}, ("", "additionalProperties")),
        ({"partitionkey": "x"}, ("", "additionalProperties")),
        ({"schemaurl": "x"}, ("", "additionalProperties")),
    ],
)
def test_refuses_what_the_hub_does_not_carry(change: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults_of(refuse(document(**change))) == {fault}


def test_lists_every_fault_at_once() -> None:
    refused = refuse(document(id="1", time="now", specversion="2.0", extra=1))

    assert faults_of(refused) == {
        ("/id", "format"),
        ("/time", "format"),
        ("/specversion", "const"),
        ("", "additionalProperties"),
    }


@pytest.mark.parametrize("found", [None, 1, "x", [], [document()]])
def test_an_event_is_an_object(found: object) -> None:
    assert faults_of(refuse(found)) == {("", "type")}


def test_a_refusal_repeats_nothing_of_the_event() -> None:
    secret = "199001012385"
    refused = refuse(document(id=secret, subject=secret, **{secret: secret}, data=secret))

    shown = "".join(traceback.format_exception(refused)) + repr(refused.faults)
    assert secret not in shown
    assert refused.__context__ is None


def test_the_data_does_not_show_in_the_repr() -> None:
    assert "Räksmörgås" not in repr(envelope.parse_structured(document()))


def test_reads_what_the_official_library_writes_structured() -> None:
    message = http.to_structured(official(), JSONFormat())

    event = envelope.parse_http(message.headers["content-type"], message.headers, message.body)

    assert event == envelope.parse_structured(document())


def test_reads_what_the_official_library_writes_binary() -> None:
    message = http.to_binary(official(), JSONFormat())

    event = envelope.parse_http(message.headers["content-type"], message.headers, message.body)

    assert event == envelope.parse_structured(document())


def test_reads_a_batch_of_official_events() -> None:
    one = json.loads(http.to_structured(official(), JSONFormat()).body)

    found = envelope.parse_http(BATCH, {}, json.dumps([one, {**one, "id": "x"}, one]).encode())

    assert isinstance(found, list)
    assert found[0] == found[2] == envelope.parse_structured(document())
    assert faults_of(found[1]) == {("/id", "format")}


def test_the_official_library_reads_what_we_write() -> None:
    event = envelope.parse_structured(document())
    headers, body = envelope.to_binary(event)

    binary = http.from_binary(http.HTTPMessage(headers, body), JSONFormat())
    structured = http.from_structured(
        http.HTTPMessage({"content-type": STRUCTURED}, orjson.dumps(envelope.to_structured(event))), JSONFormat()
    )

    for found in (binary, structured):
        assert found.get_id() == ID
        assert found.get_type() == event.type
        assert found.get_time() == event.time
        assert found.get_subject() == CASE
        assert found.get_data() == DATA


def test_what_we_write_reads_back_the_same() -> None:
    event = envelope.parse_structured(
        document(
            recordedtime="2026-02-02T08:10:06.123456Z", sequence=7, dataref="/v1/inbox/1", deliveryid=ID, expirytime=...
        )
    )
    headers, body = envelope.to_binary(event)

    assert envelope.parse_structured(envelope.to_structured(event)) == event
    assert envelope.parse_http(headers["content-type"], headers, body) == event
    assert envelope.to_structured(event)["recordedtime"] == "2026-02-02T08:10:06.123456Z"
    assert envelope.to_structured(event)["time"] == "2026-02-02T09:10:05+01:00"


def binary(**changes: Any) -> dict[str, Any]:
    headers, _body = envelope.to_binary(envelope.parse_structured(document()))
    return {**headers, **changes}


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-subject": CASE.replace("-", "%2D")},
        {"ce-subject": f'"{CASE}"'},
        {"CE-Subject": CASE, "ce-subject": ...},
    ],
)
def test_header_values_are_unquoted_and_percent_decoded(headers: dict[str, Any]) -> None:
    merged = {name: value for name, value in binary(**headers).items() if value is not ...}

    event = envelope.parse_http("application/json", merged, orjson.dumps(DATA))

    assert isinstance(event, envelope.Envelope)
    assert event.subject == CASE


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-subject": CASE.replace("-", "%252D")},
        {"ce-subject": "%ff"},
        {"ce-subject": "\u00e5"},
        {"ce-subject": "\udce5"},
        {"ce-subject": CASE + "%0A"},
        {"ce-data": "{}"},
        {"ce-datacontenttype": "application/json"},
        {"Ce-Id": ID},
        {"ce-unknown": "1"},
    ],
)
def test_refuses_headers_that_are_not_an_event(headers: dict[str, str]) -> None:
    with pytest.raises(envelope.NotAnEvent):
        envelope.parse_http("application/json", binary(**headers), orjson.dumps(DATA))


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/json", {}),
        ("text/plain", {"ce-specversion": "1.0"}),
        ("application/xml", {}),
        ("", {}),
        ("application/cloudevents+json; charset=utf-16", {}),
        ("application/cloudevents", {}),
        ("application/cloudevents+xml", {}),
    ],
)
def test_other_media_types_are_not_events(content_type: str, headers: dict[str, str]) -> None:
    with pytest.raises(envelope.WrongMediaType):
        envelope.parse_http(content_type, headers, orjson.dumps(document()))


@pytest.mark.parametrize(
    "content_type",
    [STRUCTURED, "Application/CloudEvents+JSON", f"{STRUCTURED}; charset=utf-8", f'{STRUCTURED};charset="UTF-8"'],
)
def test_media_types_are_read_leniently(content_type: str) -> None:
    assert isinstance(envelope.parse_http(content_type, {}, orjson.dumps(document())), envelope.Envelope)


@pytest.mark.parametrize("content_type", [STRUCTURED, BATCH, "application/json"])
def test_broken_json_is_not_json_in_any_mode(content_type: str) -> None:
    with pytest.raises(strict_json.NotJson):
        envelope.parse_http(content_type, binary(), b'{"a": 1, "a": 1}')


def test_a_batch_is_a_list_of_at_most_a_hundred() -> None:
    assert envelope.parse_http(BATCH, {}, b"[]") == []
    assert len(envelope.parse_http(BATCH, {}, orjson.dumps([document()] * 100))) == 100  # type: ignore[arg-type] # a list
    for wrong in ([document()] * 101, document()):
        with pytest.raises(envelope.NotAnEvent):
            envelope.parse_http(BATCH, {}, orjson.dumps(wrong))


def test_an_envelope_does_not_change() -> None:
    event = envelope.parse_structured(document())

    with pytest.raises(ValueError, match="frozen"):
        event.id = CASE  # type: ignore[misc] # that it cannot be set is the point


def test_every_delivery_attribute_is_an_attribute() -> None:
    assert set(envelope.DELIVERY_ATTRIBUTES) <= set(envelope.Envelope.model_fields)


@UNHURRIED
@given(
    st.dictionaries(
        st.sampled_from(sorted(document())),
        st.none() | st.integers() | st.text(st.characters(max_codepoint=0x2FF), max_size=40),
        max_size=4,
    )
)
def test_anything_else_is_an_event_that_we_can_write_or_a_refusal(changes: dict[str, Any]) -> None:
    with contextlib.suppress(envelope.NotAnEvent):
        found = envelope.parse_structured(document(**changes))

        assert envelope.parse_structured(envelope.to_structured(found)) == found
