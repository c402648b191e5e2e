"""Bytes that no client library would send, and what comes back for them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One answer as it stood on the wire. `rest` is what came after it."""

    status: int
    head: bytes
    body: bytes
    rest: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        return b"content-type: application/problem+json" in self.head.lower()


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def ask(url: str, sent: bytes, *, seconds: float = 10) -> list[RawAnswer]:
    """Every answer to these bytes, until the other side closes the connection."""
    reader, writer = await connect(url)
    try:
        writer.write(sent)
        await writer.drain()
        received = await asyncio.wait_for(reader.read(), seconds)
    except ConnectionError:
        received = b""
    finally:
        await close(writer)
    return split(received)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return


def split(received: bytes) -> list[RawAnswer]:
    """The answers in what was received. Every answer of the hub names its length."""
    answers = []
    while received:
        head, _, after = received.partition(b"\r\n\r\n")
        names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(names.get(b"content-length", b"0"))
        answers.append(RawAnswer(int(head.split(b" ")[1]), head, after[:length], after[length:]))
        received = after[length:]
    return answers


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: hub.example", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
