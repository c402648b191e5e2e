"""Where a webhook may lead (S14): forty addresses that must not be called, and not one request leaves."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from hub.push.addresses import Destinations, UrlRefused, is_public
from hub.push.calling import Result, WebhookCaller

# Names as an attacker's own name server would answer for them; a list of lists is one answer after the other.
NAMES: dict[str, list[list[str]]] = {
    "loop.example": [["127.0.0.1"]],
    "six.example": [["::1"]],
    "mixed.example": [["93.184.215.14", "127.0.0.1"]],
    "mixed-six.example": [["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:127.0.0.1"]],
    "metadata.example": [["169.254.169.254"]],
    "ten.example": [["10.0.0.1"]],
    "cgnat.example": [["100.64.0.1"]],
    "nat64.example": [["64:ff9b::7f00:1"]],
    "rebind.example": [["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]],
    "nothing.example": [[]],
}
HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "127.0.0.1.",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "[ff02::1]",
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "①②⑦.⓪.⓪.①",
    *NAMES,
]


@dataclass(slots=True)
class Trap:
    """Listens on both loopbacks and counts who comes."""

    port: int = 0
    visits: int = 0
    runners: list[web.AppRunner] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.visits += 1
        return web.Response(status=204)


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()
    for host in ("127.0.0.1", "::1"):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", trap.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, trap.port).start()
        except OSError:
            await runner.cleanup()
            continue
        trap.port = runner.addresses[0][1]
        trap.runners.append(runner)
    yield trap
    for runner in trap.runners:
        await runner.cleanup()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Names resolve as listed above; every address that a socket is opened towards is written down."""
    asked: dict[str, int] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in NAMES:
            return real(host, port, *rest, **more)
        answers = NAMES[host]
        found = answers[min(asked.get(host, 0), len(answers) - 1)]
        asked[host] = asked.get(host, 0) + 1
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]

    opened: list[Any] = []
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        opened.append(address)
        if str(address[0]) not in ("127.0.0.1", "::1"):
            raise ConnectionRefusedError  # the test itself leaves the machine alone, too
        return real_connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return opened


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_leaves_for_forty_addresses_that_lead_inside(
    trap: Trap, connections: list[Any], scheme: str
) -> None:
    assert len(HOSTS) >= 40
    caller = WebhookCaller(Destinations())
    rebinding = {"rebind.example"}
    for host in HOSTS:
        if host in rebinding:
            continue  # its first answer is public: see below
        outcome = await caller.call(f"{scheme}://{host}:{trap.port}/hook", {}, b"{}")
        assert outcome.result is Result.FAILED, host
    assert (trap.visits, connections) == (0, [])
    await caller.close()


async def test_the_last_look_is_at_the_socket_whatever_the_resolver_believes(
    trap: Trap, connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody gets past the check of the name: the address itself is still checked when the socket is made."""
    monkeypatch.setattr("hub.push.addresses.CheckedResolver.resolve", _believes_anything)
    caller = WebhookCaller(Destinations())
    outcome = await caller.call(f"https://anything.example:{trap.port}/", {}, b"{}")
    assert (outcome.result, outcome.why) == (Result.FAILED, "address_refused")
    assert (trap.visits, connections) == (0, [])
    await caller.close()


async def _believes_anything(self: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
    return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]


async def test_a_name_that_changes_its_mind_is_asked_once_per_connection_and_that_answer_is_called(
    trap: Trap, connections: list[Any]
) -> None:
    caller = WebhookCaller(Destinations([ipaddress.ip_network("93.184.215.14/32")]))
    # The first answer is allowed and is what would be connected to: a second question is never asked.
    for _ in range(3):
        await caller.call(f"https://rebind.example:{trap.port}/", {}, b"{}")
    assert trap.visits == 0
    assert {address[0] for address in connections} <= {"93.184.215.14"}
    await caller.close()


async def test_a_network_that_the_operator_has_named_is_called(trap: Trap) -> None:
    caller = WebhookCaller(Destinations([ipaddress.ip_network("127.0.0.0/8")]))
    outcome = await caller.call(f"http://127.0.0.1:{trap.port}/", {}, b"{}")
    assert (outcome.result, trap.visits) == (Result.TAKEN, 1)
    await caller.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.se/",
        "https:///hook",
        "https://localhost/hook",
        "https://hub.localhost./hook",
        "https://metadata.internal/hook",
        "https://vaxel.local/hook",
        "//example.se/",
        "example.se/hook",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:secret@example.se/",
        "https://example.se/#part",
        "https://example.se/ two",
        "https://example.se\\@127.0.0.1/",
        "https://exämple.se/",
        "https://example.se:99999/",
        "http://example.se/",
        "https://example.se/" + "x" * 1024,
        "https://example.se/\n",
        "",
    ],
)
def test_what_is_no_address_for_a_webhook_is_refused_when_it_is_registered(url: str) -> None:
    with pytest.raises(UrlRefused):
        Destinations().check_url(url)


@pytest.mark.parametrize("host", [host for host in HOSTS if host[0] in "0123456789["])
def test_a_numeric_address_inside_is_refused_when_it_is_registered(host: str) -> None:
    with pytest.raises(UrlRefused):
        Destinations().check_url(f"https://{host}/")


def test_a_name_for_networks_of_ones_own_is_for_who_has_opened_some() -> None:
    inside = Destinations([ipaddress.ip_network("10.20.0.0/16")])
    assert inside.check_url("https://vaxel.internal/hook") == "https://vaxel.internal/hook"
    assert Destinations().check_url("https://notlocal.example.se/hook")


def test_an_address_for_a_webhook_stays_as_it_is() -> None:
    for url in ("https://vaxel.example.se/samverkan?key=abc", "https://example.se:8443/"):
        assert Destinations().check_url(url) == url


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b::a00:1", False),
        ("2002:5db8:d70e::", True),
        ("2002:a00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("fec0::1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.9", False),
        ("240.0.0.1", False),
    ],
)
def test_public_is_what_anybody_can_reach(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def test_without_tls_only_the_operators_own_networks_are_allowed() -> None:
    bare = Destinations([ipaddress.ip_network("10.0.0.0/8")]).for_scheme("http")
    assert bare.allows("10.1.2.3")
    assert not bare.allows("93.184.215.14")
