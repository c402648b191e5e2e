"""Backup and restore: the database, the list of destroyed keys, and apart from them the keys. Of the embedded engine by
SQLite's own way of copying, of PostgreSQL by its own tools.

A backup is a folder with a `manifest.json` that says what belongs to it. Whoever has both the database and the keys can
read everything, so they never go into one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.audit.noting import Note, Notebook, NotNoted
from hub.retention.tombstones import FILE, TombstoneFile
from hub.store import backup, migrate

MANIFEST: Final = "manifest.json"
DATABASE: Final = "hub.sqlite3"
DUMP: Final = "hub.dump"
KEYS: Final = "*.key"


class BackupWrong(Exception):
    """A backup cannot be made or used. One sentence for the operator."""


def make(
    data_dir: Path, folder: Path, at: datetime, *, keys_to: Path | None = None, database_url: str | None = None
) -> dict[str, Any]:
    """Backs up beside a running hub; the manifest. `database_url` is None for the embedded engine. That it was made is
    noted for the log. Raises `BackupWrong`, `StoreUnavailable`, `OSError`."""
    if keys_to is not None and keys_to.resolve() == folder.resolve():
        raise BackupWrong("Keys and database do not go into one folder: whoever has both can read everything.")
    if database_url is None:
        backup.require(data_dir / DATABASE)
    _make_empty(folder)
    if keys_to is not None:
        _make_empty(keys_to)
    _note(data_dir, at, keys=keys_to is not None)
    log_size, kek_id = _copy_database(data_dir, folder, database_url)
    if (data_dir / FILE).exists():
        _copy_file(data_dir / FILE, folder / FILE)
    manifest = {
        "made": at.isoformat(),
        "version": metadata.version("samverkan"),
        "step": migrate.HEAD,
        "log_size": log_size,
        "master_key": kek_id,
        "files": {path.name: _digest(path) for path in sorted(folder.iterdir())},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    if keys_to is not None:
        _copy_all(data_dir.glob(KEYS), keys_to)
    return manifest


def _copy_database(data_dir: Path, folder: Path, database_url: str | None) -> tuple[int, str | None]:
    """How long the log in the copy is, and which master key wrapped its data keys."""
    if database_url is None:
        backup.copy(data_dir / DATABASE, folder / DATABASE)
        return backup.describe(folder / DATABASE)
    from hub.store import postgres_backup

    return postgres_backup.copy(database_url, folder / DUMP)


def _note(data_dir: Path, at: datetime, *, keys: bool) -> None:
    """Left before anything is copied: a backup of which the log would not know is none."""
    try:
        Notebook(data_dir).write(Note(AuditAction.BACKUP_MADE, {"keys": keys}), at)
    except NotNoted as fault:
        raise BackupWrong(str(fault)) from None


def restore(
    folder: Path, data_dir: Path, *, keys_from: Path | None = None, database_url: str | None = None
) -> dict[str, Any]:
    """Puts a backup into a data directory without a database, or into an empty one of PostgreSQL's; the manifest.

    What was erased after the backup was made is erased again at the next start, before anybody is answered, by the list
    of destroyed keys: that of the data directory where it still is, and that of the backup. Raises `BackupWrong`,
    `StoreUnavailable`, `OSError`."""
    manifest = _read_manifest(folder)
    name = DATABASE if database_url is None else DUMP
    if name not in manifest["files"]:
        raise BackupWrong(f"{folder} is a backup of the other engine: see the setting database_url.")
    if database_url is None and (data_dir / DATABASE).exists():
        raise BackupWrong(f"{data_dir} has a database: move it away first, or name an empty directory.")
    for file, digest in manifest["files"].items():
        if _digest(folder / file) != digest:
            raise BackupWrong(f"{folder / file} is not as it was when the backup was made: take another backup.")
    _check_target(folder, database_url)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    known, listed = TombstoneFile(data_dir / FILE).load(), TombstoneFile(folder / FILE).load()
    TombstoneFile(data_dir / FILE).append([each for name, each in listed.items() if name not in known])
    if keys_from is not None:
        _copy_all((path for path in keys_from.glob(KEYS) if not (data_dir / path.name).exists()), data_dir)
    # The database last: a data directory with one is a whole one.
    _put_database_back(folder, data_dir, database_url)
    return manifest


def _check_target(folder: Path, database_url: str | None) -> None:
    if database_url is None:
        backup.check(folder / DATABASE)
        return
    from hub.store import postgres_backup

    postgres_backup.require_empty(database_url)


def _put_database_back(folder: Path, data_dir: Path, database_url: str | None) -> None:
    if database_url is None:
        _copy_file(folder / DATABASE, data_dir / f".{DATABASE}")
        (data_dir / f".{DATABASE}").replace(data_dir / DATABASE)
        return
    from hub.store import postgres_backup

    postgres_backup.put_back(folder / DUMP, database_url)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BackupWrong(f"{folder} is no backup: it has no {MANIFEST}.") from None
    except ValueError:
        raise BackupWrong(f"{folder / MANIFEST} is damaged: take another backup.") from None
    if (
        not isinstance(manifest, dict)
        or set(manifest.get("files", ())) - {DATABASE, DUMP, FILE}
        or "step" not in manifest
    ):
        raise BackupWrong(f"{folder / MANIFEST} is damaged: take another backup.")
    missing = [name for name in manifest["files"] if not (folder / name).exists()]
    if missing or not {DATABASE, DUMP} & set(manifest["files"]):
        raise BackupWrong(f"{folder} is not whole: {', '.join(missing) or 'the database'} is missing.")
    return manifest


def _make_empty(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupWrong(f"{folder} is not empty: each backup has a folder of its own.")


def _copy_all(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        _copy_file(path, folder / path.name)


def _copy_file(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
