"""A webhook goes to who can show a certificate for its address: otherwise nothing is sent."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from hub.push.addresses import Destinations
from hub.push.calling import Outcome, Result, WebhookCaller
from tests.support.certificates import Certificate

HERE = ipaddress.ip_network("127.0.0.0/8")
Serve = Callable[[Certificate], Awaitable[str]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), "authority")


@pytest.fixture
async def taken() -> list[bytes]:
    return []


@pytest.fixture
async def serve(taken: list[bytes]) -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response(status=204)

    async def start(certificate: Certificate) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert_path, certificate.key_path)
        app = web.Application()
        app.router.add_post("/hook", take)
        runners.append(web.AppRunner(app, access_log=None, shutdown_timeout=1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "0.0.0.0", 0, ssl_context=context).start()
        return f"https://127.0.0.1:{runners[-1].addresses[0][1]}/hook"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def whom_the_machine_trusts(authority: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library takes its authorities when it is loaded; here they are ours."""
    trusting = ssl.create_default_context(cafile=str(authority.cert_path))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)


async def call(url: str) -> Outcome:
    caller = WebhookCaller(Destinations([HERE]))
    try:
        return await caller.call(url, {}, b"{}")
    finally:
        await caller.close()


async def test_whom_an_authority_vouches_for_is_called(
    serve: Serve, authority: Certificate, tmp_path: Path, taken: list[bytes]
) -> None:
    outcome = await call(await serve(Certificate(tmp_path, "farsta", authority)))
    assert (outcome.result, taken) == (Result.TAKEN, [b"{}"])


async def test_whom_nobody_vouches_for_gets_nothing(serve: Serve, tmp_path: Path, taken: list[bytes]) -> None:
    outcome = await call(await serve(Certificate(tmp_path, "stranger")))
    assert (outcome.result, taken) == (Result.FAILED, [])


async def test_a_certificate_for_another_name_is_none(
    serve: Serve, authority: Certificate, tmp_path: Path, taken: list[bytes]
) -> None:
    url = await serve(Certificate(tmp_path, "farsta", authority))
    outcome = await call(url.replace("127.0.0.1", "127.0.0.2"))
    assert (outcome.result, taken) == (Result.FAILED, [])
