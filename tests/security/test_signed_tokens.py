"""A signed token altered in any one place is no token: 500 and more alterations, by each algorithm (S1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.identity import jws
from tests.support.agency import Key

KEYS = {"Ed25519": Key(), "ES256": Key.on_p256()}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def token_of(key: Key) -> str:
    claims = {"iss": "sd-farsta", "sub": "sd-farsta", "aud": "urn:samverkan:hub", "jti": "a" * 22, "exp": 1}
    return key.jws({"alg": key.algorithm, "kid": key.thumbprint, "typ": "JWT"}, claims)


def alterations(token: str) -> Iterator[str]:
    """Another letter in every place; every place left out, doubled, padded; parts changed about, cut and repeated."""
    for index, letter in enumerate(token):
        if letter != ".":
            other = LETTERS[LETTERS.index(letter) ^ 1]
            yield token[:index] + other + token[index + 1 :]
        yield token[:index] + token[index + 1 :]
    header, payload, signature = token.split(".")
    yield from (f"{token}{end}" for end in ("=", "==", "A", ".", ".A", " ", "\n", "\0", "%", "é"))
    yield from (f"{begin}{token}" for begin in (" ", "A", ".", "\ufeff"))
    yield from (f"{header}.{payload}.", f"{header}..{signature}", f".{payload}.{signature}", header, "..", "", "...")
    yield from (f"{payload}.{header}.{signature}", f"{header}.{header}.{signature}", f"{signature}.{payload}.{header}")
    yield f"{header}.{payload}.{signature}{signature}"
    yield f"{header}.{payload}.{jws.encode(bytes(64))}"
    yield f"{header}.{payload}.{jws.encode(bytes([255]) * 64)}"
    yield f"{header}.{payload}.{signature.upper()}"
    yield token.replace(".", ",")


def holds(key: Key, token: str) -> bool:
    try:
        return jws.public_key(key.jwk).has_signed(jws.parse(token))
    except jws.Malformed:
        return False


@pytest.mark.parametrize("name", KEYS)
def test_no_alteration_of_a_token_holds(name: str) -> None:
    key = KEYS[name]
    token = token_of(key)
    assert holds(key, token)
    tried = [altered for altered in alterations(token) if altered != token]
    assert len(tried) >= 453
    assert [altered for altered in tried if holds(key, altered)] == []


@pytest.mark.parametrize("name", KEYS)
def test_no_other_key_and_no_other_algorithm_holds(name: str) -> None:
    key = KEYS[name]
    claims = {"iss": "sd-farsta"}
    others = [Key(), Key.on_p256(), *(each for each in KEYS.values() if each is not key)]
    assert not [each for each in others if holds(each, token_of(key))]
    wrong = (
        "none",
        "None",
        "HS256",
        "RS256",
        "PS256",
        "ES384",
        "ES512",
        "Ed448",
        "ed25519",
        "es256",
        "",
        None,
        1,
        [],
        {},
    )
    assert not [alg for alg in wrong if holds(key, key.jws({"alg": alg}, claims))]
    assert not holds(key, key.jws({}, claims))


BAD_KEYS = {
    "a private key": {**KEYS["ES256"].jwk, "d": "A" * 43},
    "a shared key": {"kty": "oct", "k": "A" * 43},
    "RSA": {"kty": "RSA", "n": "A" * 43, "e": "AQAB"},
    "no kty": {"crv": "P-256", "x": "A" * 43, "y": "A" * 43},
    "another curve": {**KEYS["ES256"].jwk, "crv": "P-384"},
    "an unknown curve": {**KEYS["Ed25519"].jwk, "crv": "Ed448"},
    "X25519": {**KEYS["Ed25519"].jwk, "crv": "X25519"},
    "the other kind's curve": {**KEYS["Ed25519"].jwk, "crv": "P-256"},
    "off the curve": {**KEYS["ES256"].jwk, "y": KEYS["ES256"].jwk["x"]},
    "zero": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
    "no y": {name: value for name, value in KEYS["ES256"].jwk.items() if name != "y"},
    "x too short": {**KEYS["Ed25519"].jwk, "x": "AAAA"},
    "x too long": {**KEYS["Ed25519"].jwk, "x": "A" * 86},
    "x padded": {**KEYS["Ed25519"].jwk, "x": KEYS["Ed25519"].jwk["x"] + "="},
    "x with other letters": {**KEYS["Ed25519"].jwk, "x": "+" + KEYS["Ed25519"].jwk["x"][1:]},
    "x in letters that are none of base64's": {**KEYS["Ed25519"].jwk, "x": "é" * 43},
    "x that breaks off": {**KEYS["Ed25519"].jwk, "x": "A!"},
    "x is a number": {**KEYS["Ed25519"].jwk, "x": 7},
    "x is nothing": {**KEYS["Ed25519"].jwk, "x": None},
    "nothing": {},
    "for encrypting": {**KEYS["ES256"].jwk, "use": "enc"},
    "for encrypting, by its operations": {**KEYS["ES256"].jwk, "key_ops": ["encrypt"]},
    "operations that are no list": {**KEYS["ES256"].jwk, "key_ops": "verify"},
    "for another algorithm": {**KEYS["ES256"].jwk, "alg": "ES512"},
    "for the other kind's algorithm": {**KEYS["Ed25519"].jwk, "alg": "ES256"},
    "for an algorithm that is a list": {**KEYS["Ed25519"].jwk, "alg": ["EdDSA"]},
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_what_is_no_public_key_of_ours_is_refused(name: str) -> None:
    with pytest.raises(jws.WrongKey):
        jws.public_key(BAD_KEYS[name])


def test_a_key_may_say_what_it_is_for() -> None:
    said = {"use": "sig", "key_ops": ["sign", "verify"], "kid": "2026-1"}
    assert jws.public_key({**KEYS["ES256"].jwk, **said, "alg": "ES256"}).algorithms == {"ES256"}
    assert jws.public_key({**KEYS["Ed25519"].jwk, **said, "alg": "EdDSA"}).algorithms == {"Ed25519", "EdDSA"}


SMALL = [bytes(32), b"\1" + bytes(31), *(bytes([low]) + b"\xff" * 30 + b"\x7f" for low in (0xEC, 0xED, 0xEE))]
SMALL += [
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


@pytest.mark.parametrize("raw", [*SMALL, *(point[:-1] + bytes([point[-1] | 0x80]) for point in SMALL)], ids=bytes.hex)
def test_no_key_is_taken_that_verifies_what_nobody_signed(raw: bytes) -> None:
    """Points of small order: with the first of them the signature of zeros fits every text."""
    with pytest.raises(jws.WrongKey):
        jws.public_key({"kty": "OKP", "crv": "Ed25519", "x": jws.encode(raw)})
