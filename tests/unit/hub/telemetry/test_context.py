import asyncio

import pytest

from hub.telemetry import context

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
