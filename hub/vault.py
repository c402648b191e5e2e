"""Encryption at rest: one data key per lane, wrapped by a key that never enters the database.

AES-256-GCM with random 96-bit nonces (NIST SP 800-38D 8.2.2): at most 2^32 seals under one key, which no lane
and no number of lanes comes near. Keys come from one master secret by HKDF-SHA256 (RFC 5869). Destroying a
wrapped data key destroys every body and every audit commitment of its lane; nobody who later steals the
master secret gets them back.

Weakness: AES-GCM does not commit to its key. Unwrapped keys live in this process's memory until any key is destroyed,
by whatever process; a look-up that is under way at that moment may keep one until the next time.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import key_file
from hub.master_key import KeyFile, MasterKey
from hub.store import records

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
INDEX_LANE: Final = "hub:index"
_INDEX_PURPOSES: Final = ("person-index", "fingerprint", "commitment")
_KEYS_KEPT: Final = 32_768
_CANONICAL_NUMBER: Final = re.compile(r"[0-9]{12}")


class VaultLocked(Exception):
    """The hub has no key, or not the right one. The text is one sentence for the operator."""


class SealBroken(Exception):
    """What was sealed has been altered, moved to another row, or belongs to another key."""


class SealingKey:
    """The data key of one lane. Safe to share between threads."""

    def __init__(self, data_key: bytes, commitment_base: hmac.HMAC) -> None:
        self._data_key = data_key
        self._commitment_base = commitment_base
        self._commitment: hmac.HMAC | None = None
        self._cipher = AESGCM(data_key)

    def seal(self, plaintext: bytes, *, aad: bytes) -> bytes:
        """Nonce, ciphertext and tag in one piece; `aad` must be given again to open it."""
        return seal_with(self._cipher, plaintext, aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """The plaintext. Raises `SealBroken` when one bit of `sealed` or `aad` differs."""
        return open_sealed(self._cipher, sealed, aad)

    def commit(self, data: bytes) -> str:
        """A keyed commitment of 128 bits in hex (HMAC-SHA256), for the audit log.

        It tells nothing without the lane's data key, and nothing at all after that has been destroyed."""
        if self._commitment is None:  # two threads at once make the same
            self._commitment = self._derive_commitment()
        commitment = self._commitment.copy()
        commitment.update(data)
        return commitment.digest()[:16].hex()

    def _derive_commitment(self) -> hmac.HMAC:
        # The data key is 32 random bytes, so the extract step alone (RFC 5869 2.2) gives an independent key.
        extracted = self._commitment_base.copy()
        extracted.update(self._data_key)
        return _keyed(extracted.digest())


