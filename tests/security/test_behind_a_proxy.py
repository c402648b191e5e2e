"""What is limited by address counts callers and not their proxy, and nobody gets a new count by writing an address."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub import limits
from tests.security.conftest import BuildTown
from tests.support.browsing import Browser

HEADERS = {"x-forwarded-for": "X_Forwarded_For", "forwarded": "Forwarded"}


class Desk:
    """A browser that tries the connection, with what its proxy writes."""

    def __init__(self, url: str) -> None:
        self.browser = Browser(url)

    async def open(self) -> None:
        self._token = (await self.browser.get("/connection")).token

    async def try_once(self, **headers: str) -> int:
        form = {"csrf": self._token, "assertion": "x"}
        return (await self.browser.post("/connection", form, **headers)).status

    async def use_up(self, **headers: str) -> None:
        for _ in range(limits.TRIALS_AN_HOUR):
            assert await self.try_once(**headers) == 200
        assert await self.try_once(**headers) == 429


@pytest.fixture(autouse=True)
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIALS_AN_HOUR", 5)


@pytest.fixture
async def desks() -> AsyncIterator[list[Desk]]:
    opened: list[Desk] = []
    yield opened
    for desk in opened:
        await desk.browser.close()


async def open_desk(build_town: BuildTown, desks: list[Desk], **given: object) -> Desk:
    town = await build_town(**given)
    desks.append(Desk(town.url))
    await desks[-1].open()
    return desks[-1]


def written(header: str, *addresses: str) -> dict[str, str]:
    """As the proxy passes it on: what the caller wrote, and behind it whom the proxy saw."""
    words = [f"for={each}" for each in addresses] if header == "forwarded" else addresses
    return {HEADERS[header]: ", ".join(words)}


@pytest.mark.parametrize("trusted", ["127.0.0.1", "10.20.0.0/16, 127.0.0.0/29"])
@pytest.mark.parametrize("header", HEADERS)
async def test_behind_a_proxy_that_is_named_each_caller_has_its_own_count(
    build_town: BuildTown, desks: list[Desk], header: str, trusted: str
) -> None:
    desk = await open_desk(build_town, desks, trusted_proxies=trusted, client_address_header=header)
    await desk.use_up(**written(header, "192.0.2.7"))
    assert await desk.try_once(**written(header, "203.0.113.9", "192.0.2.7")) == 429
    assert await desk.try_once(**written(header, "192.0.2.8")) == 200
    other = next(name for name in HEADERS if name != header)
    both = written(header, "192.0.2.7") | written(other, "192.0.2.9")
    assert await desk.try_once(**both) == 429


@pytest.mark.parametrize(
    "given",
    [
        {"trusted_proxies": "127.0.0.1"},
        {"client_address_header": "x-forwarded-for"},
        {"trusted_proxies": "127.0.0.2", "client_address_header": "x-forwarded-for"},
        {"trusted_proxies": "127.0.0.8/29", "client_address_header": "x-forwarded-for"},
    ],
)
async def test_an_address_that_anybody_wrote_is_text(
    build_town: BuildTown, desks: list[Desk], given: dict[str, str]
) -> None:
    desk = await open_desk(build_town, desks, **given)
    await desk.use_up(**written("x-forwarded-for", "192.0.2.7"))
    assert await desk.try_once(**written("x-forwarded-for", "192.0.2.8")) == 429


async def test_who_has_a_network_of_ipv6_counts_as_one(build_town: BuildTown, desks: list[Desk]) -> None:
    desk = await open_desk(build_town, desks, trusted_proxies="127.0.0.1", client_address_header="x-forwarded-for")
    await desk.use_up(**written("x-forwarded-for", "2001:db8:0:1::7"))
    assert await desk.try_once(**written("x-forwarded-for", "2001:db8:0:1:ffff::8")) == 429
    assert await desk.try_once(**written("x-forwarded-for", "2001:db8:0:2::7")) == 200
