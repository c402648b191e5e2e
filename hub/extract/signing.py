"""The signature under an extract: a JWS (RFC 7515, Ed25519 by RFC 9864) over the digests of its files.

The key is made of the log key's secret and serves nothing else. Whoever has the files, the signature and the hub's
public key (`samverkan audit key --json`) can check them, without the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM: Final = "Ed25519"
TYPE: Final = "samverkan-extract+jws"


class SignatureWrong(Exception):
    """The files are not those that were signed, or not by this key."""


class DocumentKey:
    """Signs documents."""

    def __init__(self, secret: bytes) -> None:
        self._key: Final = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(secret))
        self.key_id: Final = self._key.thumbprint()

    def public_jwk(self) -> dict[str, Any]:
        return {**self._key.as_dict(private=False), "kid": self.key_id, "alg": ALGORITHM, "use": "sig"}

    def sign(self, files: Mapping[str, bytes], *, made_at: str, extract: str) -> str:
        """A compact JWS that names each file with its SHA-256."""
        payload = {"extract": extract, "made_at": made_at, "files": _digests(files)}
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self.key_id}
        return jws.serialize_compact(header, orjson.dumps(payload), self._key, algorithms=[ALGORITHM])


def check(signature: str, files: Mapping[str, bytes], public_jwk: Mapping[str, Any]) -> dict[str, Any]:
    """What was signed: when, and as which extract. Raises `SignatureWrong`."""
    try:
        signed = jws.deserialize_compact(signature, OKPKey.import_key(dict(public_jwk)), algorithms=[ALGORITHM])
        told: dict[str, Any] = orjson.loads(signed.payload)
    except (JoseError, ValueError):
        raise SignatureWrong("The signature does not fit this key.") from None
    if signed.headers().get("typ") != TYPE:
        raise SignatureWrong("It is the signature of something else.")
    if told["files"] != _digests(files):
        raise SignatureWrong("A file is not the one that was signed.")
    return told


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: digest(content) for name, content in sorted(files.items())}