class Vault:
    """The keys of this hub. Made by `open`; safe to share between threads."""

    def __init__(self, secret: bytes, *older: bytes, source: MasterKey | None = None) -> None:
        self._source = source
        self._take([secret, *older])
        self._use_index(b"".join([key_file.derive(secret, purpose) for purpose in _INDEX_PURPOSES]))
        self._unwrapped: OrderedDict[str, tuple[bytes, SealingKey]] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def of(cls, source: MasterKey) -> Vault:
        """With the key that the source gives. Raises `VaultLocked`."""
        return cls(*_load(source), source=source)

    @classmethod
    def open(cls, path: Path, *, create: bool, kek_id: str | None = None) -> Vault:
        """Reads the key file, or makes it when `create` and there is none.

        `create` is for the first start only: with a database there, a missing key must stop the hub. `kek_id`
        is what stored data keys were wrapped with, when known. Raises `VaultLocked`."""
        vault = cls.of(KeyFile(path, create=create))
        if kek_id is not None and kek_id not in vault.kek_ids:
            raise VaultLocked(f"The key file {path} belongs to another database; restore the one made with it.")
        return vault

    @property
    def kek_ids(self) -> frozenset[str]:
        """The master keys whose wrapping can be opened."""
        return frozenset(self._wrappers)

    def _take(self, known: Sequence[bytes]) -> None:
        keys = [key_file.derive(secret, "key-encryption") for secret in known]
        names = [hashlib.sha256(b"samverkan/1/kek-id\0" + key).hexdigest()[:16] for key in keys]
        self._wrappers = {name: AESGCM(key) for name, key in zip(names, keys, strict=True)}
        self.kek_id = names[0]

    def reload(self) -> None:
        """Asks the source again. Raises `VaultLocked`; then everything stays as it was."""
        if self._source is not None:
            self._take(_load(self._source))

    def keep_up(self) -> None:
        """Asks the source again where it has something new: another process may rotate, and nothing new may be wrapped
        by the key that goes. Once before a group makes data keys. Raises as `reload`."""
        if self._source is not None and self._source.has_changed():
            self.reload()

    def check(self, kek_id: str | None) -> None:
        """Raises `VaultLocked` when the source gives no key any more, so that the next start would fail, or when what
        is stored is wrapped by a key (`kek_id`) that this hub does not have."""
        if kek_id not in (None, *self._wrappers):
            self.reload()
        if kek_id not in (None, *self._wrappers):
            raise VaultLocked(f"The database needs the master key {kek_id}; this hub has {self.kek_id}.")
        if self._source is not None:
            try:
                self._source.check()
            except key_file.KeyLocked as error:
                raise VaultLocked(*error.args) from None

    def index_row(self) -> records.DataKey:
        """The keys of indexes and commitments, wrapped like a data key: they outlive the master key they came from,
        since nothing that they made can be made again."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._wrappers[self.kek_id].encrypt(nonce, self._index, _key_aad(INDEX_LANE))
        return records.DataKey(INDEX_LANE, nonce + sealed, self.kek_id)

    def adopt_index(self, row: records.DataKey | None) -> None:
        """Uses the stored keys of indexes and commitments, if there are any: after a rotation."""
        if row is not None:
            self._use_index(self._open_row(row))

    def _use_index(self, index: bytes) -> None:
        self._index = index
        person, fingerprint, commitment = (index[at : at + 32] for at in range(0, 96, 32))
        self._person_index, self._fingerprint = _keyed(person), _keyed(fingerprint)
        self._commitment_base = _keyed(commitment)

    def rewrap(self, row: records.DataKey) -> records.DataKey:
        """The same data key, wrapped by the master key that counts now. Raises as `unwrap`."""
        plain, nonce = self._open_row(row), os.urandom(NONCE_BYTES)
        wrapped = nonce + self._wrappers[self.kek_id].encrypt(nonce, plain, _key_aad(row.lane_id))
        return records.DataKey(row.lane_id, wrapped, self.kek_id)

    def _open_row(self, row: records.DataKey) -> bytes:
        if row.kek_id not in self._wrappers:
            self.reload()  # another process may have changed the key
        if row.kek_id not in self._wrappers:
            raise VaultLocked(f"The database needs the master key {row.kek_id}; this hub has {self.kek_id}.")
        return open_sealed(self._wrappers[row.kek_id], row.wrapped, _key_aad(row.lane_id))

    def new_data_key(self, lane_id: str) -> tuple[records.DataKey, SealingKey]:
        """A fresh key for a lane: the wrapped row to store, and the key itself."""
        data_key = AESGCM.generate_key(bit_length=256)
        nonce = os.urandom(NONCE_BYTES)
        wrapped = nonce + self._wrappers[self.kek_id].encrypt(nonce, data_key, _key_aad(lane_id))
        key = SealingKey(data_key, self._commitment_base)
        self._remember(lane_id, wrapped, key)
        return records.DataKey(lane_id=lane_id, wrapped=wrapped, kek_id=self.kek_id), key

    def unwrap(self, row: records.DataKey) -> SealingKey:
        """The key of a stored row. Raises `VaultLocked` when another master key wrapped it, `SealBroken` when
        the row has been altered or belongs to another lane."""
        with self._lock:
            known = self._unwrapped.get(row.lane_id)
            # The wrapped bytes are compared, so that a swapped or re-made row never gets the cached key of
            # its lane.
            if known is not None and known[0] == row.wrapped:
                self._unwrapped.move_to_end(row.lane_id)
                return known[1]
        key = SealingKey(self._open_row(row), self._commitment_base)
        self._remember(row.lane_id, row.wrapped, key)
        return key

    def tombstone(self, row: records.DataKey) -> str:
        """What is kept of a data key that is destroyed: nobody learns anything from it, and whoever still has the key,
        in a backup, finds that it should be gone."""
        return self.unwrap(row).commit(b"tombstone")

    def forget(self, lane_id: str) -> None:
        """Drops an unwrapped key from memory; call it when the stored row is destroyed."""
        with self._lock:
            self._unwrapped.pop(lane_id, None)

    def forget_all(self) -> None:
        """Drops every unwrapped key, when some row has been destroyed: those that stand are soon unwrapped again."""
        with self._lock:
            self._unwrapped.clear()

    def remembers(self, lane_id: str) -> bool:
        """Whether the lane's unwrapped key lies in memory."""
        with self._lock:
            return lane_id in self._unwrapped

    def person_key(self, canonical_number: str) -> str:
        """The keyed hash by which cases and consents find a person: HMAC-SHA256, 128 bits, hex.

        A plain hash would not do: there are few enough numbers to try them all. Raises `ValueError` (without
        the number) when it is not in its 12-digit form, since two forms would be two persons."""
        if _CANONICAL_NUMBER.fullmatch(canonical_number) is None:
            raise ValueError("a person key is made from the canonical 12-digit number only")
        index = self._person_index.copy()
        index.update(canonical_number.encode())
        return index.digest()[:16].hex()

    def fingerprint(self, said: bytes) -> bytes:
        """A keyed fingerprint of 128 bits: equal for equal events, and no help to who guesses at their
        content."""
        fingerprint = self._fingerprint.copy()
        fingerprint.update(said)
        return fingerprint.digest()[:16]

    def _remember(self, lane_id: str, wrapped: bytes, key: SealingKey) -> None:
        with self._lock:
            self._unwrapped[lane_id] = (wrapped, key)
            self._unwrapped.move_to_end(lane_id)
            if len(self._unwrapped) > _KEYS_KEPT:
                self._unwrapped.popitem(last=False)


