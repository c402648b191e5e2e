"""The public corpora, carried along whole: what those who look for faults in readers and verifiers have collected
(S1, S9, S10; `tests/vendor/README.md` says which and from where)."""

from __future__ import annotations

import base64
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import vault
from hub.identity import jws
from schemas import strict_json
from tests.architecture import project

VENDOR = project.ROOT / "tests" / "vendor"
# Taken by most readers, and by some with the first and by others with the last of the two: the hub takes neither.
AMBIGUOUS = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}


def vectors(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Group and test, of one file of Wycheproof."""
    with zipfile.ZipFile(VENDOR / "wycheproof" / "testvectors_v1.zip") as archive:
        document = json.loads(archive.read(f"{name}_test.json"))
    for group in document["testGroups"]:
        for test in group["tests"]:
            yield group, test


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# -- S1: JSON Web Signatures and the two signatures below them ---------------------------------------------------------


def holds(group: dict[str, Any], text: object) -> bool:
    """Whether a key of the group has signed it, whatever the signed text is: ours must be a JSON object besides."""
    given = group.get("public") or group["private"]
    for jwk in given.get("keys", [given]):
        try:
            header, payload, signature = str(text).split(".")
            signed = jws.Signed(jws.load_object(header), {}, f"{header}.{payload}".encode(), jws.decode(signature))
            jws.decode(payload)
            if jws.public_key(jwk).has_signed(signed):
                return True
        except (ValueError, jws.Malformed, jws.WrongKey):
            continue
    return False


@pytest.mark.parametrize(
    ("name", "invalid"), [("json_web_signature", 355), ("json_web_crypto", 77), ("json_web_key", 21)]
)
def test_no_invalid_signature_of_wycheproof_holds(name: str, invalid: int) -> None:
    bad = [(group, test) for group, test in vectors(name) if test["result"] == "invalid"]
    assert len(bad) == invalid
    assert [test["tcId"] for group, test in bad if holds(group, test.get("jws") or test.get("jwe"))] == []


def test_the_valid_ones_by_an_algorithm_of_ours_hold() -> None:
    """Else a verifier that takes nothing would pass."""
    found = [(group, test) for group, test in vectors("json_web_signature") if test["result"] == "valid"]
    ours = [(group, test) for group, test in found if (group.get("public") or {}).get("crv") == "P-256"]
    assert [holds(group, test["jws"]) for group, test in ours] == [True, True]


@pytest.mark.parametrize(("name", "known"), [("ecdsa_secp256r1_sha256_p1363", (173, 89)), ("ed25519", (88, 63))])
def test_the_signatures_are_those_of_their_standards(name: str, known: tuple[int, int]) -> None:
    wrong, counted = [], Counter[str]()
    for group, test in vectors(name):
        raw = bytes.fromhex(group["publicKey"].get("uncompressed") or group["publicKey"]["pk"])
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        if name.startswith("ecdsa"):
            jwk = {"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])}
        taken = jws.public_key(jwk).verify(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
        counted[test["result"]] += 1
        if taken != (test["result"] == "valid"):
            wrong.append(test["tcId"])
    assert (wrong, (counted["valid"], counted["invalid"])) == ([], known)


def test_what_is_sealed_opens_as_aes_gcm_says_and_not_otherwise() -> None:
    """Those of Wycheproof with keys and nonces as long as ours."""
    counted = Counter[str]()
    for group, test in vectors("aes_gcm"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        sealed = bytes.fromhex(test["iv"] + test["ct"] + test["tag"])
        cipher, aad = AESGCM(bytes.fromhex(test["key"])), bytes.fromhex(test["aad"])
        counted[test["result"]] += 1
        if test["result"] == "valid":
            assert vault.open_sealed(cipher, sealed, aad) == bytes.fromhex(test["msg"]), test["tcId"]
        else:
            with pytest.raises(vault.SealBroken):
                vault.open_sealed(cipher, sealed, aad)
    assert counted["valid"] > 30
    assert counted["invalid"] > 20


# -- S9: JSON ---------------------------------------------------------------------------------------------------------


def texts() -> dict[str, bytes]:
    with zipfile.ZipFile(VENDOR / "json_test_suite" / "test_parsing.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def is_taken(raw: bytes) -> bool:
    try:
        strict_json.loads(raw)
    except strict_json.NotJson:
        return False
    return True


def test_of_the_json_test_suite_nothing_is_taken_that_is_no_json() -> None:
    no_json = {name: raw for name, raw in texts().items() if name.startswith("n_")}
    assert len(no_json) == 188
    assert [name for name, raw in no_json.items() if is_taken(raw)] == []


def test_of_the_json_test_suite_all_is_taken_that_is_json_and_means_one_thing() -> None:
    is_json = {name: raw for name, raw in texts().items() if name.startswith("y_")}
    assert len(is_json) == 95
    assert {name for name, raw in is_json.items() if not is_taken(raw)} == AMBIGUOUS


def test_of_what_the_grammar_leaves_open_only_two_are_taken() -> None:
    """Numbers so small that they are nothing: they mean the same to every reader that keeps doubles."""
    left_open = {name: raw for name, raw in texts().items() if name.startswith("i_")}
    assert len(left_open) == 35
    assert sorted(name for name, raw in left_open.items() if is_taken(raw)) == [
        "i_number_double_huge_neg_exp.json",
        "i_number_real_underflow.json",
    ]


# -- S10: JSON Schema -------------------------------------------------------------------------------------------------


def test_the_validator_gives_the_verdict_of_the_official_suite_on_every_required_test() -> None:
    with zipfile.ZipFile(VENDOR / "json_schema_test_suite" / "draft2020-12.zip") as archive:
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}

    def retrieve(address: str) -> Any:
        return files[address.replace("http://localhost:1234/", "remotes/")]

    wrong, count = [], 0
    for name, groups in files.items():
        for group in groups if name.startswith("tests/") else ():
            validator = jsonschema_rs.Draft202012Validator(group["schema"], retriever=retrieve)
            for test in group["tests"]:
                count += 1
                if validator.is_valid(test["data"]) != test["valid"]:
                    wrong.append((name, group["description"], test["description"]))
    assert (wrong, count) == ([], 1299)
