"""`samverkan party key`, against a running hub, with keys as openssl writes them."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from tests.support.agency import Key

PEM = serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def written(tmp_path, content, name="key.pem"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def listed(ask, unit):
    return json.loads(ask("party", "key", "list", unit, "--json").stdout)["items"]


@pytest.mark.parametrize("key", [Key(), Key.on_p256()], ids=lambda key: key.algorithm)
def test_a_key_from_a_file_is_listed_until_it_is_revoked(ask, tmp_path, key):
    pem = written(tmp_path, key.private.public_key().public_bytes(PEM, SPKI))
    added = json.loads(ask("party", "key", "add", "jt-sydost", pem, "--name", "2026-1", "--json").stdout)
    assert (added["key"], added["jwk"], added["counts"]) == (key.thumbprint, key.jwk, True)
    assert added in listed(ask, "jt-sydost")
    assert key.thumbprint in ask("party", "key", "list").stdout
    assert ask("party", "key", "revoke", "jt-sydost", key.thumbprint).exit_code == 0
    assert [each["counts"] for each in listed(ask, "jt-sydost") if each["key"] == key.thumbprint] == [False]
    assert ask("party", "key", "revoke", "jt-sydost", key.thumbprint).exit_code == 1


def test_rotating_gives_the_old_keys_an_end(ask, tmp_path):
    old, new = Key(), Key()
    ask("party", "key", "add", "jt-innerstaden", written(tmp_path, old.jwk, "old.json"))
    ask("party", "key", "rotate", "jt-innerstaden", written(tmp_path, new.jwk, "new.json"), "--overlap-days", "1")
    ends = {each["key"]: each["ends"] for each in listed(ask, "jt-innerstaden")}
    assert ends[old.thumbprint] is not None
    assert ends[new.thumbprint] is None


@pytest.mark.parametrize(
    "content",
    [
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        {**Key().jwk, "d": "secret"},
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(PEM, SPKI),
        b"-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----\n",
        b"rubbish",
        [1],
    ],
    ids=["a private key", "a private JWK", "RSA", "a broken PEM", "no JSON", "a list"],
)
def test_what_is_no_public_key_never_leaves_the_machine(ask, tmp_path, content):
    result = ask("party", "key", "add", "jt-sydost", written(tmp_path, content))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "secret" not in result.stderr


def test_an_unknown_unit_has_no_keys(ask, tmp_path):
    result = ask("party", "key", "add", "nowhere", written(tmp_path, Key().jwk))
    assert result.exit_code == 1
    assert "NOT_FOUND" in result.stderr
