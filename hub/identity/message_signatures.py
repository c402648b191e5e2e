"""Signatures of messages by their senders (RFC 9421), and of receipts by the hub.

A token shows who calls; a signature shows afterwards, to anybody, what was said. It covers method, address, digest of
the content (RFC 9530) and media type, and names its time, its end, a nonce, its key and what it is for. What the
library has verified is trusted and nothing else of the request.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ed25519
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from hub.identity import jws
from hub.store.parties import KeyKind, PartyKey

TAG: Final = "samverkan-message"
RECEIPT_TAG: Final = "samverkan-receipt"
COVERED: Final = ("@method", "@target-uri", "content-digest", "content-type")
RECEIPT_COVERED: Final = ("@status", "content-digest", "content-type", '"content-digest";req', '"signature";req')
LONGEST_LIFE: Final = timedelta(minutes=5)
AHEAD: Final = timedelta(seconds=10)
_NONCE: Final = re.compile(r"[\x21-\x7e]{16,255}")
_ALGORITHMS: Final[Mapping[str, Any]] = {"Ed25519": algorithms.ED25519, "P-256": algorithms.ECDSA_P256_SHA256}


class WrongSignature(Exception):
    """The request is not signed as it must be. The text says what is missing and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a signature can cover of a request. `url` is the address as callers know it."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """What a signature can cover of the answer, and of the request that it answers."""

    status_code: int
    headers: dict[str, str]
    request: Request


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verified signature with all that is needed to verify it again. The nonce counts once, until `ends_at`."""

    key_id: str
    nonce: str
    ends_at: datetime
    document: Mapping[str, Any]


def is_signed(headers: Mapping[str, str]) -> bool:
    return "Signature" in headers or "Signature-Input" in headers


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, keys: Collection[tuple[PartyKey, jws.PublicKey]]) -> None:
        self.keys = keys
        self.used: tuple[PartyKey, jws.PublicKey] | None = None

    def resolve_public_key(self, key_id: str) -> Any:
        """The only key of that name or thumbprint; None for one that is not there, which the library refuses."""
        found = [each for each in self.keys if key_id in (each[0].key_id, each[0].name)]
        self.used = found[0] if len(found) == 1 else None
        return self.used[1].key if self.used else None


class _Verifier(HTTPMessageVerifier):
    """The library's, by the hub's clock."""

    max_clock_skew = AHEAD

    def __init__(self, curve: str, keys: _Keys, at: datetime) -> None:
        super().__init__(signature_algorithm=_ALGORITHMS[curve], key_resolver=keys)
        self._at = at

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        created, expires = (_instant(sig_input.params.get(name), name) for name in ("created", "expires"))
        if created > self._at + AHEAD:
            raise HTTPMessageSignaturesException("created lies ahead")
        if expires <= self._at or expires <= created or expires - created > LONGEST_LIFE:
            raise HTTPMessageSignaturesException("expires is over, or more than five minutes after created")


def _instant(value: object, name: str) -> datetime:
    found = jws.instant(value)
    if found is None:
        raise HTTPMessageSignaturesException(f"{name} is missing")
    return found


def verify(request: Request, body: bytes, keys: Collection[PartyKey], at: datetime) -> Evidence:
    """The sender's signature, by one of its `keys` that count now. Raises `WrongSignature`."""
    counting = [
        (key, jws.public_key(key.jwk))
        for key in keys
        if key.kind is KeyKind.JWK and key.jwk is not None and key.counts_at(at)
    ]
    fault = "no key of the unit counts"
    for curve in _ALGORITHMS:
        resolver = _Keys([each for each in counting if each[1].jwk["crv"] == curve])
        if not resolver.keys:
            continue
        try:
            found = _Verifier(curve, resolver, at).verify(
                request, max_age=None, expect_tag=TAG, require_components=COVERED, body=body
            )
        except (HTTPMessageSignaturesException, ValueError, TypeError, KeyError) as error:
            fault = _told(error)
            continue
        if len(found) != 1 or resolver.used is None:
            raise WrongSignature(f"exactly one signature must have the tag {TAG}")
        return _evidence(request, found[0], resolver.used[1], resolver.used[0].key_id)
    raise WrongSignature(fault)


_FAULTS: Final = (
    "created", "expires", "keyid", "nonce", "tag", "digest", "label", "component", "algorithm", "key",
)  # fmt: skip


def _told(error: Exception) -> str:
    """Which part is at fault: the library's own words may repeat the request's."""
    text = str(error)
    return next((f"see {word}" for word in _FAULTS if word in text), "the signature does not hold")


def _evidence(request: Request, found: Any, key: jws.PublicKey, key_id: str) -> Evidence:
    nonce, expires = found.parameters.get("nonce"), jws.instant(found.parameters.get("expires"))
    if not isinstance(nonce, str) or _NONCE.fullmatch(nonce) is None or expires is None:
        raise WrongSignature("a nonce of 16 to 255 printable characters is needed")
    headers = ("Signature-Input", "Signature", "Content-Digest", "Content-Type")
    document = {
        "method": request.method,
        "target_uri": request.url,
        "headers": {name: request.headers[name] for name in headers},
        "label": found.label,
        "key": {**key.jwk, "kid": key_id},
    }
    return Evidence(key_id, nonce, expires + timedelta(seconds=1), document)


class ReceiptSigner:
    """Signs what the hub answers to signed messages, with a key of its own."""

    def __init__(self, key: ed25519.Ed25519PrivateKey, key_id: str) -> None:
        self._key_id = key_id
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Own(key))

    def sign(self, request: Request, status: int, content_type: str, body: bytes, at: datetime) -> dict[str, str]:
        """The headers that make the answer a signed receipt of this very request."""
        response = Response(status, {"Content-Type": content_type}, request)
        self._signer.sign(
            response,
            key_id=self._key_id,
            created=at.astimezone(UTC),
            tag=RECEIPT_TAG,
            label="hub",
            covered_component_ids=RECEIPT_COVERED,
            body=body,
        )
        return {name: value for name, value in response.headers.items() if name != "Content-Type"}


class _Own(HTTPSignatureKeyResolver):
    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Any:
        return self._key
