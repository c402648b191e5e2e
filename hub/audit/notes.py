"""Signed notes (C2SP signed-note v1.0.0) and cosignatures (tlog-cosignature v1.0.1), with Ed25519. Pure.

A note is text and, behind an empty line, signatures: `\u2014 name base64(key id, signature)`. Signatures of keys that
one does not know are passed over; one of a known key that does not fit makes the whole note worthless.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_DASH: Final = "\u2014 "
_STEERING: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_ID_BYTES, _TIME_BYTES, _SIGNATURE_BYTES, _KEY_BYTES = 4, 8, 64, 32
_MOST_SIGNATURES: Final = 100
_LARGEST_NOTE: Final = 100_000


class NoteWrong(Exception):
    """It is no signed note, or no signature that one can rely on."""


class Kind(IntEnum):
    """What a key signs: the note itself, or the note with the time at which it was seen."""

    ED25519 = 1
    COSIGNATURE = 4


def is_name(text: str) -> bool:
    """Whether a key may be called so."""
    return bool(text) and "+" not in text and text.isprintable() and not any(char.isspace() for char in text)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name, from a `vkey`."""

    name: str
    kind: Kind
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """`name+0badcafe+base64`. Raises `NoteWrong`."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if not is_name(name) or len(raw) != 1 + _KEY_BYTES or raw[0] not in set(Kind):
            raise NoteWrong("it is no vkey of an Ed25519 key")
        verifier = cls(name, Kind(raw[0]), raw[1:])
        if verifier.key_id.hex() != key_id:
            raise NoteWrong("the vkey's id and its key do not belong together")
        return verifier

    @property
    def key_id(self) -> bytes:
        said = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(said).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """The time in the signature, if its kind has one. Raises `NoteWrong`."""
        at = None
        said = text.encode()
        if self.kind is Kind.COSIGNATURE:
            at, signature = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
            said = _cosigned(text, at)
        if len(signature) != _SIGNATURE_BYTES:
            raise NoteWrong(f"the signature of {self.name} has another length")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, said)
        except InvalidSignature:
            raise NoteWrong(f"the signature of {self.name} does not fit") from None
        return at


class Signer:
    """A private key with its name."""

    def __init__(self, name: str, kind: Kind, secret: bytes) -> None:
        if not is_name(name):
            raise NoteWrong("a key's name has no spaces and no plus sign")
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self.verifier = Verifier(name, kind, self._private.public_key().public_bytes_raw())

    def sign(self, text: str, at: int = 0) -> str:
        """The signature line for a note's text. `at` is the second (POSIX) that a cosignature tells."""
        if self.verifier.kind is Kind.COSIGNATURE:
            signature = at.to_bytes(_TIME_BYTES, "big") + self._private.sign(_cosigned(text, at))
        else:
            signature = self._private.sign(text.encode())
        encoded = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{_DASH}{self.verifier.name} {encoded}\n"


def join(text: str, lines: Sequence[str]) -> str:
    """A note from its text, which ends in a newline, and its signature lines."""
    return text + "\n" + "".join(lines)


@dataclass(frozen=True, slots=True)
class Seen:
    """One signature that holds. `at` is a cosignature's second."""

    verifier: Verifier
    at: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note that somebody known has signed. `lines` are all its signatures, also of strangers."""

    text: str
    lines: tuple[str, ...]
    seen: tuple[Seen, ...]


def open_note(note: bytes | str, verifiers: Collection[Verifier]) -> Note:
    """The note, with those of `verifiers` who have signed it. Raises `NoteWrong` where none has, or one wrongly."""
    text, lines = split(note)
    seen: dict[Verifier, Seen] = {}
    for name, key_id, signature in map(_parse, lines):
        for verifier in verifiers:
            if (verifier.name, verifier.key_id) == (name, key_id) and verifier not in seen:
                seen[verifier] = Seen(verifier, verifier.verify(text, signature))
    if not seen:
        raise NoteWrong("no key that is known here has signed it")
    return Note(text, lines, tuple(seen.values()))


def split(note: bytes | str) -> tuple[str, tuple[str, ...]]:
    """Text and signature lines. Raises `NoteWrong`."""
    try:
        whole = note.decode() if isinstance(note, bytes) else note
    except UnicodeDecodeError:
        raise NoteWrong("it is no UTF-8") from None
    at = whole.rfind("\n\n")
    if at < 0 or not whole.endswith("\n") or len(whole) > _LARGEST_NOTE or _STEERING.search(whole):
        raise NoteWrong("it is no signed note")
    lines = tuple(f"{line}\n" for line in whole[at + 2 : -1].split("\n"))
    if not 1 <= len(lines) <= _MOST_SIGNATURES:
        raise NoteWrong("it has no signature, or too many")
    for line in lines:
        _parse(line)
    return whole[: at + 1], lines


def _parse(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of one line. Raises `NoteWrong`."""
    name, _, encoded = line.removeprefix(_DASH).removesuffix("\n").partition(" ")
    raw = _decode(encoded)
    if not line.startswith(_DASH) or not is_name(name) or len(raw) <= _ID_BYTES:
        raise NoteWrong("a line of it is no signature")
    return name, raw[:_ID_BYTES], raw[_ID_BYTES:]


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteWrong("it holds what is no base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteWrong("it holds what is no base64")  # spare bits that mean nothing could differ unseen
    return raw
