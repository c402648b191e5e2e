"""An agency asks what is wrong with its connection, over HTTP and at its own command line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from hub.cli import party_self_test
from tests.support.agency import Key, ask_for_token, assertion, form, proof, register
from tests.support.field import Field, now
from tests.support.party import Answer, Party

PATH = "/v1/self-test"
UNIT = "jt-vasterort"


def checks(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return {check["check"]: check for check in answer.json["checks"]}


async def test_a_stranger_is_told_how_to_begin(field: Field) -> None:
    answer = await field.stranger().call("GET", PATH)
    found = checks(answer)
    assert (answer.json["unit"], answer.json["ok"]) == (None, False)
    assert found["token"]["ok"] is False
    assert "/oauth/token" in found["token"]["todo"]
    assert set(found) == {"clock", "connection", "token"}


async def test_a_unit_is_told_of_its_token_its_keys_and_its_inbox(field: Field) -> None:
    party = field.party(UNIT)
    await register(party, Key())
    answer = await party.call("GET", PATH, params={"time": now().isoformat()})
    found = checks(answer)
    assert (answer.json["unit"], answer.json["ok"]) == (UNIT, True)
    assert all(found[name]["ok"] for name in ("token", "unit", "scopes", "keys", "clock", "inbox"))
    assert "obunden" in found["token"]["said"]


async def test_a_clock_that_is_wrong_and_keys_that_end_soon_are_told(field: Field) -> None:
    party = field.party("jt-sydvast")
    await register(party, Key(), ends=(now() + timedelta(days=20)).isoformat())
    found = checks(await party.call("GET", PATH, params={"time": (now() + timedelta(minutes=3)).isoformat()}))
    assert (found["clock"]["ok"], found["keys"]["ok"]) == (False, False)
    assert "rotate" in found["keys"]["todo"]


async def test_a_proof_that_is_wrong_is_told_in_its_own_words(field: Field) -> None:
    party, key, holder = field.party(UNIT), Key(), Key()
    await register(party, key)
    endpoint = field.hub.url + "/oauth/token"
    given = await ask_for_token(party, form(assertion(UNIT, key)), DPoP=proof(holder, "POST", endpoint))
    token = given.json["access_token"]
    for method, ok in (("GET", True), ("POST", False)):
        shown = proof(holder, method, field.hub.url + PATH, token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": shown}
        async with party.session.get(field.hub.url + PATH, headers=headers) as response:
            found = checks(Answer(response.status, response.headers, await response.read()))
        assert found["token"]["ok"] is ok
    assert "htm" in found["token"]["todo"]


@pytest.mark.parametrize("token", ["a.b.c", "x" * 100])
async def test_a_broken_token_is_told_without_repeating_it(field: Field, token: str) -> None:
    answer = await Party(field.session, field.hub, UNIT, token).call("GET", PATH)
    assert checks(answer)["token"]["ok"] is False
    assert token not in answer.body.decode()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run([sys.executable, "-m", "hub", *words], capture_output=True, text=True, cwd=root)


async def test_the_command_tries_the_whole_way(field: Field, tmp_path: Path) -> None:
    key, path = Key.on_p256(), tmp_path / "own.pem"
    format_, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private.private_bytes(serialization.Encoding.PEM, format_, encryption))
    words = ["party", "self-test", "jt-innerstaden", "--key", str(path), "--dpop", "--hub", field.hub.url]
    refused = await asyncio.to_thread(run, *words)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "invalid_client" in refused.stderr
    await register(field.party("jt-innerstaden"), key)
    told = await asyncio.to_thread(run, *words, "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, document["ok"], document["unit"]) == (0, True, "jt-innerstaden")


async def test_the_command_says_at_which_step_the_way_ends(tmp_path: Path, unused_tcp_port: int) -> None:
    key, path = Key(), tmp_path / "own.pem"
    format_, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private.private_bytes(serialization.Encoding.PEM, format_, encryption))
    words = ["party", "self-test", UNIT, "--key", str(path), "--hub", f"http://127.0.0.1:{unused_tcp_port}"]
    ended = await asyncio.to_thread(run, *words)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "Connection:" in ended.stderr


def test_the_steps_are_told_by_kinds_of_errors_that_there_are() -> None:
    assert all(issubclass(getattr(aiohttp, name), aiohttp.ClientError) for name in party_self_test._STEPS)