def body_aad(lane_id: str, source: str, message_id: str, type: str, version: str) -> bytes:
    """What binds a sealed body to its row: moved to another message, case or schema version it no longer
    opens."""
    return encode("body", lane_id, source, message_id, type, version)


def _load(source: MasterKey) -> list[bytes]:
    try:
        return source.load()
    except key_file.KeyLocked as error:
        raise VaultLocked(*error.args) from None


def evidence_aad(lane_id: str, source: str, message_id: str) -> bytes:
    """What binds a sealed signature to its message."""
    return encode("evidence", lane_id, source, message_id)


def _keyed(key: bytes) -> hmac.HMAC:
    """HMAC-SHA256 with its key taken in, to be copied for each use: a third of the time of starting anew."""
    return hmac.new(key, digestmod="sha256")


def _key_aad(lane_id: str) -> bytes:
    return encode("data-key", lane_id)


def encode(*parts: str) -> bytes:
    """What a seal is bound to. Each part behind its length, so that no two lists of parts have the same encoding."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, parts)])


def seal_with(cipher: AESGCM, plaintext: bytes, aad: bytes) -> bytes:
    """Nonce, ciphertext and tag in one piece."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def open_sealed(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext. Raises `SealBroken`."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise SealBroken("what was sealed is too short")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag:
        raise SealBroken("what was sealed has been altered or moved") from None
