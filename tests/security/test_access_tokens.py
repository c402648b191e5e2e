"""Access tokens that are none: sixty ways, each at three addresses (S2; RFC 8725, RFC 9068, ASVS 9)."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from hub import bootstrap, settings
from tests.security.conftest import BuildTown
from tests.support.agency import Key, b64, segment, without_gaps
from tests.support.field import Field
from tests.support.party import STRUCTURED, Party

UNIT, STAFF = "sd-farsta", "staff:operator"
STRANGE_KEY, EC_KEY = Key(), Key.on_p256()
# Method, path, and whose token opens it.
DOORS = (("GET", "/v1/inbox", UNIT), ("POST", "/v1/messages", UNIT), ("GET", "/v1/admin/staff", STAFF))


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes tokens with the hub's own key, right or wrong on purpose."""

    key: Key
    kid: str
    subject: str
    now: int

    def claims(self, **changes: Any) -> dict[str, Any]:
        right = {
            "iss": "urn:samverkan:hub",
            "aud": "urn:samverkan:hub",
            "sub": self.subject,
            "iat": self.now,
            "nbf": self.now,
            "exp": self.now + 300,
            "jti": uuid.uuid4().hex,
            "client_id": self.subject,
            "scope": "inbox:read messages:send messages:read",
        }
        return without_gaps(right | changes)

    def header(self, **changes: Any) -> dict[str, Any]:
        return without_gaps({"alg": "Ed25519", "typ": "at+jwt", "kid": self.kid} | changes)

    def token(self, header: Any = None, claims: Any = None, key: Key | None = None) -> str:
        head = self.header() if header is None else header
        body = self.claims() if claims is None else claims
        return (key or self.key).jws(head, body)


def claims(**changes: Any) -> Callable[[Maker], str]:
    return lambda make: make.token(claims=make.claims(**changes))


def header(**changes: Any) -> Callable[[Maker], str]:
    return lambda make: make.token(header=make.header(**changes))


def times(**seconds: int) -> Callable[[Maker], str]:
    """Instants, so many seconds from now."""
    return lambda make: make.token(claims=make.claims(**{name: make.now + by for name, by in seconds.items()}))


def text(change: Callable[[str], str]) -> Callable[[Maker], str]:
    return lambda make: change(make.token())


def with_public_key_as_secret(make: Maker) -> str:
    """CVE-2022-29217: a public key taken for a shared secret."""
    body = f"{segment(make.header(alg='HS256'))}.{segment(make.claims())}"
    return f"{body}.{b64(hmac.digest(make.key.jwk['x'].encode(), body.encode(), hashlib.sha256))}"


def twice(name: str, first: str) -> Callable[[Maker], str]:
    """A name that stands twice: a lax reader takes the last, which is right."""
    return lambda make: make.token(claims=f'{{"{name}":"{first}",{json.dumps(make.claims())[1:]}'.encode())


def alter_signature(token: str) -> str:
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def take_claims_of_another(make: Maker) -> str:
    head, _, signature = make.token().split(".")
    return f"{head}.{segment(make.claims(sub='jt-sydost'))}.{signature}"


