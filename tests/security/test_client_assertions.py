"""How an agency proves who it is, and the ways that prove nothing (reliability.md S2, S3; RFC 7523, RFC 8725)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.store.records import AuditQuery
from tests.security.conftest import BuildTown
from tests.support.agency import ISSUER, Key, ask_for_token, assertion, b64, form, operator, register, segment
from tests.support.field import Field, now
from tests.support.party import Party
from tests.support.town import Neighbour, Town

KEY, EC_KEY, STRANGE_KEY = Key(), Key.on_p256(), Key()
UNIT = "sd-farsta"


@pytest.fixture
async def town(build_town: BuildTown) -> Town:
    town = await build_town()
    await register(town.party(UNIT), KEY, name="2026-1")
    return town


@pytest.fixture
def farsta(town: Town) -> Neighbour:
    return town.party(UNIT)


@pytest.fixture
async def known(field: Field) -> Party:
    """A unit with a registered key at the hub that all tests share, by the clock of the machine."""
    party = field.party(UNIT)
    await register(party, KEY, name="2026-1")
    return party


async def ask(party: Party, signed: str, **more: Any) -> tuple[int, str]:
    answer = await ask_for_token(party, form(signed, **more))
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, answer.json.get("error", "")


async def test_who_signs_with_a_registered_key_gets_a_token_that_opens_its_inbox(farsta: Neighbour, town: Town) -> None:
    answer = await ask_for_token(farsta, form(assertion(UNIT, KEY, at=town.clock.now())))
    assert answer.status == 200, answer.body
    given = answer.json
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 900)
    stranger = Party(farsta.session, farsta.hub, UNIT, given["access_token"])
    assert (await stranger.call("GET", "/v1/inbox")).status == 200
    assert (await stranger.call("GET", "/v1/admin/staff")).status == 401


GOOD: dict[str, Callable[[Any], str]] = {
    "kid is the thumbprint": lambda at: assertion(UNIT, KEY, at=at, header={"kid": KEY.thumbprint}),
    "kid is the unit's own name": lambda at: assertion(UNIT, KEY, at=at, header={"kid": "2026-1"}),
    "the older name of the algorithm": lambda at: assertion(UNIT, KEY, at=at, header={"alg": "EdDSA", "typ": "JWT"}),
    "the type of the draft": lambda at: assertion(UNIT, KEY, at=at, header={"typ": "client-authentication+jwt"}),
    "a clock 10 s ahead": lambda at: assertion(UNIT, KEY, at=at, iat=int(at.timestamp()) + 10),
    "an hour of life": lambda at: assertion(UNIT, KEY, at=at, exp=int(at.timestamp()) + 3600),
    "fractions of a second": lambda at: assertion(UNIT, KEY, at=at, iat=at.timestamp() - 0.5),
    "without iat": lambda at: assertion(UNIT, KEY, at=at, iat=...),
    "further claims": lambda at: assertion(UNIT, KEY, at=at, azp="anything"),
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_the_standards_allow_is_taken(known: Party, name: str) -> None:
    assert await ask(known, GOOD[name](now())) == (200, "")


def flipped(signed: str) -> str:
    head, _, signature = signed.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def twice(at: Any) -> str:
    """Two subjects in one object: a lax reader takes the last."""
    now = int(at.timestamp())
    claims = f'{{"iss":"{UNIT}","sub":"jt-sydost","aud":"{ISSUER}","jti":"a","exp":{now + 60},"sub":"{UNIT}"}}'
    return KEY.jws({"alg": "Ed25519"}, claims.encode())


def with_secret(at: Any) -> str:
    """HS256 with the public key as the secret (CVE-2022-29217)."""
    body = ".".join(assertion(UNIT, KEY, at=at, header={"alg": "HS256"}).split(".")[:2])
    return f"{body}.{b64(hmac.digest(KEY.jwk['x'].encode(), body.encode(), hashlib.sha256))}"


def own_key(at: Any) -> str:
    return assertion(UNIT, STRANGE_KEY, at=at, header={"jwk": STRANGE_KEY.jwk})


def claims(**changes: Any) -> Callable[[Any], str]:
    return lambda at: assertion(UNIT, KEY, at=at, **changes)


def header(**changes: Any) -> Callable[[Any], str]:
    return lambda at: assertion(UNIT, KEY, at=at, header=changes)


def later(name: str, seconds: int) -> Callable[[Any], str]:
    return lambda at: assertion(UNIT, KEY, at=at, **{name: int(at.timestamp()) + seconds})


BAD: dict[str, Callable[[Any], str]] = {
    "aud is the token endpoint": claims(aud="http://127.0.0.1/oauth/token"),
    "aud is a list with the issuer": claims(aud=[ISSUER]),
    "aud is the issuer and more": claims(aud=ISSUER + "/"),
    "no aud": claims(aud=...),
    "iss is another unit": claims(iss="jt-sydost"),
    "sub is another unit": claims(sub="jt-sydost"),
    "no iss": claims(iss=...),
    "no sub": claims(sub=...),
    "sub is a list": claims(sub=[UNIT]),
    "sub of nobody": claims(iss="nobody", sub="nobody"),
    "no jti": claims(jti=...),
    "jti is a number": claims(jti=7),
    "an endless jti": claims(jti="a" * 256),
    "no exp": claims(exp=...),
    "exp is a text": claims(exp="4102444800"),
    "exp is true": claims(exp=True),
    "exp beyond all years": claims(exp=2**53),
    "exp is over": later("exp", 0),
    "exp was over a minute ago": later("exp", -60),
    "exp in more than an hour": later("exp", 3611),
    "iat 11 s ahead": later("iat", 11),
    "iat 60 s ahead": later("iat", 61),
    "nbf ahead": later("nbf", 61),
    "iat is a text": claims(iat="now"),
    "alg none": lambda at: ".".join([*assertion(UNIT, KEY, at=at, header={"alg": "none"}).split(".")[:2], ""]),
    "alg none with a signature": header(alg="none"),
    "alg RS256": header(alg="RS256"),
    "alg of the other curve": header(alg="ES256"),
    "HS256 with the public key": with_secret,
    "its own key in the header": own_key,
    "jku": header(jku="https://evil.example/keys"),
    "x5u": header(x5u="https://evil.example/cert"),
    "crit": header(crit=["exp"]),
    "b64 false": header(b64=False, crit=["b64"]),
    "an access token's type": header(typ="at+jwt"),
    "a proof's type": header(typ="dpop+jwt"),
    "kid of another": header(kid="2025-1"),
    "kid is a path": header(kid="../../etc/passwd"),
    "kid is SQL": header(kid="' OR 1=1 --"),
    "kid is a list": header(kid=["2026-1"]),
    "another's key": lambda at: assertion(UNIT, STRANGE_KEY, at=at),
    "another curve's key": lambda at: assertion(UNIT, EC_KEY, at=at),
    "a flipped signature": lambda at: flipped(assertion(UNIT, KEY, at=at)),
    "an empty signature": lambda at: assertion(UNIT, KEY, at=at).rpartition(".")[0] + ".",
    "padding": lambda at: assertion(UNIT, KEY, at=at) + "==",
    "four parts": lambda at: assertion(UNIT, KEY, at=at) + ".x",
    "two subjects": twice,
    "claims that are a list": lambda at: KEY.jws({"alg": "Ed25519"}, [1]),
    "claims that are no JSON": lambda at: KEY.jws({"alg": "Ed25519"}, b"{"),
    "a header that is no object": lambda at: f"{segment('x')}.{segment({})}.{b64(bytes(64))}",
    "9,000 characters": claims(padding="a" * 9000),
    "no token at all": lambda at: "assertion",
    "nothing": lambda at: "",
}


@pytest.mark.parametrize("name", BAD)
async def test_what_proves_nothing_gets_nothing(known: Party, name: str) -> None:
    assert await ask(known, BAD[name](now())) == (401, "invalid_client")


def test_there_are_enough_ways() -> None:
    assert len(BAD) >= 50


FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "another grant": ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    "no grant": ({"grant_type": ...}, "unsupported_grant_type"),
    "a scope that does not exist": ({"scope": "inbox:read everything"}, "invalid_scope"),
    "an empty scope": ({"scope": ""}, "invalid_scope"),
    "another kind of assertion": ({"client_assertion_type": "saml"}, "invalid_client"),
    "another client id": ({"client_id": "jt-sydost"}, "invalid_client"),
    "no assertion": ({"client_assertion": ...}, "invalid_client"),
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_wrong_form_is_told_in_the_words_of_oauth(known: Party, name: str) -> None:
    changes, error = FORMS[name]
    status, told = await ask(known, assertion(UNIT, KEY, at=now()), **changes)
    assert (status, told) == (401 if error == "invalid_client" else 400, error)


async def test_a_secret_or_a_second_way_to_authenticate_is_refused(known: Party) -> None:
    body = form(assertion(UNIT, KEY, at=now()))
    answer = await ask_for_token(known, body, Authorization="Basic c2QtZmFyc3RhOng=")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


async def test_a_parameter_that_stands_twice_is_refused(known: Party) -> None:
    pairs = [*form(assertion(UNIT, KEY, at=now())).items(), ("scope", "inbox:read"), ("scope", "cases:read")]
    answer = await ask_for_token(known, pairs)  # type: ignore[arg-type]
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


async def test_an_assertion_counts_once_also_when_it_failed_to_bind(farsta: Neighbour, town: Town) -> None:
    signed = assertion(UNIT, KEY, at=town.clock.now())
    assert await ask(farsta, signed) == (200, "")
    assert await ask(farsta, signed) == (401, "invalid_client")
    town.clock.advance(timedelta(seconds=59))
    assert await ask(farsta, signed) == (401, "invalid_client")


async def test_an_id_that_another_unit_has_used_is_not_used_up(town: Town, farsta: Neighbour) -> None:
    other_key, jobbtorg = Key(), town.party("jt-sydost")
    await register(jobbtorg, other_key)
    at = town.clock.now()
    assert await ask(farsta, assertion(UNIT, KEY, at=at, jti="one")) == (200, "")
    assert await ask(jobbtorg, assertion("jt-sydost", other_key, at=at, jti="one")) == (200, "")


@pytest.mark.slow
async def test_of_a_thousand_replays_at_once_exactly_one_gets_a_token(farsta: Neighbour, town: Town) -> None:
    signed = assertion(UNIT, KEY, at=town.clock.now())
    answers = await asyncio.gather(*(ask(farsta, signed) for _ in range(1000)))
    assert Counter(answers) == {(200, ""): 1, (401, "invalid_client"): 999}


async def test_of_many_replays_at_once_exactly_one_gets_a_token(farsta: Neighbour, town: Town) -> None:
    signed = assertion(UNIT, KEY, at=town.clock.now())
    answers = await asyncio.gather(*(ask(farsta, signed) for _ in range(50)))
    assert sorted(answers).count((200, "")) == 1


async def test_a_token_opens_what_was_asked_for_and_no_more(farsta: Neighbour, town: Town) -> None:
    answer = await ask_for_token(farsta, form(assertion(UNIT, KEY, at=town.clock.now()), scope="inbox:read"))
    assert answer.json["scope"] == "inbox:read"
    program = Party(farsta.session, farsta.hub, UNIT, answer.json["access_token"])
    assert (await program.call("GET", "/v1/inbox")).status == 200
    refused = await program.post(b"{}")
    assert (refused.status, refused.code) == (403, "SCOPE_MISSING")
    assert 'scope="messages:send"' in refused.headers["WWW-Authenticate"]


async def test_a_rotated_key_counts_until_the_overlap_is_over(farsta: Neighbour, town: Town) -> None:
    fresh = Key.on_p256()
    await register(farsta, fresh, overlap_seconds=3600)
    at = town.clock.now()
    assert await ask(farsta, assertion(UNIT, KEY, at=at)) == (200, "")
    assert await ask(farsta, assertion(UNIT, fresh, at=at)) == (200, "")
    town.clock.advance(timedelta(hours=1))
    at = town.clock.now()
    assert await ask(farsta, assertion(UNIT, KEY, at=at)) == (401, "invalid_client")
    assert await ask(farsta, assertion(UNIT, fresh, at=at)) == (200, "")


async def test_a_revoked_key_counts_no_more_and_one_for_tomorrow_not_yet(farsta: Neighbour, town: Town) -> None:
    tomorrow = Key()
    await register(farsta, tomorrow, begins=(town.clock.now() + timedelta(days=1)).isoformat())
    assert await ask(farsta, assertion(UNIT, tomorrow, at=town.clock.now())) == (401, "invalid_client")
    revoked = await operator(farsta).call("DELETE", f"/v1/admin/parties/{UNIT}/keys/{KEY.thumbprint}")
    assert revoked.status == 204
    assert await ask(farsta, assertion(UNIT, KEY, at=town.clock.now())) == (401, "invalid_client")
    town.clock.advance(timedelta(days=1))
    assert await ask(farsta, assertion(UNIT, tomorrow, at=town.clock.now())) == (200, "")
    entries = [json.loads(row.entry) for row in town.hub.reader.list_audit(AuditQuery(unit=UNIT, limit=500))]
    added = [entry["key"] for entry in entries if entry["action"] == "party_key_added"]
    assert added == [KEY.thumbprint, tomorrow.thumbprint]
    assert [entry["key"] for entry in entries if entry["action"] == "party_key_revoked"] == [KEY.thumbprint]


async def test_the_log_tells_who_got_a_token_by_which_key_and_who_did_not(farsta: Neighbour, town: Town) -> None:
    at = town.clock.now()
    await ask(farsta, assertion(UNIT, KEY, at=at), scope="inbox:read cases:read")
    for _ in range(100):
        await ask(farsta, assertion(UNIT, STRANGE_KEY, at=at))
    await ask(farsta, assertion("nobody", STRANGE_KEY, at=at))
    entries = [json.loads(row.entry) for row in town.hub.reader.list_audit(AuditQuery(limit=500))]
    (issued,) = [entry for entry in entries if entry["action"] == "token_issued"]
    assert (issued["actor"], issued["key"]) == (UNIT, KEY.thumbprint)
    assert issued["scope"] == ["cases:read", "inbox:read"]
    refused = [entry for entry in entries if entry["action"] == "token_refused"]
    assert {(entry["actor"], entry["reason"]) for entry in refused} == {(UNIT, "key")}
    assert len(refused) == 60


async def test_who_cannot_sign_does_not_learn_whether_the_unit_is_there_or_has_a_key(known: Party) -> None:
    at = now()
    answers = [
        (await ask_for_token(known, form(assertion(unit, STRANGE_KEY, at=at)))).json
        for unit in (UNIT, "jt-sydost", "nobody", "' OR 1=1 --")
    ]
    assert all(answer == answers[0] for answer in answers)
