"""Requests whose end two readers could see in different places: none is answered as two (S13)."""

from __future__ import annotations

import pytest

from tests.support import raw_http
from tests.support.hub_process import HubProcess
from tests.support.raw_http import request

# What an attacker would like to have taken for a second request.
HIDDEN = b"GET /v1/catalogue HTTP/1.1\r\nHost: hub.example\r\n\r\n"
POST = ("POST", "/v1/messages")
CHUNKED = "Transfer-Encoding: chunked"


def post(*headers: str, body: bytes = b"") -> bytes:
    return request(*POST, *headers, body=body)


def lines(*given: bytes) -> bytes:
    return b"\r\n".join(given) + b"\r\n\r\n"


CASES: dict[str, bytes] = {
    "length and chunks": post("Content-Length: 4", CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    "chunks and length": post(CHUNKED, "Content-Length: 4", body=b"0\r\n\r\n" + HIDDEN),
    "two lengths": post("Content-Length: 0", "Content-Length: 44", body=HIDDEN),
    "two equal lengths": post("Content-Length: 5", "Content-Length: 5", body=b"hello" + HIDDEN),
    "two lengths in one": post("Content-Length: 0, 44", body=HIDDEN),
    "a negative length": post("Content-Length: -1", body=HIDDEN),
    "a length with a plus": post("Content-Length: +0", body=HIDDEN),
    "a length with an underscore": post("Content-Length: 1_0", body=HIDDEN),
    "a length in hexadecimal": post("Content-Length: 0x10", body=HIDDEN),
    "a length with a space in it": post("Content-Length: 1 0", body=HIDDEN),
    "an empty length": post("Content-Length: ", body=HIDDEN),
    "a length in other digits": "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: ٥\r\n\r\n".encode() + HIDDEN,
    "a length beyond all numbers": post("Content-Length: 99999999999999999999999", body=HIDDEN),
    "a space before the colon": post("Content-Length : 0", body=HIDDEN),
    "a tab before the colon": post("Transfer-Encoding\t: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "a folded header": post("X: a\r\n b", "Content-Length: 0", body=HIDDEN),
    "a folded encoding": post("Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n" + HIDDEN),
    "an unknown encoding": post("Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN),
    "chunked and more": post("Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN),
    "identity": post("Transfer-Encoding: identity", "Content-Length: 0", body=HIDDEN),
    "chunked twice": post(CHUNKED, CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    "a control character in the encoding": post("Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n" + HIDDEN),
    "a chunk of a negative size": post(CHUNKED, body=b"-1\r\n\r\n" + HIDDEN),
    "a chunk size with a plus": post(CHUNKED, body=b"+0\r\n\r\n" + HIDDEN),
    "a chunk size with 0x": post(CHUNKED, body=b"0x0\r\n\r\n" + HIDDEN),
    "a chunk size with an underscore": post(CHUNKED, body=b"1_0\r\n\r\n" + HIDDEN),
    "a chunk size in other digits": post(CHUNKED, body="٥\r\n\r\n".encode() + HIDDEN),
    "a chunk size beyond all numbers": post(CHUNKED, body=b"f" * 20 + b"\r\n\r\n" + HIDDEN),
    "a chunk without its end": post(CHUNKED, body=b"1\r\naX0\r\n\r\n" + HIDDEN),
    "a bare carriage return": lines(b"GET /livez HTTP/1.1", b"Host: x", b"X: a\rContent-Length: 44") + HIDDEN,
    "a bare carriage return as the end of a line": b"GET /livez HTTP/1.1\rHost: x\r\r",
    "a null byte in a name": lines(b"GET /livez HTTP/1.1", b"Host: x", b"Content-\x00Length: 44") + HIDDEN,
    "a null byte in a value": lines(b"GET /livez HTTP/1.1", b"Host: x", b"X: a\x00b") + HIDDEN,
    "a header without a name": lines(b"GET /livez HTTP/1.1", b"Host: x", b": 44") + HIDDEN,
    "a header without a colon": lines(b"GET /livez HTTP/1.1", b"Host: x", b"Content-Length 44") + HIDDEN,
    "two hosts": lines(b"GET /livez HTTP/1.1", b"Host: a", b"Host: b") + HIDDEN,
    "no host": lines(b"GET /livez HTTP/1.1") + HIDDEN,
    "a version beyond": lines(b"GET /livez HTTP/9.9", b"Host: x") + HIDDEN,
    "a version in other digits": "GET /livez HTTP/1.١\r\nHost: x\r\n\r\n".encode() + HIDDEN,
    "a space in the address": lines(b"GET /livez /v1 HTTP/1.1", b"Host: x") + HIDDEN,
    "a method with a null byte": lines(b"GE\x00T /livez HTTP/1.1", b"Host: x") + HIDDEN,
}


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("name", CASES)
async def test_a_request_with_two_ends_is_answered_once_and_refused(shared_hub: HubProcess, name: str) -> None:
    answers = await raw_http.ask(shared_hub.url, CASES[name])
    assert len(answers) == 1, [answer.status for answer in answers]
    assert answers[0].status in (400, 401, 413, 431, 501), answers[0]
    assert answers[0].is_problem
    assert b"items" not in answers[0].body
