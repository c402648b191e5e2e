"""The client's stream: nothing twice, nothing missed, whatever breaks."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from hub.client import errors, streaming
from tests.unit.client.small_hub import PROBLEM, answer, drop, raw
from tests.unit.client.test_client import claim, page, take


def stream(*parts, hold=False):
    """An answer that writes these parts and ends, or stays silent."""

    async def write(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if hold:
            await asyncio.Event().wait()
        return response

    return write


def event(number, delivery):
    return f"id: {number}\ndata: {json.dumps(claim(delivery))}\n\n".encode()


def resumed_from(small_hub):
    return [headers.get("Last-Event-ID") for _, _, headers, _ in small_hub.calls]


async def test_a_broken_stream_is_taken_up_behind_the_last_that_came(small_hub, client, waits):
    small_hub.will(
        stream(b"retry: 2000\n\n", event(7, "d1"), b": still here\n\n", event(9, "d2")),
        drop,
        stream(event(12, "d3"), hold=True),
    )
    assert await take(client.stream_inbox(), 3) == ["d1", "d2", "d3"]
    assert resumed_from(small_hub) == [None, "9", "9"]
    assert small_hub.targets[0] == "GET /v1/inbox/stream"


async def test_half_an_event_at_the_break_is_none(small_hub, client, waits):
    half = event(8, "d2")
    small_hub.will(stream(event(7, "d1"), half[:-1]), stream(event(8, "d2"), half[: len(half) // 2]), stream(hold=True))
    assert await take(client.stream_inbox(), 2) == ["d1", "d2"]
    assert resumed_from(small_hub)[:2] == [None, "7"]


async def test_a_silent_stream_counts_as_broken(small_hub, client, waits, monkeypatch):
    monkeypatch.setattr(streaming, "SILENCE", streaming.PAUSE / 20)
    small_hub.will(stream(event(1, "d1"), hold=True), stream(event(2, "d2"), hold=True))
    assert await take(client.stream_inbox(), 2) == ["d1", "d2"]


async def test_no_right_to_listen_is_told_and_not_tried_again(small_hub, client, waits):
    small_hub.will(answer(403, {**PROBLEM, "status": 403}))
    with pytest.raises(errors.Refused):
        await take(client.stream_inbox(), 1)
    assert len(small_hub.calls) == 1


async def test_a_hub_that_stays_away_ends_the_stream_with_an_error(small_hub, client, waits):
    small_hub.will(answer(503))
    with pytest.raises(errors.HubUnavailable):
        await take(client.stream_inbox(), 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        raw("<html>sign in</html>"),
        stream(b"data: {}\n\n"),
        stream(b"data: " + b"x" * 100_000 + b"\n\n"),
        stream(b"data: \xff\n\n"),
    ],
)
async def test_what_is_no_stream_of_claim_checks_is_not_understood(small_hub, client, waits, nonsense):
    small_hub.will(nonsense)
    with pytest.raises(errors.AnswerNotUnderstood):
        await take(client.stream_inbox(), 1)


async def test_stopping_ends_a_silent_stream(small_hub, client):
    stop = asyncio.Event()
    small_hub.will(stream(event(1, "d1"), hold=True))
    heard = []
    async for found in client.stream_inbox(stop):
        heard.append(found.delivery)
        asyncio.get_running_loop().call_soon(stop.set)
    assert heard == ["d1"]


async def test_events_are_read_as_the_standard_says():
    reader = aiohttp.StreamReader(aiohttp.base_protocol.BaseProtocol(asyncio.get_running_loop()), 2**16)
    reader.feed_data(b": hello\r\nid:3\r\nevent: claim\r\ndata:a\ndata:  b\n\nid: 4\n\ndata: c\n\ndata: never ended\n")
    reader.feed_eof()
    found = [found async for found in streaming.read_events(reader)]
    assert found == [streaming.ServerEvent("3", "a\n b"), streaming.ServerEvent("4", "c")]


async def test_a_gap_is_closed_page_by_page(small_hub, client):
    small_hub.will(page("d4"), page())
    assert await take(client.catch_up("c1", after=3), 2) == ["d4"]
    assert small_hub.targets == [
        "GET /v1/inbox?case=c1&after=3&limit=500",
        "GET /v1/inbox?case=c1&after=1&limit=500",
    ]
