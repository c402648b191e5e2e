"""A load generator that costs little: prepared requests over kept connections, answers counted by status."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class Measured:
    """What came of one run. Latencies in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies, share)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request_bytes(
    path: str, host: str, body: bytes, token: str, content_type: str, *, method: str = "POST", more: str = ""
) -> bytes:
    """`more` are further header lines, each with its line end."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}{kind}{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """One kept connection: a request, then its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]), await self._reader.readexactly(int(length or 0))

    def close(self) -> None:
        self._writer.close()


async def connect(host: str, port: int) -> Connection:
    return Connection(*await asyncio.open_connection(host, port))


async def each(
    host: str, port: int, items: Iterable[Item], senders: int, step: Callable[[Connection, Item], Awaitable[object]]
) -> Measured:
    """Takes the step once for every item, `senders` at a time, each on a connection of its own."""
    measured = Measured()
    left = iter(items)
    started = time.perf_counter()
    await asyncio.gather(*(_work(host, port, left, step, measured) for _ in range(senders)))
    measured.seconds = time.perf_counter() - started
    return measured


async def _work(
    host: str,
    port: int,
    left: Iterator[Item],
    step: Callable[[Connection, Item], Awaitable[object]],
    measured: Measured,
) -> None:
    connection = await connect(host, port)
    try:
        for item in left:
            started = time.perf_counter()
            status = await step(connection, item)
            measured.latencies.append(time.perf_counter() - started)
            measured.statuses[status if isinstance(status, int) else 200] += 1
    finally:
        connection.close()


async def run(host: str, port: int, requests: Iterable[bytes], senders: int) -> Measured:
    """Sends every request once, `senders` at a time, each waiting for its answer."""
    return await each(host, port, requests, senders, _send)


async def _send(connection: Connection, request: bytes) -> int:
    status, _ = await connection.ask(request)
    return status
