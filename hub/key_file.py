"""Secrets that live in files of the data directory: made once, readable by the owner only, never replaced.

A file is one line of text, so that it can be kept in a secret store or printed for the safe: `samverkan-key-1
<secret, 64 hex digits> <check value, 16 hex digits>`. The check value is derived from the secret (RFC 5869),
so a digit lost on the way is found before anything is sealed with a wrong key.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32
_CHECK_BYTES = 8
_LINE = re.compile(rb"samverkan-key-1 ([0-9a-f]{64}) ([0-9a-f]{16})\n?")
# A rotation that was broken off leaves two.
_MOST_KEYS = 8
_LINE_BYTES = len("samverkan-key-1 ") + 2 * SECRET_BYTES + 1 + 2 * _CHECK_BYTES


class KeyLocked(Exception):
    """A key file is missing, open to others, or damaged. The text is one sentence for the operator."""


def load_or_create(path: Path, *, create: bool) -> bytes:
    """The secret in `path`; with `create`, a new one when there is no file yet. Raises `KeyLocked`."""
    try:
        if create and not path.exists():
            _create(path)
        return _load(path)
    except OSError as error:
        raise KeyLocked(f"The key file {path} cannot be used: {error.strerror}.") from None


def load_all(path: Path) -> list[bytes]:
    """Every secret in `path`, one per line. Raises `KeyLocked`."""
    try:
        return parse_all(path, _read(path))
    except OSError as error:
        raise KeyLocked(f"The key file {path} cannot be used: {error.strerror}.") from None


def parse_all(path: Path, content: bytes) -> list[bytes]:
    """The secrets of one or more lines; at least one. Raises `KeyLocked`."""
    return [_parse(path, line) for line in content.rstrip(b"\n").split(b"\n")]


def replace(path: Path, known: list[bytes]) -> None:
    """Writes these secrets in the place of what is in `path`, whole or not at all. Raises `OSError`."""
    draft = _write_draft(path, known)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    _sync_directory(path.parent)


def derive(secret: bytes, purpose: str, *, salt: bytes | None = None) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869); different purposes give independent keys."""
    info = f"samverkan/1/{purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)


def _create(path: Path) -> None:
    """Writes a new secret whole or not at all: a linked name appears only when the bytes are on disk."""
    draft = _write_draft(path, [secrets.token_bytes(SECRET_BYTES)])
    try:
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first; its key is the one that counts
    finally:
        draft.unlink()
    _sync_directory(path.parent)


def _write_draft(path: Path, known: list[bytes]) -> Path:
    """A file beside `path`, on disk when it returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    lines = [f"samverkan-key-1 {secret.hex()} {_check_value(secret).hex()}\n" for secret in known]
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write("".join(lines).encode())
        file.flush()
        os.fsync(file.fileno())
    return draft


def _load(path: Path) -> bytes:
    return _parse(path, _read(path))


def _read(path: Path) -> bytes:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise KeyLocked(
            f"The key file {path} is missing though data that needs it exists; restore it from its backup."
        ) from None
    with file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeyLocked(f"The key file {path} is open to others than its owner; run chmod 600 on it.")
        return file.read(_MOST_KEYS * (_LINE_BYTES + 1) + 1)


def _parse(path: Path, line: bytes) -> bytes:
    if len(line.rstrip(b"\n")) != _LINE_BYTES:
        raise KeyLocked(f"The key file {path} has the wrong length; restore it from its backup.")
    match = _LINE.fullmatch(line)
    if match is None:
        raise KeyLocked(f"The key file {path} is not a key of this program; restore it from its backup.")
    secret, check = (bytes.fromhex(group.decode()) for group in match.groups())
    if not hmac.compare_digest(_check_value(secret), check):
        raise KeyLocked(f"The key file {path} is damaged (check value); restore it from its backup.")
    return secret


def _check_value(secret: bytes) -> bytes:
    return derive(secret, "check")[:_CHECK_BYTES]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
