"""Members of a token that hold another kind of value than they should: refused in words, never a fault of the hub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.identity import assertions, dpop
from hub.store.parties import KeyKind, PartyKey
from tests.support.agency import ISSUER, Key, assertion, proof

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
UNIT, URL = "sd-farsta", "https://hub.example/oauth/token"
KEY = Key()
KNOWN = [PartyKey(UNIT, KEY.thumbprint, KeyKind.JWK, "2026-1", KEY.jwk, AT - timedelta(days=1))]
ODD: list[Any] = [[], ["JWT"], {}, {"a": [1]}, 0, -1, 1.5, 10**400, True, False, None, "", "x" * 300, "\0", "å", [[]]]


def taken(given: dict[str, Any]) -> bool:
    signed = assertion(UNIT, KEY, at=AT, **given)
    found = assertions.examine(signed, KNOWN, issuer=ISSUER, at=AT)
    try:
        assertions.client_of(signed)
        assertions.verify(signed, KNOWN, issuer=ISSUER, at=AT)
    except assertions.NotTaken:
        assert found != ()
        return False
    assert found == ()
    return True


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["alg", "typ", "kid", "crit"])
def test_a_header_of_an_assertion_may_hold_anything(name: str, value: Any) -> None:
    assert taken({"header": {name: value}}) is (name in ("typ", "kid") and value is None)


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "jti", "exp", "iat", "nbf"])
def test_a_claim_of_an_assertion_may_hold_anything(name: str, value: Any) -> None:
    past = name in ("iat", "nbf") and type(value) in (int, float) and 0 <= value < 10**9
    assert taken({name: value}) is (past or (name == "jti" and value in ("\0", "å")))


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["typ", "alg", "jwk", "crit"])
def test_a_header_of_a_proof_may_hold_anything(name: str, value: Any) -> None:
    with pytest.raises(dpop.NotProven):
        dpop.verify([proof(KEY, "POST", URL, at=AT, header={name: value})], method="POST", url=URL, at=AT)


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["htm", "htu", "iat", "ath", "jti"])
def test_a_claim_of_a_proof_may_hold_anything(name: str, value: Any) -> None:
    signed = proof(KEY, "POST", URL, "token", at=AT, **{name: value})
    if name == "jti" and value in ("\0", "å"):
        assert dpop.verify([signed], method="POST", url=URL, at=AT, token="token").jti == value
        return
    with pytest.raises(dpop.NotProven):
        dpop.verify([signed], method="POST", url=URL, at=AT, token="token")


@pytest.mark.parametrize("jti", [r"\ud800", r"\udfff\ud800"])
def test_half_a_letter_is_no_text(jti: str) -> None:
    claims = f'{{"iss":"{UNIT}","sub":"{UNIT}","aud":"{ISSUER}","jti":"{jti}","exp":{int(AT.timestamp()) + 60}}}'
    signed = KEY.jws({"alg": KEY.algorithm}, claims.encode())
    assert assertions.examine(signed, KNOWN, issuer=ISSUER, at=AT) == (assertions.Fault.MALFORMED,)
