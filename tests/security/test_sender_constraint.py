"""A token that only its holder can use: the twelve checks of a DPoP proof (RFC 9449 4.3), three ways each and more, and
certificates (RFC 8705). reliability.md S4."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.support.agency import Key, ask_for_token, assertion, b64, form, proof, register
from tests.support.field import Field, now
from tests.support.party import Answer, Party

UNIT = "fk-stockholm"
KEY, HOLDER, THIEF = Key(), Key.on_p256(), Key.on_p256()
PATH = "/v1/inbox"


@dataclass(frozen=True, slots=True)
class Bound:
    """A unit with a token that is bound to `HOLDER`."""

    party: Party
    token: str

    @property
    def url(self) -> str:
        return self.party.hub.url + PATH

    def proof(self, key: Key = HOLDER, **changes: Any) -> str:
        method, url = changes.pop("method", "GET"), changes.pop("url", self.url)
        return proof(key, method, url, changes.pop("token", self.token), **changes)

    async def call(self, *proofs: str, scheme: str = "DPoP", path: str = PATH) -> Answer:
        headers = [("Authorization", f"{scheme} {self.token}"), *(("DPoP", each) for each in proofs)]
        async with self.party.session.get(self.party.hub.url + path, headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())


@pytest.fixture
async def party(field: Field) -> Party:
    party = field.party(UNIT)
    await register(party, KEY)
    return party


@pytest.fixture
async def bound(party: Party) -> Bound:
    shown = proof(HOLDER, "POST", party.hub.url + "/oauth/token")
    answer = await ask_for_token(party, form(assertion(UNIT, KEY)), DPoP=shown)
    assert (answer.status, answer.json["token_type"]) == (200, "DPoP"), answer.body
    return Bound(party, answer.json["access_token"])


async def test_the_holder_of_the_key_can_use_the_token(bound: Bound) -> None:
    assert (await bound.call(bound.proof())).status == 200
    assert (await bound.call(bound.proof(), path=PATH + "?limit=5#part")).status == 200


async def test_the_scheme_of_the_address_may_be_in_capitals(bound: Bound) -> None:
    assert (await bound.call(bound.proof(url=bound.url.replace("http", "HTTP", 1)))).status == 200


def twisted(proof_: str) -> str:
    head, _, signature = proof_.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def private_jwk() -> dict[str, str]:
    number = HOLDER.private.private_numbers().private_value  # type: ignore[union-attr]
    return {**HOLDER.jwk, "d": b64(number.to_bytes(32))}


def at(seconds: int) -> Callable[[Bound], list[str]]:
    return lambda bound: [bound.proof(at=now() + timedelta(seconds=seconds))]


def header(**changes: Any) -> Callable[[Bound], list[str]]:
    return lambda bound: [bound.proof(header=changes)]


def claims(**changes: Any) -> Callable[[Bound], list[str]]:
    return lambda bound: [bound.proof(**changes)]


def hmac_with_public_key(bound: Bound) -> list[str]:
    body = ".".join(bound.proof(header={"alg": "HS256"}).split(".")[:2])
    return [f"{body}.{b64(hmac.digest(HOLDER.jwk['x'].encode(), body.encode(), hashlib.sha256))}"]


BAD: dict[str, Callable[[Bound], list[str]]] = {
    "1 no proof": lambda bound: [],
    "1 two proofs": lambda bound: [bound.proof(), bound.proof()],
    "1 the same proof twice": lambda bound: [bound.proof()] * 2,
    "1 two proofs in one header": lambda bound: [f"{bound.proof()}, {bound.proof()}"],
    "2 no JWT": lambda bound: ["proof"],
    "2 four parts": lambda bound: [bound.proof() + ".x"],
    "2 padding": lambda bound: [bound.proof() + "="],
    "2 claims that are a list": lambda bound: [
        HOLDER.jws({"typ": "dpop+jwt", "alg": "ES256", "jwk": HOLDER.jwk}, ["jti"])
    ],
    "3 no jti": claims(jti=...),
    "3 no htm": claims(htm=...),
    "3 no htu": claims(htu=...),
    "3 no iat": claims(iat=...),
    "3 an empty jti": claims(jti=""),
    "3 an endless jti": claims(jti="a" * 256),
    "3 jti is a number": claims(jti=7),
    "3 iat is a text": claims(iat="now"),
    "4 typ JWT": header(typ="JWT"),
    "4 no typ": header(typ=...),
    "4 typ of an access token": header(typ="at+jwt"),
    "5 alg none": header(alg="none"),
    "5 alg RS256": header(alg="RS256"),
    "5 no alg": header(alg=...),
    "5 HS256 with the public key": hmac_with_public_key,
    "6 a flipped signature": lambda bound: [twisted(bound.proof())],
    "6 another key in the header": header(jwk=THIEF.jwk),
    "6 the algorithm of another curve": header(alg="Ed25519"),
    "7 the private key in the header": lambda bound: [bound.proof(header={"jwk": private_jwk()})],
    "7 no key in the header": header(jwk=...),
    "7 a shared key in the header": header(jwk={"kty": "oct", "k": "AAAA"}),
    "7 a point off the curve": header(jwk={**HOLDER.jwk, "y": HOLDER.jwk["x"]}),
    "7 a key in letters that are none of base64's": header(jwk={"kty": "OKP", "crv": "Ed25519", "x": "é" * 43}),
    "7 a key elsewhere": header(jku="https://evil.example/key"),
    "7 crit": header(crit=["exp"]),
    "8 another method": claims(method="POST"),
    "8 the method in small letters": claims(method="get"),
    "8 an empty method": claims(htm=""),
    "9 another path": lambda bound: [bound.proof(url=bound.url + "/x")],
    "9 another host": lambda bound: [bound.proof(url="http://hub.example/v1/inbox")],
    "9 another scheme": lambda bound: [bound.proof(url=bound.url.replace("http:", "https:"))],
    "9 another port": lambda bound: [bound.proof(url="http://127.0.0.1:1/v1/inbox")],
    "9 with its query": lambda bound: [bound.proof(url=bound.url + "?limit=5")],
    "9 no address": claims(htu="inbox"),
    "9 a broken address": claims(htu="http://[::1/v1/inbox"),
    "11 61 s old": at(-62),
    "11 an hour old": at(-3600),
    "11 ahead": at(15),
    "11 before all times": claims(iat=-1),
    "11 after all times": claims(iat=2**53),
    "12 no ath": claims(ath=...),
    "12 ath of another token": claims(ath=b64(hashlib.sha256(b"other").digest())),
    "12 ath is the token": lambda bound: [bound.proof(ath=bound.token)],
    "12 ath is no text": claims(ath=7),
    "12 another's key": lambda bound: [bound.proof(THIEF)],
}


@pytest.mark.parametrize("name", BAD)
async def test_a_proof_that_proves_nothing_opens_nothing(bound: Bound, name: str) -> None:
    answer = await bound.call(*BAD[name](bound))
    assert (answer.status, answer.code) == (401, "NOT_AUTHENTICATED")
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_each_check_is_tried_in_at_least_three_ways() -> None:
    """The tenth is the nonce, which this hub does not ask for: a proof counts once by its jti."""
    tried = Counter(name.split(" ")[0] for name in BAD)
    assert set(tried) == {str(number) for number in range(1, 13) if number != 10}
    assert all(many >= 3 for many in tried.values())
    assert len(BAD) >= 36


async def test_a_proof_counts_once(bound: Bound) -> None:
    shown = bound.proof()
    assert (await bound.call(shown)).status == 200
    again = await bound.call(shown)
    assert again.status == 401
    assert "used before" in again.headers["WWW-Authenticate"]


async def test_of_many_calls_with_one_proof_at_once_one_is_answered(bound: Bound) -> None:
    shown = bound.proof()
    answers = await asyncio.gather(*(bound.call(shown) for _ in range(50)))
    assert Counter(answer.status for answer in answers) == {200: 1, 401: 49}


async def test_a_bound_token_is_no_bearer_token(bound: Bound) -> None:
    assert (await bound.call(scheme="Bearer")).status == 401
    assert (await bound.call(bound.proof(), scheme="Bearer")).status == 401


async def test_a_bearer_token_is_not_made_better_by_a_proof(party: Party) -> None:
    given = await ask_for_token(party, form(assertion(UNIT, KEY)))
    plain = Bound(party, given.json["access_token"])
    assert (await plain.call(scheme="Bearer")).status == 200
    assert (await plain.call(plain.proof())).status == 401


@pytest.mark.parametrize("shown", ["proof", ""])
async def test_a_broken_proof_gets_no_token(party: Party, shown: str) -> None:
    answer = await ask_for_token(party, form(assertion(UNIT, KEY)), DPoP=shown)
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof")


async def test_a_proof_for_the_token_endpoint_counts_once_too(party: Party) -> None:
    shown = proof(HOLDER, "POST", party.hub.url + "/oauth/token")
    first = await ask_for_token(party, form(assertion(UNIT, KEY)), DPoP=shown)
    second = await ask_for_token(party, form(assertion(UNIT, KEY)), DPoP=shown)
    assert (first.status, second.status) == (200, 401)


@pytest.mark.parametrize("name", ["X-Client-Cert", "Client-Cert", "X-SSL-Cert", "X-Forwarded-Client-Cert"])
async def test_a_certificate_in_a_header_of_anybody_is_text(party: Party, name: str) -> None:
    answer = await ask_for_token(party, form(assertion(UNIT, KEY)), **{name: ":AAAA:"})
    assert answer.status == 200
    claims_ = answer.json["access_token"].split(".")[1]
    assert "cnf" not in json.loads(base64.urlsafe_b64decode(claims_ + "=="))
