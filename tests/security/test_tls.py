"""The hub ends TLS itself: tokens that count only over the caller's own certificate (RFC 8705; S4, S17)."""

from __future__ import annotations

import base64
import json
import ssl
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import settings
from hub.api import tls
from hub.settings import SettingWrong
from tests.security.conftest import BuildTown
from tests.support.agency import Key, ask_for_token, assertion, form, operator, register
from tests.support.certificates import Certificate, client_context
from tests.support.party import Answer, Party
from tests.support.town import Town

UNIT, KEY = "sd-farsta", Key()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Certificate:
    return Certificate(folder, "authority")


@pytest.fixture(scope="module")
def own(folder: Path, authority: Certificate) -> Certificate:
    return Certificate(folder, "farsta", authority)


@pytest.fixture(scope="module")
def others(folder: Path, authority: Certificate) -> Certificate:
    return Certificate(folder, "bromma", authority)


@pytest.fixture
async def town(build_town: BuildTown, folder: Path, authority: Certificate) -> Town:
    server = Certificate(folder, "hub", authority)
    given = {"tls_cert": server.cert_path, "tls_key": server.key_path, "tls_client_ca": authority.cert_path}
    return await build_town(**given)


class Office:
    """A caller with sessions of its own, one for each certificate that it may show."""

    def __init__(self, town: Town, authority: Certificate) -> None:
        self._town, self._authority = town, authority
        self._sessions: list[aiohttp.ClientSession] = []

    def with_(self, shown: Certificate | None, token: str = "") -> Party:
        connector = aiohttp.TCPConnector(ssl=client_context(self._authority, shown))
        session = aiohttp.ClientSession(connector=connector)
        self._sessions.append(session)
        return Party(session, self._town, UNIT, token)  # type: ignore[arg-type]

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()


@pytest.fixture
async def office(town: Town, authority: Certificate) -> AsyncIterator[Office]:
    office = Office(town, authority)
    await register(office.with_(None), KEY)
    yield office
    await office.close()


async def fetch(party: Party, town: Town, **headers: str) -> Answer:
    return await ask_for_token(party, form(assertion(UNIT, KEY, at=town.clock.now())), **headers)


def confirmation(answer: Answer) -> Any:
    claims = answer.json["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "==")).get("cnf")


async def status(party: Party) -> int:
    return (await party.call("GET", "/v1/inbox")).status


async def test_a_token_from_a_connection_with_a_certificate_counts_only_with_it(
    office: Office, town: Town, own: Certificate, others: Certificate
) -> None:
    given = await fetch(office.with_(own), town)
    assert confirmation(given) == {"x5t#S256": own.thumbprint}
    token = given.json["access_token"]
    assert await status(office.with_(own, token)) == 200
    assert await status(office.with_(others, token)) == 401
    assert await status(office.with_(None, token)) == 401


@pytest.mark.parametrize("name", ["X-Client-Cert", "Client-Cert", "X-SSL-Client-Cert"])
async def test_a_forged_header_is_no_certificate(office: Office, town: Town, own: Certificate, name: str) -> None:
    token = (await fetch(office.with_(own), town)).json["access_token"]
    forged = f":{base64.b64encode(own.der).decode()}:"
    answer = await office.with_(None, token).call("GET", "/v1/inbox", headers={name: forged})
    assert answer.status == 401


async def test_of_a_unit_with_registered_certificates_no_other_counts(
    office: Office, town: Town, own: Certificate, others: Certificate
) -> None:
    body = {"certificate": own.pem}
    added = await operator(office.with_(None)).call("POST", f"/v1/admin/parties/{UNIT}/keys", json=body)
    assert (added.status, added.json["key"]) == (201, own.thumbprint)
    assert (await fetch(office.with_(own), town)).status == 200
    for shown in (others, None):
        refused = await fetch(office.with_(shown), town)
        assert (refused.status, refused.json["error"]) == (401, "invalid_client")


async def test_a_certificate_that_nobody_vouches_for_gets_no_connection(office: Office, folder: Path) -> None:
    stranger = Certificate(folder, "stranger")
    with pytest.raises(aiohttp.ClientError):
        await office.with_(stranger).call("GET", "/livez")


async def test_old_tls_is_refused(town: Town, authority: Certificate) -> None:
    context = client_context(authority)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(town.url + "/livez")


def test_old_tls_is_refused_whatever_the_ciphers_are(folder: Path, authority: Certificate) -> None:
    server = Certificate(folder, "hub-alone", authority)
    given = {"data_dir": folder, "tls_cert": server.cert_path, "tls_key": server.key_path}
    context = tls.build_context(settings.load(given, {}, None))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_where_there_is_tls_browsers_are_told_to_stay_with_it(
    office: Office, build_town: BuildTown, session: aiohttp.ClientSession
) -> None:
    for path in ("/livez", "/v1/inbox", "/connection", "/nothing"):
        answer = await office.with_(None).call("GET", path)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    behind = await build_town(public_url="https://hub.example", data_dir=office._town.data_dir / "behind")
    plain = await build_town(data_dir=office._town.data_dir / "plain")
    for town, is_told in ((behind, True), (plain, False)):
        async with session.get(town.url + "/livez") as answer:
            assert ("Strict-Transport-Security" in answer.headers) is is_told


async def test_where_tokens_must_be_bound_an_unbound_one_opens_nothing_and_is_not_given(build_town: BuildTown) -> None:
    town = await build_town(require_bound_tokens=True)
    party = town.party(UNIT)
    assert (await party.call("GET", "/v1/inbox")).status == 401
    await register(party, KEY)
    refused = await fetch(party, town)
    assert (refused.status, refused.json["error"]) == (400, "invalid_request")


async def test_the_header_of_a_proxy_that_the_settings_name_counts(build_town: BuildTown, own: Certificate) -> None:
    town = await build_town(trusted_proxies="127.0.0.1")
    party = town.party(UNIT)
    await register(party, KEY)
    header = {"Client-Cert": f":{base64.b64encode(own.der).decode()}:"}
    given = await fetch(party, town, **header)
    assert confirmation(given) == {"x5t#S256": own.thumbprint}
    caller = Party(party.session, party.hub, UNIT, given.json["access_token"])
    assert (await caller.call("GET", "/v1/inbox", headers=header)).status == 200
    assert (await caller.call("GET", "/v1/inbox")).status == 401
    for broken in (":AAAA:", "AAAA", "::", ":AA", header["Client-Cert"][:-2] + "*:"):
        assert (await caller.call("GET", "/v1/inbox", headers={"Client-Cert": broken})).status == 401


async def test_the_header_of_whoever_is_in_no_network_of_proxies_does_not_count(
    build_town: BuildTown, own: Certificate
) -> None:
    town = await build_town(trusted_proxies="10.20.0.0/16, 127.0.0.8/29", require_bound_tokens=True)
    party = town.party(UNIT)
    await register(party, KEY)
    header = {"Client-Cert": f":{base64.b64encode(own.der).decode()}:"}
    assert (await fetch(party, town, **header)).status == 400


@pytest.mark.parametrize("given", [{"tls_cert": "a"}, {"tls_key": "a"}, {"tls_client_ca": "a"}])
async def test_half_of_what_tls_needs_stops_the_start(build_town: BuildTown, given: dict[str, str]) -> None:
    with pytest.raises(SettingWrong, match="tls_cert and tls_key"):
        await build_town(**given)


async def test_files_that_are_no_certificates_stop_the_start(build_town: BuildTown, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    with pytest.raises(SettingWrong, match="tls_cert or tls_key cannot be used"):
        await build_town(tls_cert=rubbish, tls_key=rubbish)
