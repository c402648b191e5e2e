"""Two agencies whose suppliers know nothing but the documentation: Authlib for the token, httpx for everything else."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, OKPKey

from tests.support import agency, events, persons
from tests.support.field import Field
from tests.support.hub_process import HubProcess


def make_key(folder: Path, *arguments: str) -> tuple[Path, Path]:
    """As `docs/how-to/connect-a-case-system.md` says; the private and the public file."""
    private, public = folder / "own.pem", folder / "own.pub.pem"
    folder.mkdir()
    subprocess.run(["openssl", "genpkey", *arguments, "-out", str(private)], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True, capture_output=True
    )
    return private, public


class Agency:
    """What its supplier wrote."""

    def __init__(self, unit: str, hub: HubProcess, key: OKPKey | ECKey, algorithm: str, issuer: str) -> None:
        self.unit = unit
        self._hub = hub
        self.client = AsyncOAuth2Client(unit, key, token_endpoint_auth_method="private_key_jwt")
        self.client.register_client_auth_method(PrivateKeyJWT(issuer, alg=algorithm))

    async def sign_in(self, endpoint: str) -> None:
        await self.client.fetch_token(endpoint, grant_type="client_credentials")

    async def call(self, method: str, path: str, **parts: Any) -> httpx.Response:
        answer: httpx.Response = await self.client.request(method, self._hub.url + path, **parts)
        return answer

    async def send(self, name: str, body: Any) -> httpx.Response:
        event = events.event(name, self.unit, body, at=datetime.now(UTC))
        headers = {"Content-Type": "application/cloudevents+json"}
        return await self.call("POST", "/v1/messages", json=event, headers=headers)


@pytest.fixture
async def agencies(field: Field, tmp_path: Path) -> Any:
    """A stadsdel with an Ed25519 key and a jobbtorg with an EC key, each registered from the file of openssl."""
    hub = field.hub
    async with httpx.AsyncClient() as plain:
        metadata = (await plain.get(f"{hub.url}/.well-known/oauth-authorization-server")).json()
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    made = []
    for unit, kind, algorithm, arguments in (
        ("sd-farsta", OKPKey, "Ed25519", ["-algorithm", "ed25519"]),
        ("jt-sydost", ECKey, "ES256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ):
        private, public = make_key(tmp_path / unit, *arguments)
        command = ["party", "key", "add", unit, str(public), "--name", "2026-1"]
        await asyncio.to_thread(hub_command, hub, *command)
        key = kind.import_key(private.read_text())
        each = Agency(unit, hub, key, algorithm, metadata["issuer"])
        await each.sign_in(metadata["token_endpoint"])
        made.append(each)
    yield made
    for each in made:
        await each.client.aclose()


def hub_command(hub: HubProcess, *words: str) -> None:
    import sys

    command = [sys.executable, "-m", "hub", *words, "--hub", hub.url, "--data-dir", str(hub.data_dir)]
    root = Path(__file__).parents[2]
    subprocess.run(command, check=True, capture_output=True, cwd=root)


async def test_foreign_programs_get_tokens_send_receive_acknowledge_and_report(agencies: list[Agency]) -> None:
    stadsdel, jobbtorg = agencies
    at, person = datetime.now(UTC), persons.ADULTS[-1]
    consent = events.consent(at=at, recorder="sd-farsta", person=person, edges=events.both_ways("sdn-farsta", "amn"))
    assert (await stadsdel.send("consent.recorded", consent)).status_code == 202
    referral = await stadsdel.send("referral.submitted", events.data("referral.submitted", at=at, person=person))
    assert referral.status_code == 202, referral.text
    receipt = referral.json()

    inbox = (await jobbtorg.call("GET", "/v1/inbox", params={"limit": 500})).json()["items"]
    (claim,) = [item for item in inbox if item["message"] == receipt["id"]]
    opened = await jobbtorg.call("GET", claim["dataref"])
    assert opened.status_code == 200
    assert opened.json()["data"]["person"]["personal_number"] == person.number
    assert (await jobbtorg.call("POST", f"{claim['dataref']}/ack")).status_code == 204
    handled = await jobbtorg.call("POST", f"{claim['dataref']}/handled", json={"outcome": "handled"})
    assert handled.status_code == 204

    sent = (await stadsdel.call("GET", f"/v1/messages/{receipt['id']}")).json()
    (row,) = [row for row in sent["recipients"] if row["unit"] == "jt-sydost"]
    assert (row["state"], row["outcome"]) == ("handled", "handled")
    assert row["acknowledged"] is not None


async def test_a_foreign_program_without_a_key_gets_words_that_help(field: Field) -> None:
    key = agency.Key()
    answer = await agency.ask_for_token(field.stranger(), agency.form(agency.assertion("sd-bromma", key)))
    assert answer.json["error"] == "invalid_client"
    assert "key" in answer.json["error_description"]
