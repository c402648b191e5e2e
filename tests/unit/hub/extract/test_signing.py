"""The signature under an extract: what else the key may have signed is no extract."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from joserfc import jws

from hub.extract import signing
from hub.extract.signing import ALGORITHM, TYPE, DocumentKey, SignatureWrong

KEY = DocumentKey(b"3" * 32)
FILES = {"a.json": b"{}", "a.pdf": b"%PDF"}


def signed(typ: str | None, payload: Any = None, key: DocumentKey = KEY) -> str:
    """As `sign` does it, with another header or another content."""
    payload = payload or orjson.loads(jws.extract_compact(whole().encode()).payload)
    header = {"alg": ALGORITHM, "kid": KEY.key_id} | ({} if typ is None else {"typ": typ})
    return jws.serialize_compact(header, orjson.dumps(payload), key._key, algorithms=[ALGORITHM])


def whole() -> str:
    return KEY.sign(FILES, made_at="2026-03-02T12:00:00.000Z", extract="7")


def test_what_was_signed_holds() -> None:
    told = signing.check(whole(), FILES, KEY.public_jwk())
    assert (told["extract"], told["made_at"]) == ("7", "2026-03-02T12:00:00.000Z")
    assert signing.check(signed(TYPE), FILES, KEY.public_jwk()) == told


@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "", None])
def test_another_document_of_the_same_key_is_no_extract(typ: str | None) -> None:
    with pytest.raises(SignatureWrong, match="something else"):
        signing.check(signed(typ), FILES, KEY.public_jwk())


@pytest.mark.parametrize(
    "files",
    [{}, {"a.json": b"{}"}, {**FILES, "b.pdf": b""}, {"a.json": b"%PDF", "a.pdf": b"{}"}, {**FILES, "a.pdf": b"%PDF "}],
)
def test_other_files_are_not_those_that_were_signed(files: dict[str, bytes]) -> None:
    with pytest.raises(SignatureWrong, match="not the one"):
        signing.check(whole(), files, KEY.public_jwk())


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b", "..", "{}"])
def test_what_is_no_signature_is_told_so(text: str) -> None:
    with pytest.raises(SignatureWrong):
        signing.check(text, FILES, KEY.public_jwk())


def test_a_key_of_another_kind_fits_nothing() -> None:
    other = {"kty": "OKP", "crv": "Ed25519", "x": DocumentKey(b"4" * 32).public_jwk()["x"]}
    with pytest.raises(SignatureWrong, match="does not fit"):
        signing.check(whole(), FILES, other)
