"""A TCP proxy that misbehaves on demand, with the verbs of toxiproxy: latency, bandwidth, slicer, limit_data, timeout,
reset_peer, slow_close. Each way has its own faults, which may change while connections stand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass
class Faults:
    """What is done to the bytes of one way. Off as they stand here."""

    latency: float = 0.0
    """Seconds before each piece goes on."""
    bandwidth: float = 0.0
    """Bytes per second; 0 is unlimited."""
    slicer: int = 0
    """The largest piece in bytes; 0 is as they come."""
    limit_data: int | None = None
    """So many bytes still pass, then the connection is reset in the middle of whatever it was."""
    timeout: bool = False
    """A black hole: nothing passes, and nobody is told."""
    slow_close: float = 0.0
    """Seconds before an end is passed on."""

    def heal(self) -> None:
        self.__init__()  # type: ignore[misc]


@dataclass(eq=False)
class _Pair:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    pumps: list[asyncio.Task[None]] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class FaultProxy:
    """Between whoever connects to `port` and a server on this machine."""

    def __init__(self, server_port: int) -> None:
        self.up, self.down = Faults(), Faults()
        self.port = 0
        self.accepted = 0
        self.refuses = False
        self._server_port = server_port
        self._pairs: set[_Pair] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> FaultProxy:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset_peer()
        for pair in list(self._pairs):
            await pair.over.wait()

    def heal(self) -> None:
        self.up.heal()
        self.down.heal()
        self.refuses = False

    def reset_peer(self) -> None:
        """Every connection that stands, at once and on both sides, as by RST."""
        for pair in list(self._pairs):
            self._reset(pair)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refuses:
            _abort(writer)
            return
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            _abort(writer)
            return
        pair = _Pair(writer, to_server)
        self._pairs.add(pair)
        pair.pumps = [
            asyncio.create_task(self._pump(pair, reader, to_server, self.up)),
            asyncio.create_task(self._pump(pair, from_server, writer, self.down)),
        ]
        await asyncio.wait(pair.pumps)
        self._pairs.discard(pair)
        _abort(pair.client)
        _abort(pair.server)
        pair.over.set()

    async def _pump(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(faults.slicer or CHUNK):
                if faults.timeout:
                    continue
                if faults.latency:
                    await asyncio.sleep(faults.latency)
                if faults.bandwidth:
                    await asyncio.sleep(len(data) / faults.bandwidth)
                if faults.limit_data is not None:
                    data, faults.limit_data = data[: faults.limit_data], faults.limit_data - len(data)
                writer.write(data)
                await writer.drain()
                if faults.limit_data is not None and faults.limit_data <= 0:
                    faults.limit_data = None
                    self._reset(pair)
                    return
            await asyncio.sleep(faults.slow_close)
            if not faults.timeout:
                writer.close()

    def _reset(self, pair: _Pair) -> None:
        for writer in (pair.client, pair.server):
            _abort(writer)
        for pump in pair.pumps:
            pump.cancel()


def _abort(writer: asyncio.StreamWriter) -> None:
    """By RST, so that the other side knows at once that bytes are missing."""
    found = writer.get_extra_info("socket")
    if found is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
