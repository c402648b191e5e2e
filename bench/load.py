"""A load generator that costs little: prepared requests over kept connections, answers counted by status."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Measured:
    """What came of one run. Latencies in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request_bytes(path: str, host: str, body: bytes, token: str, content_type: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(host: str, port: int, requests: Iterable[bytes], senders: int) -> Measured:
    """Sends every request once, `senders` at a time, each waiting for its answer."""
    measured = Measured()
    left = iter(requests)
    started = time.perf_counter()
    await asyncio.gather(*(_send(host, port, left, measured) for _ in range(senders)))
    measured.seconds = time.perf_counter() - started
    return measured


async def _send(host: str, port: int, left: Iterator[bytes], measured: Measured) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for request in left:
            started = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            measured.latencies.append(time.perf_counter() - started)
            measured.statuses[int(head[9:12])] += 1
    finally:
        writer.close()