BAD: dict[str, Callable[[Maker], str]] = {
    "exp was 61 s ago": times(iat=-361, nbf=-361, exp=-61),
    "exp was an hour ago": times(iat=-3900, nbf=-3900, exp=-3600),
    "exp before iat": times(iat=0, exp=-1),
    "exp is iat": times(iat=0, exp=0),
    "exp in two hours": times(exp=7200),
    "exp in a year": times(exp=31_536_000),
    "exp is missing": claims(exp=...),
    "exp is null": claims(exp=None),
    "exp is a text": claims(exp="4102444800"),
    "exp is a fraction": claims(exp=4102444800.5),
    "exp is true": claims(exp=True),
    "exp is negative": claims(exp=-1),
    "exp beyond all years": claims(exp=2**53),
    "nbf in two minutes": times(nbf=120),
    "nbf is missing": claims(nbf=...),
    "nbf is a list": claims(nbf=[0]),
    "iat in two minutes": times(iat=120, exp=300),
    "iat is missing": claims(iat=...),
    "iat is a text": claims(iat="now"),
    "iss is missing": claims(iss=...),
    "iss is another hub": claims(iss="urn:samverkan:other"),
    "iss begins like ours": claims(iss="urn:samverkan:hub.evil.example"),
    "iss is the beginning of ours": claims(iss="urn:samverkan"),
    "iss in capitals": claims(iss="URN:SAMVERKAN:HUB"),
    "iss is a list": claims(iss=["urn:samverkan:hub"]),
    "aud is missing": claims(aud=...),
    "aud is another": claims(aud="urn:samverkan:other"),
    "aud is a list with ours": claims(aud=["urn:samverkan:hub"]),
    "aud is null": claims(aud=None),
    "aud with a slash": claims(aud="urn:samverkan:hub/"),
    "sub is missing": claims(sub=...),
    "sub is empty": claims(sub=""),
    "sub is nobody's form": claims(sub="SD-FARSTA"),
    "sub has a line break": claims(sub=f"{UNIT}\n"),
    "sub is a number": claims(sub=7),
    "sub is a list": claims(sub=[UNIT]),
    "sub is a person without an id": claims(sub="staff:"),
    "sub is a personal number with a plus": claims(sub="900101+2385"),
    "jti is missing": claims(jti=...),
    "jti is short": claims(jti="a"),
    "jti is endless": claims(jti="a" * 65),
    "typ is missing": header(typ=...),
    "typ is JWT": header(typ="JWT"),
    "typ of a proof": header(typ="dpop+jwt"),
    "typ of a receipt": header(typ="receipt+jwt"),
    "typ in capitals": header(typ="AT+JWT"),
    "alg is missing": header(alg=...),
    "alg none": lambda make: make.token(header=make.header(alg="none")).rpartition(".")[0] + ".",
    "alg none with a signature": header(alg="none"),
    "alg None": header(alg="None"),
    "alg EdDSA": header(alg="EdDSA"),
    "alg RS256": header(alg="RS256"),
    "alg ES256": header(alg="ES256"),
    "HS256 with the public key": with_public_key_as_secret,
    "alg is a list": header(alg=["Ed25519"]),
    "kid is missing": header(kid=...),
    "kid of another": header(kid="2026-1"),
    "kid is a path": header(kid="../../../../dev/null"),
    "kid is SQL": header(kid="' UNION SELECT 'x' --"),
    "kid is an address": header(kid="https://evil.example/keys"),
    "jku": header(jku="https://evil.example/keys"),
    "x5u": header(x5u="https://evil.example/cert"),
    "x5c": header(x5c=["MIIB"]),
    "jwk of its own": lambda make: make.token(header=make.header(jwk=STRANGE_KEY.jwk), key=STRANGE_KEY),
    "crit": header(crit=["exp"]),
    "crit of nothing": header(crit=[]),
    "b64 false": header(b64=False, crit=["b64"]),
    "zip": header(zip="DEF"),
    "a stranger's key": lambda make: make.token(key=STRANGE_KEY),
    "a stranger's key on another curve": lambda make: make.token(header=make.header(alg="ES256"), key=EC_KEY),
    "another's claims": take_claims_of_another,
    "an altered signature": text(alter_signature),
    "no signature": text(lambda token: token.rpartition(".")[0] + "."),
    "two parts": text(lambda token: token.rpartition(".")[0]),
    "four parts": text(lambda token: token + ".e30"),
    "padding": text(lambda token: token + "="),
    "a token in a token": text(lambda token: f"{token}{token}"),
    "sub twice": twice("sub", "jt-sydost"),
    "exp twice": twice("exp", "0"),
    "claims that are a list": lambda make: make.token(claims=[1]),
    "claims that are no JSON": lambda make: make.token(claims=b"{"),
    "claims with NaN": lambda make: make.token(claims=b'{"exp":NaN}'),
    "claims a thousand deep": lambda make: make.token(claims=b"[" * 1000 + b"]" * 1000),
    "a header that is a text": lambda make: make.token(header="x"),
}


def makers(field: Field) -> dict[str, Maker]:
    given = settings.load({"data_dir": field.hub.data_dir}, {}, None)
    own = bootstrap.open_signing_key(given, create=False)
    at = getattr(field.hub, "clock", None)
    now = int((at.now() if at is not None else datetime.now(UTC)).timestamp())
    return {subject: Maker(Key(own.private), own.key_id, subject, now) for subject in (UNIT, STAFF)}


async def knock(field: Field, way: Callable[[Maker], str]) -> list[tuple[int, str | None]]:
    """What each door answers to such a token."""
    answers = []
    for method, path, subject in DOORS:
        caller = Party(field.session, field.hub, subject, way(makers(field)[subject]))
        body = {"data": b"{}", "headers": {"Content-Type": STRUCTURED}} if method == "POST" else {}
        answer = await caller.call(method, path, **body)
        answers.append((answer.status, answer.code))
    return answers


async def test_a_right_token_opens_each_door(field: Field) -> None:
    opened = await knock(field, Maker.token)
    assert [status for status, _ in opened] == [200, 400, 200]  # an empty object is no event


def test_there_are_enough_ways() -> None:
    assert len(BAD) >= 60
    assert len(DOORS) == 3


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_token_opens_no_door(field: Field, name: str) -> None:
    assert await knock(field, BAD[name]) == [(401, "NOT_AUTHENTICATED")] * len(DOORS)


async def test_clocks_may_differ_by_sixty_seconds_and_no_more(build_town: BuildTown) -> None:
    town = await build_town()
    field = Field(town.session, town)  # type: ignore[arg-type]

    async def statuses(**seconds: int) -> set[int]:
        return {status for status, _ in await knock(field, times(**seconds))}

    for by in (10, 60):
        assert await statuses(nbf=by, iat=by) == {200, 400}, by
    assert await statuses(nbf=61, iat=61) == {401}
    for ago in (10, 59):
        assert await statuses(iat=-300, nbf=-300, exp=-ago) == {200, 400}, ago
    for ago in (60, 61):
        assert await statuses(iat=-300, nbf=-300, exp=-ago) == {401}, ago
