"""The same load on `mesh-sandbox`, the public sandbox of a national mailbox service, in an environment of its own.

It keeps messages in memory, checks an HMAC per call, and neither schema, consent, encryption nor log: what it does is
much less. MESH is the NHS's Message Exchange for Social Care and Health.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import load
import messages
import servers
import uvloop
import waiting
from engines import EMBEDDED
from results import Results

PACKAGE = "mesh-sandbox==1.0.137"
FROM, TO, PASSWORD, SECRET = "X26ABC1", "X26ABC2", "password", "TestKey"
WORKERS = 32
HEADERS = f"mex-To: {TO}\r\nmex-WorkflowID: TEST_WORKFLOW\r\nAccept: application/vnd.mesh.v2+json\r\n"


class NotInstalled(Exception):
    """The sandbox is not there, and could not be installed. The text says why."""


def install(folder: Path) -> Path:
    """An environment with the sandbox, made once and kept in `folder`; its Python. Raises `NotInstalled`."""
    python = folder / "bin" / "python"
    # uvicorn comes with the sandbox, last of all: an install that broke off is made again.
    if not (folder / "bin" / "uvicorn").exists():
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE])
    return python


def _run(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{PACKAGE} could not be installed within 300 s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotInstalled(f"{PACKAGE} could not be installed: {last[:200]}")


@contextmanager
def sandbox(python: Path, port: int) -> Iterator[servers.Served]:
    environ = {**os.environ, "STORE_MODE": "memory", "AUTH_MODE": "full", "SHARED_KEY": SECRET}
    words = [str(python), "-m", "uvicorn", "mesh_sandbox.api:app", "--port", str(port), "--log-level", "error"]
    with tempfile.TemporaryFile() as told:
        started = subprocess.Popen(words, env=environ, stdout=told, stderr=told)
        try:
            waiting.until(lambda: _answers(port), 60, "mesh-sandbox to start")
            yield servers.Served(started.pid, port)
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://{servers.LOCAL}:{port}/health", timeout=1).close()
    except OSError:
        return False
    return True


def measure(numbers: Sequence[str], results: Results, python: Path, port: int) -> None:
    events = (messages.referral(number, str(uuid.uuid4())) for number in numbers)
    bodies = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    with sandbox(python, port) as server:
        measured = uvloop.run(load.each(servers.LOCAL, server.port, bodies, WORKERS, _send))
        assert set(measured.statuses) == {202}, measured.statuses
        results.add("mesh-sandbox", "accept, in memory", "/s", measured.per_second)
    with sandbox(python, port) as server:
        measured = uvloop.run(load.each(servers.LOCAL, server.port, bodies, WORKERS, _cycle))
        assert set(measured.statuses) == {202}, measured.statuses
        results.add("mesh-sandbox", "send, fetch, ack", "/s", measured.per_second)


def compare(results: Results) -> None:
    """The embedded engine at least five times as fast, by medians of the same run."""
    ours_by = results.of(EMBEDDED)
    pairs = (
        ("accept", ("accept", "hub"), "accept, in memory"),
        ("full cycle", ("full cycle", "send, fetch, ack"), "send, fetch, ack"),
    )
    for name, ours, theirs in pairs:
        hub, other = ours_by.find(*ours), results.find("mesh-sandbox", theirs)
        if hub is not None and other is not None:
            results.add("hub / mesh-sandbox", name, "times", hub.median / other.median, bar=5)


async def _send(connection: load.Connection, body: bytes) -> int:
    status, answer = await connection.ask(_request("POST", FROM, "outbox", body, HEADERS))
    assert status == 202, answer
    return status


async def _cycle(connection: load.Connection, body: bytes) -> int:
    status, answer = await connection.ask(_request("POST", FROM, "outbox", body, HEADERS))
    assert status == 202, answer
    message_id = json.loads(answer)["message_id"]
    fetched, content = await connection.ask(_request("GET", TO, f"inbox/{message_id}"))
    assert fetched == 200, content
    assert content == body
    acknowledged, told = await connection.ask(_request("PUT", TO, f"inbox/{message_id}/status/acknowledged"))
    assert acknowledged == 200, told
    return status


def _request(method: str, mailbox: str, path: str, body: bytes = b"", more: str = "") -> bytes:
    more += f"Authorization: {_authorization(mailbox)}\r\n"
    kind = "application/json" if body else ""
    return load.request_bytes(
        f"/messageexchange/{mailbox}/{path}", servers.LOCAL, body, "", kind, method=method, more=more
    )


def _authorization(mailbox: str) -> str:
    """A fresh one for each call, as its specification asks."""
    nonce, at = uuid.uuid4().hex, f"{datetime.now():%Y%m%d%H%M}"  # noqa: DTZ005 - the sandbox reads local time
    said = f"{mailbox}:{nonce}:1:{PASSWORD}:{at}"
    code = hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).hexdigest()
    return f"NHSMESH {mailbox}:{nonce}:1:{at}:{code}"
